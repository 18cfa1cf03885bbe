//! Work items.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioallocateworkitem> and
//! its neighbours, `nf-wdm-exqueueworkitem` there.

use std::ptr::with_exposed_provenance_mut;

use wdm_sys::{PDEVICE_OBJECT, PIO_WORKITEM, PIO_WORKITEM_ROUTINE, PVOID, WORK_QUEUE_TYPE};

use crate::call::{self, Code};
use crate::exports::exports;
use crate::machine::{Counter, Thread, current, irql};
use crate::verifier::Rule;
use crate::work_items::{self, Unusable};

/// `WORK_QUEUE_ITEM` of `wdm.h`.
#[repr(C)]
struct WorkQueueItem {
    list: [usize; 2],
    routine: usize,
    parameter: usize,
}

exports! {
    /// Makes a work item for a device; NULL if there is no memory.
    fn IoAllocateWorkItem(device: PDEVICE_OBJECT) -> PIO_WORKITEM {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let kernel = thread.kernel();
        if kernel.pool.must_fail() {
            kernel.counters.count(Counter::InjectedFailures);
            return std::ptr::null_mut();
        }
        let driver = thread.caller().driver;
        let device = device.expose_provenance();
        with_exposed_provenance_mut(kernel.work_items.allocate(driver, device))
    }

    /// Frees a work item, which is not queued; its routine may run.
    fn IoFreeWorkItem(item: PIO_WORKITEM) {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        if let Err(why) = thread.kernel().work_items.free(item.addr()) {
            report(&thread, CALL, why);
        }
    }

    /// Runs a routine with the work item's device and a context, later and at PASSIVE_LEVEL. The
    /// driver stays loaded until the routine has returned.
    fn IoQueueWorkItem(
        item: PIO_WORKITEM,
        routine: PIO_WORKITEM_ROUTINE,
        _queue: WORK_QUEUE_TYPE,
        context: PVOID,
    ) {
        let thread = current(CALL);
        let routine = routine.map_or(0, |routine| (routine as *const ()).expose_provenance());
        queue(&thread, CALL, item, routine, context, false);
    }

    /// Runs a routine as [`IoQueueWorkItem`] does; it gets the work item too, to free it.
    [undeclared]
    fn IoQueueWorkItemEx(
        item: PIO_WORKITEM,
        routine: PVOID,
        _queue: WORK_QUEUE_TYPE,
        context: PVOID,
    ) {
        let thread = current(CALL);
        queue(&thread, CALL, item, routine.expose_provenance(), context, true);
    }

    /// Runs the routine of an item in the driver's memory with its parameter, later and at
    /// PASSIVE_LEVEL. Nothing keeps the driver loaded until then.
    [undeclared]
    fn ExQueueWorkItem(item: PVOID, _queue: WORK_QUEUE_TYPE) {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        // SAFETY: the caller gave an initialised item, which is the kernel's until its routine runs.
        let WorkQueueItem { routine, parameter, .. } = unsafe { item.cast::<WorkQueueItem>().read() };
        let Some(code) = code(&thread, CALL, routine) else {
            return;
        };
        let body = move |worker: &Thread| {
            // SAFETY: the driver gave the routine and its parameter to ExQueueWorkItem.
            unsafe { call::worker_routine(worker, code, parameter) };
        };
        if !work_items::run(thread.kernel(), code.caller.driver, None, body) {
            thread.finding(Rule::WorkItem, CALL, "the host has no thread left to run it on");
        }
    }
}

fn report(thread: &Thread, call: &'static str, why: Unusable) {
    let detail = match why {
        Unusable::Unknown => "it is no work item, or not any more",
        Unusable::Queued => "the work item is queued; wait until its routine has run",
    };
    thread.finding(Rule::WorkItem, call, detail);
}

fn code(thread: &Thread, call: &'static str, address: usize) -> Option<Code> {
    if address == 0 {
        thread.finding(Rule::Parameter, call, "the routine is NULL");
        return None;
    }
    Some(Code {
        address,
        caller: thread.caller(),
    })
}

/// Queues a work item of the I/O manager.
fn queue(
    thread: &Thread,
    call: &'static str,
    item: PIO_WORKITEM,
    routine: usize,
    context: PVOID,
    gets_item: bool,
) {
    thread.require_irql(irql::DISPATCH_LEVEL, call);
    let Some(code) = code(thread, call, routine) else {
        return;
    };
    let item = item.addr();
    let device = match thread.kernel().work_items.queue(item) {
        Ok(device) => device,
        Err(why) => return report(thread, call, why),
    };
    let context = context.expose_provenance();
    let body = move |worker: &Thread| match gets_item {
        // SAFETY: the driver gave the routine and its context to IoQueueWorkItemEx.
        true => unsafe { call::work_item_routine_ex(worker, code, device, context, item) },
        // SAFETY: the driver gave them to IoQueueWorkItem.
        false => unsafe { call::work_item_routine(worker, code, device, context) },
    };
    if !work_items::run(thread.kernel(), code.caller.driver, Some(item), body) {
        thread.finding(
            Rule::WorkItem,
            call,
            "the host has no thread left to run it on",
        );
    }
}
