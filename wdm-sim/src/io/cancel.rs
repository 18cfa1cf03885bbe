//! Cancelling requests.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocancelirp>,
//! `nf-wdm-iosetcancelroutine`, `nf-wdm-ioacquirecancelspinlock`, `nc-wdm-driver_cancel`.

use wdm_sys::PIRP;

use super::irp::field;
use super::packet::Packet;
use super::{Manager, csq};
use crate::call::{self, Code};
use crate::locks::{Access, Kind, Taken};
use crate::machine::{Thread, irql};
use crate::verifier::Rule;

/// `CANCEL_STATE_IN_COMPLETED_IRP`.
const CANCEL_STATE_IN_COMPLETED_IRP: u32 = 0x48;

impl Manager {
    /// The address of the cancel spin lock, which has no name that drivers know.
    fn cancel_lock(&self) -> usize {
        (&raw const self.cancel_lock).addr()
    }

    /// Takes the cancel spin lock at DISPATCH_LEVEL; gives the level before.
    pub(crate) fn acquire_cancel_lock(&self, thread: &Thread, call: &'static str) -> u8 {
        let before = thread.set_irql(irql::DISPATCH_LEVEL);
        let locks = &thread.kernel().locks;
        let lock = self.cancel_lock();
        let taken = locks.take(thread, Kind::SpinLock, lock, Access::Exclusive, true);
        if taken == Taken::Deadlock {
            let detail = "the cancel spin lock is taken a second time by its owner, which deadlocks \
                          on NT; call IoReleaseCancelSpinLock first";
            thread.finding(Rule::Lock, call, detail);
        }
        before
    }

    /// Releases the cancel spin lock and restores a level.
    pub(crate) fn release_cancel_lock(&self, thread: &Thread, call: &'static str, level: u8) {
        let locks = &thread.kernel().locks;
        if !locks.release(thread.address(), self.cancel_lock()) {
            let detail = "the cancel spin lock is released by a thread that does not have it";
            thread.finding(Rule::Lock, call, detail);
        }
        if level > irql::DISPATCH_LEVEL {
            let detail = format!("{level} is not the level that taking the lock gave");
            return thread.finding(Rule::Irql, call, detail);
        }
        thread.set_irql(level);
    }

    /// Cancels a request for a driver; says whether it had a cancel routine. `None` if it is no
    /// request.
    pub(crate) fn cancel(&self, thread: &Thread, call: &'static str, irp: PIRP) -> Option<bool> {
        Some(self.packet(irp)?.cancel(thread, call))
    }
}

impl Packet {
    /// Marks the request cancelled, and calls its cancel routine if it has one; says whether it had.
    pub(super) fn cancel(&self, thread: &Thread, call: &'static str) -> bool {
        let io = &thread.kernel().io;
        let before = io.acquire_cancel_lock(thread, call);
        field!(self, Cancel).set(1);
        let address = self.exchange_cancel_routine(0);
        if address == 0 {
            io.release_cancel_lock(thread, call, before);
            return false;
        }
        let at = self.current();
        if at > self.count() {
            let parameters = [self.irp().addr() as u64, address as u64, 0, 0];
            let reason = "a request that is completed has a cancel routine";
            thread.bug_check(call, CANCEL_STATE_IN_COMPLETED_IRP, parameters, reason)
        }
        field!(self, CancelIrql).set(before);
        let caller = self.holder();
        if csq::is_cancel_routine(address) {
            thread.with_caller(caller, || csq::cancel(thread, self));
            return true;
        }
        let code = Code { address, caller };
        let device = self.device_at(at);
        let after = || self.check_lock(thread, before);
        // SAFETY: the driver that has the request, which is loaded, put the routine into it.
        unsafe { call::cancel_routine(thread, code, device, self.irp(), before, after) };
        true
    }

    /// A cancel routine has to release the lock that it is entered with.
    fn check_lock(&self, thread: &Thread, level: u8) {
        let kernel = thread.kernel();
        let lock = kernel.io.cancel_lock();
        if kernel.locks.times(thread.address(), lock).1 == 0 {
            return;
        }
        let detail = "the cancel routine returned with the cancel spin lock; call \
                      IoReleaseCancelSpinLock with the request's CancelIrql";
        thread.finding(Rule::IrpCancel, call::CANCEL, detail);
        kernel.locks.release(thread.address(), lock);
        thread.set_irql(level);
    }
}
