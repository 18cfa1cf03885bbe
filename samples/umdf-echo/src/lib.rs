//! A UMDF 1 driver for a device that gives back what was written to it, when its timer says so.
//!
//! | what it shows | where |
//! |---|---|
//! | a driver and a device that share a context with their queues; self-managed I/O that starts and stops a timer | `lib.rs` |
//! | a sequential queue whose requests wait, marked cancelable, until the timer completes them; what becomes of them when the device sleeps or goes | [`transfers`] |
//! | a manual queue to which control requests are forwarded until there is something to tell | [`waits`] |
//! | a timer, which UMDF 1 has no object for | [`timer`] |
//!
//! A write replaces what the device holds; a read gets it. Both end at the timer's next tick. `IOCTL_ECHO_WAIT` ends with the next
//! write; `IOCTL_ECHO_LENGTH` says how many bytes the device holds.

#![forbid(unsafe_op_in_unsafe_fn)]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use umdf_callback::callback::SelfManagedIo;
use umdf_callback::request::RequestKind;
use umdf_callback::{
    AddedDevice, Device, DeviceInit, Dispatch, Driver, GUID, QueueConfig, Result, device_callback,
    driver,
};

use crate::store::Store;
use crate::timer::Timer;
use crate::transfers::{Pending, Transfers};
use crate::waits::{Controls, Waits};

pub mod store;
pub mod timer;
pub mod transfers;
pub mod waits;

/// The driver's class, which the INF names in `DriverCLSID`.
pub const CLSID: GUID = GUID::from_u128(0x9c1e_2f0a_3b7d_4c58_a6e4_5d0f_b18c_7e23);

/// The device interface by which programs find the device.
pub const INTERFACE: GUID = GUID::from_u128(0x4e77_d0b2_61a9_4f3c_8d15_c2a9_0e6b_93f4);

/// Ends with the next write: `CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)`.
pub const IOCTL_ECHO_WAIT: u32 = 0x22_2000;

/// Its output is how many bytes the device holds, as a little-endian `u32`: function 0x801, likewise.
pub const IOCTL_ECHO_LENGTH: u32 = 0x22_2004;

/// How long a transfer takes.
pub const PERIOD: Duration = Duration::from_millis(5);

/// Locks; a thread that has panicked ends the process, so there is nothing to mend.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The device callback object: its timer, and what the timer completes.
struct Echo {
    pending: Arc<Pending>,
    timer: Mutex<Option<Timer>>,
}

impl Echo {
    fn start(&self) -> Result<()> {
        let pending = self.pending.clone();
        *lock(&self.timer) = Some(Timer::start(PERIOD, move || pending.tick())?);
        Ok(())
    }

    fn stop(&self) {
        // Taken out first: the timer's last tick is waited for without the lock.
        let timer = lock(&self.timer).take();
        drop(timer);
    }
}

/// The timer runs while the device works.
impl SelfManagedIo for Echo {
    fn on_init(&self, device: &Device) -> Result<()> {
        device.create_interface(&INTERFACE, None)?;
        self.start()
    }

    fn on_suspend(&self, _device: &Device) -> Result<()> {
        self.stop();
        Ok(())
    }

    fn on_restart(&self, _device: &Device) -> Result<()> {
        self.start()
    }

    fn on_cleanup(&self, _device: &Device) {
        self.stop();
    }
}

device_callback!(Echo);

#[derive(Default)]
struct EchoDriver;

impl Driver for EchoDriver {
    fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
        let store = Arc::<Store>::default();
        let pending = Arc::<Pending>::default();
        let echo = Echo {
            pending: pending.clone(),
            timer: Mutex::default(),
        };
        let device = init.create_device(echo)?;

        let waits =
            device.create_manual_queue(QueueConfig::secondary().power_managed(false), Waits)?;
        let transfers = Transfers::new(store.clone(), pending, waits.clone());
        device.create_queue(
            QueueConfig::default_queue(),
            Dispatch::Sequential,
            transfers,
        )?;

        let controls = device.create_queue(
            QueueConfig::secondary().power_managed(false),
            Dispatch::Parallel,
            Controls::new(store, waits),
        )?;
        device
            .device()
            .dispatch(RequestKind::DeviceIoControl, &controls)?;
        Ok(device.into())
    }
}

driver!(EchoDriver, CLSID);
