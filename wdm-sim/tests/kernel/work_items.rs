//! Work items.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};

use wdm_sim::Rule;
use wdm_sys::{PDEVICE_OBJECT, PVOID};

use crate::support::{SUCCESS, call, entry, findings_of, in_kernel, machine, only};

/// `DelayedWorkQueue`.
const DELAYED: wdm_sys::WORK_QUEUE_TYPE = 1;

unsafe extern "system" {
    fn IoQueueWorkItemEx(item: PVOID, routine: PVOID, queue: i32, context: PVOID);
    fn ExQueueWorkItem(item: PVOID, queue: i32);
}

static RUN: AtomicUsize = AtomicUsize::new(0);

/// Notes the process that it runs in, and frees the item.
unsafe extern "system" fn notes_and_frees(device: PVOID, _context: PVOID, item: PVOID) {
    assert!(device.is_null());
    assert_eq!(call!(KeGetCurrentIrql()), 0);
    RUN.store(call!(PsGetCurrentProcessId()).addr(), Ordering::SeqCst);
    call!(IoFreeWorkItem(item.cast()));
}

entry! {
    fn queues_an_item(_driver) {
        let item = call!(IoAllocateWorkItem(null_mut()));
        let routine = notes_and_frees as *const () as PVOID;
        // SAFETY: the item is new, and the routine is one for this.
        unsafe { IoQueueWorkItemEx(item.cast(), routine, 1, null_mut()) };
        SUCCESS
    }
}

#[test]
fn a_work_item_runs_in_the_system_process_before_its_driver_goes() {
    assert!(findings_of(queues_an_item).is_empty());
    assert_eq!(RUN.load(Ordering::SeqCst), 4);
}

unsafe extern "system" fn stores(_: PDEVICE_OBJECT, context: PVOID) {
    // SAFETY: the context is the counter, which lives as long as the process.
    unsafe { &*context.cast::<AtomicUsize>() }.fetch_add(1, Ordering::SeqCst);
}

static KEPT: AtomicUsize = AtomicUsize::new(0);

entry! {
    fn keeps_its_item(_driver) {
        let item = call!(IoAllocateWorkItem(null_mut()));
        let context = (&raw const KEPT).cast_mut().cast();
        call!(IoQueueWorkItem(item, Some(stores), DELAYED, context));
        SUCCESS
    }
}

#[test]
fn an_item_that_is_not_freed_is_found() {
    only(&findings_of(keeps_its_item), Rule::WorkItem, "DriverUnload");
    assert_eq!(KEPT.load(Ordering::SeqCst), 1, "its routine ran");
}

#[test]
fn what_is_no_work_item_is_found() {
    let machine = machine();
    in_kernel(&machine, || {
        let item = call!(IoAllocateWorkItem(null_mut()));
        call!(IoFreeWorkItem(item));
        call!(IoFreeWorkItem(item));
    });
    only(&machine.report().findings, Rule::WorkItem, "IoFreeWorkItem");
}

#[repr(C)]
struct QueueItem {
    list: [usize; 2],
    routine: usize,
    parameter: usize,
}

static EXECUTIVE: AtomicUsize = AtomicUsize::new(0);

unsafe extern "system" fn counts(parameter: PVOID) {
    EXECUTIVE.store(parameter.addr(), Ordering::SeqCst);
}

#[test]
fn an_item_of_the_executive_runs_with_its_parameter() {
    let machine = machine();
    in_kernel(&machine, || {
        let mut item = QueueItem {
            list: [0; 2],
            routine: (counts as *const ()).expose_provenance(),
            parameter: 42,
        };
        // SAFETY: the item lives until its routine has run.
        unsafe { ExQueueWorkItem((&raw mut item).cast(), 1) };
        while EXECUTIVE.load(Ordering::SeqCst) != 42 {
            std::thread::yield_now();
        }
    });
    assert!(machine.report().findings.is_empty());
}
