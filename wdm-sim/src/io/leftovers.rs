//! What a driver that is gone left in the I/O manager.

use crate::machine::{DriverId, Kernel, current};
use crate::status::Status;
use crate::verifier::Rule;

use super::irp::major_name;

/// `STATUS_CANCELLED`.
const CANCELLED: Status = Status(0xC000_0120_u32 as i32);

impl Kernel {
    /// Refuses to open a driver's devices from now on; says whether none is open, without which it
    /// does not. Requests that are pending for files that are closed keep those open.
    pub(crate) fn begin_unload(&self, driver: DriverId) -> bool {
        self.io.orphans.reap(self, driver);
        if self.io.forbid_opening(driver) {
            return true;
        }
        let left = self.io.left_pending(driver);
        for name in &left {
            let detail = format!(
                "an {name} request is pending though its file is closed; complete or cancel a file's \
                 requests in IRP_MJ_CLEANUP"
            );
            self.finding(driver, Rule::IrpLeft, "DriverUnload", detail);
        }
        self.io.orphans.reap(self, driver);
        self.io.forbid_opening(driver)
    }

    /// Reports the requests that a driver has, or made, though it is gone. Those of others go on
    /// without it.
    pub(crate) fn report_requests(&self, driver: DriverId, call: &'static str) {
        let thread = current(call);
        for packet in self.io.in_flight() {
            let (holds, routines) = {
                let mut state = packet.lock();
                state.abandoned |= packet.owner.driver == driver;
                let levels = state.levels.iter().enumerate();
                let holds = packet.current().checked_sub(1);
                let holds = holds.and_then(|at| state.levels.get(at));
                let holds = holds.is_some_and(|it| it.is_held() && it.holder.driver == driver);
                let sent = levels.filter(|(_, it)| it.is_held() && it.sender.driver == driver);
                let sent: Vec<_> = sent.map(|(at, _)| at + 1).collect();
                (holds, sent)
            };
            let name = major_name(packet.major(packet.current().clamp(1, packet.count())));
            for &at in &routines {
                packet.remove_routine(at);
            }
            if !routines.is_empty() && !holds {
                let detail = format!(
                    "an {name} request that the driver has passed on or made is with another driver, \
                     which would call its completion routine; wait for it"
                );
                self.finding(driver, Rule::IrpLeft, call, detail);
            }
            if holds {
                // One that has ended for its maker was reported then.
                if packet.outcome().is_none() {
                    let detail = format!("an {name} request is still pending; complete it");
                    self.finding(driver, Rule::IrpLeft, call, detail);
                }
                packet.exchange_cancel_routine(0);
                packet.set_io_status(CANCELLED, 0);
                packet.walk(&thread);
            }
        }
        let made = self.io.take_all_of(driver);
        if !made.is_empty() {
            let detail = format!("{} requests were not freed; call IoFreeIrp", made.len());
            self.finding(driver, Rule::IrpFree, call, detail);
        }
        let lists = self.io.take_lists_of(driver);
        if lists > 0 {
            let detail = format!("{lists} memory descriptor lists were not freed; call IoFreeMdl");
            self.finding(driver, Rule::Mdl, call, detail);
        }
    }

    /// Reports and takes away the devices and links of a driver that is gone.
    pub(crate) fn report_devices(&self, driver: DriverId, call: &'static str) {
        let mut state = self.io.lock();
        let devices: Vec<_> = state
            .devices
            .values()
            .filter(|it| it.owner() == driver)
            .map(|it| (it.title(), std::sync::Arc::clone(&it.memory)))
            .collect();
        let links: Vec<_> = state.links.extract_if(|_, it| it.owner == driver).collect();
        state.unloading.remove(&driver);
        drop(state);
        for (name, device) in devices {
            // It leaves its stack, whose other drivers go on.
            let _ = self.io.delete_device(device.object());
            self.withdraw_device(device.object());
            let detail = format!("device {name} was not deleted; call IoDeleteDevice");
            self.finding(driver, Rule::Device, call, detail);
        }
        for (_, link) in links {
            let detail = format!(
                "symbolic link {} to {} was not deleted; call IoDeleteSymbolicLink",
                String::from_utf16_lossy(&link.name),
                String::from_utf16_lossy(&link.target)
            );
            self.finding(driver, Rule::Device, call, detail);
        }
    }
}
