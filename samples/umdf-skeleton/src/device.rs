//! The device callback object: what the framework tells the driver of its hardware, its power, and who has it open.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use umdf_callback::callback::{FileCleanup, PnpCallback, PnpHardware};
use umdf_callback::{Device, File, PowerState, Result, device_callback};

/// What the driver knows of one device. The device's callback object and its queue's share it; Plug and Play callbacks may run
/// beside those of the queue, so what changes is atomic or behind a lock.
#[derive(Debug, Default)]
pub(crate) struct Context {
    /// The longest packet in bytes, which the hardware is asked for.
    max_packet: AtomicU32,
    /// The hardware's memory.
    packet: Mutex<Vec<u8>>,
}

impl Context {
    /// The longest packet, in bytes; 0 where there is no hardware.
    pub(crate) fn max_packet(&self) -> u32 {
        self.max_packet.load(Ordering::Relaxed)
    }

    /// The hardware's memory.
    pub(crate) fn packet(&self) -> MutexGuard<'_, Vec<u8>> {
        self.packet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The device callback object.
pub(crate) struct MyDevice {
    context: Arc<Context>,
}

impl MyDevice {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        MyDevice { context }
    }
}

impl PnpHardware for MyDevice {
    fn on_prepare_hardware(&self, _device: &Device) -> Result<()> {
        // Here a driver opens its hardware and asks what it is like.
        self.context.max_packet.store(512, Ordering::Relaxed);
        Ok(())
    }

    fn on_release_hardware(&self, _device: &Device) -> Result<()> {
        self.context.max_packet.store(0, Ordering::Relaxed);
        Ok(())
    }
}

impl PnpCallback for MyDevice {
    fn on_d0_entry(&self, _device: &Device, _previous: PowerState) -> Result<()> {
        // Here a driver gives the hardware back what it has forgotten without power. The queue delivers nothing before.
        self.context.packet().clear();
        Ok(())
    }
}

impl FileCleanup for MyDevice {
    fn on_cleanup_file(&self, _file: &File) {
        // The next program is not to read what this one has written.
        self.context.packet().clear();
    }
}

device_callback!(MyDevice); // IPnpCallback, IPnpCallbackHardware, IFileCallbackCleanup
