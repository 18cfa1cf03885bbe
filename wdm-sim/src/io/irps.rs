//! Requests that drivers make themselves.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioallocateirp>,
//! `nf-wdm-ioinitializeirp`, `nf-wdm-ioreuseirp`, `nf-wdm-iofreeirp`.

use std::ptr::null_mut;
use std::sync::Arc;

use wdm_sys::{CCHAR, PIRP, PVOID};

use super::Manager;
use super::irp::{field, size_of_irp};
use super::packet::{Buffers, Level, Origin, Packet, Stage};
use crate::machine::Thread;
use crate::status::Status;
use crate::verifier::Rule;

impl Manager {
    /// Allocates a request with so many locations; null if there can be none.
    pub(crate) fn allocate(&self, thread: &Thread, locations: CCHAR) -> PIRP {
        let count = usize::try_from(locations).unwrap_or_default();
        let caller = thread.caller();
        let packet = Packet::new(count, caller, Origin::Allocated, Buffers::default());
        packet.map_or(null_mut(), |packet| self.add(packet).irp())
    }

    /// Makes a request of a driver's memory.
    ///
    /// # Safety
    /// `irp` leads to `size` bytes, which stay until the request is initialised again or the driver is
    /// gone.
    pub(crate) unsafe fn initialize(
        &self,
        thread: &Thread,
        call: &'static str,
        irp: PIRP,
        size: u16,
        locations: CCHAR,
    ) {
        let count = usize::try_from(locations).unwrap_or_default();
        if irp.is_null() || usize::from(size) < size_of_irp(count.max(1)) {
            let needed = size_of_irp(count.max(1));
            let detail = format!(
                "a request of {size} bytes is to have {locations} locations; give at least one, and \
                 IoSizeOfIrp bytes for them, which is {needed}"
            );
            return thread.finding(Rule::Parameter, call, detail);
        }
        // SAFETY: by this function's contract.
        unsafe { irp.cast::<u8>().write_bytes(0, usize::from(size)) };
        // SAFETY: as above; it has room for that many locations.
        let packet = unsafe { Packet::in_memory_of(thread.caller(), irp, count) };
        if let Some(packet) = packet {
            self.add(packet);
        }
    }

    /// Makes a request new again, with a status.
    pub(crate) fn reuse(&self, thread: &Thread, call: &'static str, irp: PIRP, status: Status) {
        let Some(packet) = self.own(thread, call, irp) else {
            return;
        };
        let flags = field!(packet.as_ref(), AllocationFlags).get();
        // SAFETY: the request is its driver's, which nobody else has, and has that many bytes.
        unsafe { irp.cast::<u8>().write_bytes(0, size_of_irp(packet.count())) };
        packet.initialize();
        packet.reset();
        field!(packet.as_ref(), AllocationFlags).set(flags);
        packet.set_io_status(status, 0);
    }

    /// Sets the completion routine of a request's next location, to be invoked on success, on error and
    /// when it is cancelled; says whether there is such a location.
    pub(crate) fn set_completion_routine(
        &self,
        irp: PIRP,
        routine: usize,
        context: PVOID,
        invoke: [bool; 3],
    ) -> bool {
        let packet = self.packet(irp);
        let next = packet.filter(|packet| packet.current() > 1);
        next.map(|packet| packet.set_routine(packet.current() - 1, routine, context, invoke))
            .is_some()
    }

    /// Frees a request that a driver made.
    pub(crate) fn free(&self, thread: &Thread, call: &'static str, irp: PIRP) {
        if let Some(packet) = self.own(thread, call, irp) {
            packet.lock().stage = Stage::Freed;
            self.retire(&packet);
        }
    }

    /// A request that the running driver made, and which no driver has.
    fn own(&self, thread: &Thread, call: &'static str, irp: PIRP) -> Option<Arc<Packet>> {
        let Some(packet) = self.packet(irp) else {
            let detail = format!("{irp:p} is no request of this machine");
            thread.finding(Rule::Parameter, call, detail);
            return None;
        };
        let (stage, held) = {
            let state = packet.lock();
            (state.stage, state.levels.iter().any(Level::is_held))
        };
        let detail = match &packet.origin {
            _ if stage == Stage::Freed => "the request has been freed already",
            Origin::Allocated | Origin::Initialized if held => {
                "a driver has the request; wait for its completion routine"
            }
            // A driver may give up a request that it has not sent.
            Origin::Threaded(_) if stage == Stage::Made => return Some(packet),
            Origin::Allocated | Origin::Initialized => return Some(packet),
            Origin::Threaded(_) => {
                "the I/O manager frees a request that it built for a driver which waits; leave it"
            }
            Origin::System { .. } => "the request is the I/O manager's; complete it",
        };
        thread.finding(Rule::IrpFree, call, detail);
        None
    }
}
