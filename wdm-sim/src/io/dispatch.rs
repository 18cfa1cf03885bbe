//! The way of a request: down through dispatch routines, up through completion routines.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iofcalldriver>,
//! `nf-wdm-iocompleterequest`, `nc-wdm-io_completion_routine`, `nf-wdm-iomarkirppending`;
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/implementing-an-iocompletion-routine>.

use std::sync::Arc;

use wdm_sys::{PDEVICE_OBJECT, PIRP};

use super::Manager;
use super::device::DeviceMemory;
use super::irp::{Left, field, location, major_name};
use super::packet::{Completion, Origin, Packet, Stage, State};
use crate::call::{self, Code};
use crate::machine::{Caller, Kernel, Thread};
use crate::status::Status;
use crate::verifier::Rule;

/// `NO_MORE_IRP_STACK_LOCATIONS`.
const NO_MORE_IRP_STACK_LOCATIONS: u32 = 0x35;
/// `STATUS_MORE_PROCESSING_REQUIRED`: a completion routine keeps the request.
const MORE_PROCESSING_REQUIRED: Status = Status(0xC000_0016_u32 as i32);

/// What a dispatch routine did with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It was completed.
    Completed,
    /// It will be completed.
    Pending,
    /// Nobody says that it will be completed.
    Lost,
}

/// Sends a request to the driver of a device (`IofCallDriver`); gives what that returned, and what
/// becomes of the request.
pub(super) fn call_driver(
    thread: &Thread,
    packet: &Arc<Packet>,
    device: &DeviceMemory,
) -> (Status, Verdict) {
    let kernel = thread.kernel();
    let Some(at) = packet.current().checked_sub(1).filter(|&at| at > 0) else {
        let reason = "the request has no stack location left; allocate it with the StackSize of the \
                      device that it is sent to";
        let parameters = [packet.irp().addr() as u64, 0, 0, 0];
        let code = NO_MORE_IRP_STACK_LOCATIONS;
        thread.bug_check("IofCallDriver", code, parameters, reason)
    };
    packet.set_current(at);
    location!(packet, at, DeviceObject).set(device.object());
    let major = packet.major(at);
    let record = kernel.drivers.get(device.owner());
    let holder = record.as_ref().map_or(Caller::NONE, |it| it.caller());
    packet.enter(at, thread.caller(), holder);
    let routine = record.and_then(|record| record.dispatch_routine(usize::from(major)));
    let Some(code) = routine else {
        // What a driver does not set is a routine of the kernel that answers this.
        packet.set_io_status(Status::INVALID_DEVICE_REQUEST, 0);
        packet.walk(thread);
        return (Status::INVALID_DEVICE_REQUEST, Verdict::Completed);
    };
    // SAFETY: the driver, which is loaded, put the routine into its driver object; the device
    // object and the request live until the request is completed.
    let returned = unsafe { call::dispatch(thread, code, device.object(), packet.irp()) };
    let returned = Status(returned);
    let verdict = packet.check(kernel, at, holder, major_name(major), returned);
    if verdict == Verdict::Lost && returned != Status::PENDING && !packet.is_marked_at(at) {
        // Whoever waits for it would wait for ever.
        let status = match returned.is_success() {
            true => Status::UNSUCCESSFUL,
            false => returned,
        };
        packet.set_io_status(status, 0);
        packet.walk(thread);
        return (returned, Verdict::Completed);
    }
    (returned, verdict)
}

impl Packet {
    /// Notes that the request comes to a location.
    fn enter(&self, at: usize, sender: Caller, holder: Caller) {
        let mut state = self.lock();
        state.stage = Stage::Sent;
        if let Some(above) = state.levels.get_mut(at) {
            above.passed = true;
        }
        let level = &mut state.levels[at - 1];
        // A driver that skips its location leaves the completion routine of the one above in it.
        let sender = match level.is_held() {
            true => level.sender,
            false => sender,
        };
        level.sender = sender;
        level.holder = holder;
        level.entered = true;
        level.passed = false;
        level.owes_mark = false;
        level.done = None;
    }

    /// Looks at how a dispatch routine left the request.
    fn check(
        &self,
        kernel: &Kernel,
        at: usize,
        holder: Caller,
        call: &'static str,
        returned: Status,
    ) -> Verdict {
        let finding = |rule, detail: String| kernel.finding(holder.driver, rule, call, detail);
        let mut state = self.lock();
        let level = &mut state.levels[at - 1];
        let passed = level.passed;
        if let Some((status, marked)) = level.done {
            drop(state);
            match (returned == Status::PENDING, marked) {
                (true, false) if passed => finding(Rule::IrpPending, UNMARKED_ABOVE.to_owned()),
                (true, false) => finding(
                    Rule::IrpPending,
                    format!(
                        "STATUS_PENDING was returned for a request that was completed with {status} \
                         and not marked pending; return that status, or call IoMarkIrpPending first"
                    ),
                ),
                (false, true) => finding(Rule::IrpPending, returned_for_marked(returned)),
                (false, false) if returned != status => finding(
                    Rule::IrpStatus,
                    format!(
                        "{returned} was returned, but the request was completed with {status}; return the same"
                    ),
                ),
                _ => {}
            }
            return Verdict::Completed;
        }
        // Drivers mark a request before others can complete it.
        let marked = self.is_marked(at);
        match (returned == Status::PENDING, marked) {
            (true, true) => return Verdict::Pending,
            (true, false) if passed => {
                level.owes_mark = true;
                return Verdict::Pending;
            }
            (true, false) => finding(
                Rule::IrpPending,
                "STATUS_PENDING was returned for a request that is not marked, so its caller is not \
                 woken; call IoMarkIrpPending first"
                    .to_owned(),
            ),
            (false, true) => finding(Rule::IrpPending, returned_for_marked(returned)),
            (false, false) if state.is_below(at) => {
                finding(
                    Rule::IrpPending,
                    format!(
                        "{returned} was returned while a driver below has the request; return what \
                         IoCallDriver returned, or wait for the request"
                    ),
                );
                return Verdict::Pending;
            }
            (false, false) => finding(
                Rule::IrpNotCompleted,
                format!(
                    "{returned} was returned and the request was neither completed nor marked \
                     pending; call IoCompleteRequest"
                ),
            ),
        }
        Verdict::Lost
    }

    fn is_marked_at(&self, at: usize) -> bool {
        let state = self.lock();
        state.levels[at - 1].is_held() && self.is_marked(at)
    }

    /// Completes the request for the driver that has it.
    fn complete(self: &Arc<Self>, thread: &Thread, call: &'static str) {
        let current = self.current();
        let (stage, outcome) = {
            let state = self.lock();
            (state.stage, state.outcome)
        };
        let name = major_name(self.major(current.clamp(1, self.count())));
        match stage {
            Stage::Completed => {
                let status = outcome.map_or(self.io_status().0, |it| it.status);
                let detail = format!(
                    "the {name} request was completed before, with {status}; complete it once"
                );
                return thread.finding(Rule::IrpTwice, call, detail);
            }
            Stage::Freed => {
                let detail = "the request has been freed; complete it before";
                return thread.finding(Rule::IrpFree, call, detail);
            }
            Stage::Made => {
                let detail = "the request was not sent to any driver; call IoFreeIrp";
                return thread.finding(Rule::Parameter, call, detail);
            }
            Stage::Sent if current == 0 || current > self.count() => {
                let detail = "every driver has completed the request; complete it once";
                return thread.finding(Rule::IrpTwice, call, detail);
            }
            Stage::Sent => {}
        }
        if self.exchange_cancel_routine(0) != 0 {
            let detail = format!(
                "the {name} request is completed while its cancel routine is set; call \
                 IoSetCancelRoutine with NULL first, and leave it alone if that gives NULL"
            );
            thread.finding(Rule::IrpCancel, call, detail);
        }
        if self.io_status().0 == Status::PENDING {
            let detail = format!(
                "the {name} request was completed with STATUS_PENDING; put its result into IoStatus"
            );
            thread.finding(Rule::IrpStatus, call, detail);
        }
        self.walk(thread);
    }

    /// Takes the request up from its current location, until a completion routine keeps it or its
    /// maker has it.
    pub(super) fn walk(self: &Arc<Self>, thread: &Thread) {
        loop {
            let at = self.current();
            if !(1..=self.count()).contains(&at) {
                return;
            }
            let left = self.go_up(at);
            let sender = self.leave(thread.kernel(), at, &left);
            match left.routine {
                Some((address, context)) => {
                    let code = Code {
                        address,
                        caller: sender,
                    };
                    let device = self.device_at(at + 1);
                    // SAFETY: the sender, which is loaded, put the routine and its context into the
                    // location; a driver that goes takes its routines with it.
                    let answer = unsafe {
                        call::completion_routine(thread, code, device, self.irp(), context)
                    };
                    if Status(answer) == MORE_PROCESSING_REQUIRED {
                        return;
                    }
                    if self.lock().stage == Stage::Freed {
                        let detail = format!(
                            "{} was returned for a request that the routine freed; return \
                             STATUS_MORE_PROCESSING_REQUIRED",
                            Status(answer)
                        );
                        let rule = Rule::IrpFree;
                        let driver = sender.driver;
                        return thread
                            .kernel()
                            .finding(driver, rule, call::COMPLETION, detail);
                    }
                }
                None if left.pending && at < self.count() => self.mark(at + 1),
                None => {}
            }
            if at == self.count() {
                return self.finish(thread, &left);
            }
        }
    }

    /// Notes that the request goes up from a location; gives whose completion routine is in it.
    fn leave(&self, kernel: &Kernel, at: usize, left: &Left) -> Caller {
        let (status, _) = self.io_status();
        let mut state = self.lock();
        let level = &mut state.levels[at - 1];
        level.done = Some((status, left.pending));
        let (sender, holder) = (level.sender, level.holder);
        let owes = std::mem::take(&mut level.owes_mark) && !left.pending;
        drop(state);
        if owes {
            let call = major_name(left.major);
            kernel.finding(holder.driver, Rule::IrpPending, call, UNMARKED_ABOVE);
        }
        sender
    }

    /// The request is back at its maker.
    fn finish(self: &Arc<Self>, thread: &Thread, left: &Left) {
        let kernel = thread.kernel();
        let (status, information) = self.io_status();
        let completion = Completion {
            status,
            information,
        };
        kernel.io.release_lists(field!(self, MdlAddress).get());
        match &self.origin {
            Origin::System { .. } => {}
            Origin::Threaded(back) => {
                back.give(thread, self);
                kernel.io.retire(self);
                self.lock().stage = Stage::Freed;
                return self.settle(completion);
            }
            Origin::Allocated | Origin::Initialized if self.lock().abandoned => {
                kernel.io.retire(self);
                self.lock().stage = Stage::Freed;
                return self.settle(completion);
            }
            Origin::Allocated | Origin::Initialized => {
                let detail = format!(
                    "the completion of the {} request goes past the driver that made it; stop it \
                     with a completion routine that returns STATUS_MORE_PROCESSING_REQUIRED",
                    major_name(left.major)
                );
                let driver = self.owner.driver;
                kernel.finding(driver, Rule::IrpFree, call::COMPLETION, detail);
            }
        }
        self.lock().stage = Stage::Completed;
        self.settle(completion);
    }
}

impl State {
    /// Whether a driver below a location has the request.
    fn is_below(&self, at: usize) -> bool {
        self.levels[..at - 1].iter().any(|level| level.is_held())
    }
}

/// What a filter forgot whose request was pending below it.
const UNMARKED_ABOVE: &str = "STATUS_PENDING was returned for a request that was passed on, but the \
                              driver's completion routine did not mark it; call IoMarkIrpPending \
                              there if PendingReturned is set";

fn returned_for_marked(returned: Status) -> String {
    format!("{returned} was returned for a request marked pending; return STATUS_PENDING")
}

impl Manager {
    /// Completes a request for a driver (`IofCompleteRequest`); says whether there is one.
    pub(crate) fn complete(&self, thread: &Thread, call: &'static str, irp: PIRP) -> bool {
        let packet = self.packet(irp);
        packet.map(|packet| packet.complete(thread, call)).is_some()
    }

    /// Sends a request on for a driver (`IofCallDriver`).
    pub(crate) fn send_on(
        &self,
        thread: &Thread,
        call: &'static str,
        device: PDEVICE_OBJECT,
        irp: PIRP,
    ) -> Status {
        let Some(packet) = self.packet(irp) else {
            let detail = format!("{irp:p} is no request of this machine");
            thread.finding(Rule::Parameter, call, detail);
            return Status::INVALID_PARAMETER;
        };
        let stage = packet.lock().stage;
        if matches!(stage, Stage::Completed | Stage::Freed) {
            let detail = "the request has been completed; its maker has it, or has freed it";
            thread.finding(Rule::IrpTwice, call, detail);
            return Status::INVALID_PARAMETER;
        }
        if packet.exchange_cancel_routine(0) != 0 {
            let detail = "the request is sent on while a cancel routine is set; call \
                          IoSetCancelRoutine with NULL first";
            thread.finding(Rule::IrpCancel, call, detail);
        }
        if let Some(device) = self.device(device) {
            return call_driver(thread, &packet, &device).0;
        }
        let detail = format!("{device:p} is no device object, or not any more");
        thread.finding(Rule::Device, call, detail);
        // Whoever waits for the request gets it back.
        if let Some(at) = packet.current().checked_sub(1).filter(|&at| at > 0) {
            packet.set_current(at);
            packet.enter(at, thread.caller(), Caller::NONE);
            packet.set_io_status(Status::NO_SUCH_DEVICE, 0);
            packet.walk(thread);
        }
        Status::NO_SUCH_DEVICE
    }
}
