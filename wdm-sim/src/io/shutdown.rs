//! Telling drivers that the system shuts down.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioregistershutdownnotification>,
//! <https://learn.microsoft.com/windows-hardware/drivers/ifs/irp-mj-shutdown>.

use wdm_sys::PDEVICE_OBJECT;

use super::Manager;
use super::device::DO_SHUTDOWN_REGISTERED;
use super::packet::Buffers;
use super::request::{self, For, flags, major};
use super::transfer::{Parameters, Prepared, Transfer};
use crate::machine::{Kernel, Machine, Mode, Thread};
use crate::status::Status;

impl Manager {
    /// Has a device told of a shutdown; says whether there is one.
    pub(crate) fn register_shutdown(&self, object: PDEVICE_OBJECT) -> bool {
        let mut state = self.lock();
        let Some(device) = state.devices.get(&object.addr()) else {
            return false;
        };
        device.memory.change_flags(DO_SHUTDOWN_REGISTERED, 0);
        state.shutdown.push(object.addr());
        true
    }

    /// Takes that back; says whether there is such a device.
    pub(crate) fn unregister_shutdown(&self, object: PDEVICE_OBJECT) -> bool {
        let mut state = self.lock();
        state.shutdown.retain(|&it| it != object.addr());
        let Some(device) = state.devices.get(&object.addr()) else {
            return false;
        };
        device.memory.change_flags(0, DO_SHUTDOWN_REGISTERED);
        true
    }
}

impl Kernel {
    /// Sends `IRP_MJ_SHUTDOWN` to each device that is registered for it, the latest first.
    fn shut_down(&self, thread: &Thread) {
        let registered = self.io.lock().shutdown.clone();
        for address in registered.into_iter().rev() {
            let device = self.io.device(std::ptr::without_provenance_mut(address));
            let Some(device) = device else {
                continue;
            };
            let top = self.io.top_of(&device);
            let maker = For {
                mode: Mode::Kernel,
                file: None,
                object: None,
            };
            let prepared = Prepared {
                major: major::SHUTDOWN,
                flags: flags::SYNCHRONOUS_API,
                parameters: Parameters::None,
                buffers: Buffers::default(),
                transfer: Transfer::default(),
            };
            // The system goes down whatever drivers answer.
            let _: Result<Status, Status> = request::make(thread, &top, maker, prepared)
                .map(|packet| request::send_and_wait(thread, &packet, &top));
        }
    }
}

impl Machine {
    /// Tells the drivers that the system shuts down: those that have called
    /// `IoRegisterShutdownNotification` get `IRP_MJ_SHUTDOWN`, the latest first. The machine goes on.
    pub fn shut_down(&self) {
        let guard = self.enter_system();
        self.kernel.shut_down(guard.thread());
    }
}
