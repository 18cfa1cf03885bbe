//! Pending requests: cancelled one by one, with their thread, and when their file is closed.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use wdm_sim::{Finding, LinkedEntry, Machine, Rule, Status, ThreadGuard, UnloadError};
use wdm_sys::{
    _DEVICE_OBJECT as DEVICE_OBJECT, _IRP as IRP, KIRQL, NTSTATUS, PDEVICE_OBJECT, PDRIVER_OBJECT,
    PIRP, PUNICODE_STRING,
};

use super::*;
use crate::support::{SUCCESS, call, in_kernel, only};

unsafe extern "system" {
    fn IoCancelIrp(irp: PIRP) -> u8;
    fn IoAcquireCancelSpinLock(level: *mut KIRQL);
    fn IoReleaseCancelSpinLock(level: KIRQL);
}

pub(super) const CANCELLED: NTSTATUS = 0xC000_0120_u32 as i32;

/// `IoSetCancelRoutine`.
fn set_cancel(irp: PIRP, routine: Option<unsafe extern "system" fn(PDEVICE_OBJECT, PIRP)>) -> bool {
    let new = routine.map_or(0, |routine| (routine as *const ()).expose_provenance());
    // SAFETY: the driver has the request; only the field's address is taken.
    let place = unsafe { &raw mut (*irp).CancelRoutine };
    // SAFETY: the field is an address, which is exchanged atomically everywhere.
    let place = unsafe { AtomicUsize::from_ptr(place.cast()) };
    place.swap(new, Ordering::AcqRel) != 0
}

fn release(level: KIRQL) {
    // SAFETY: the cancel routine has the lock.
    unsafe { IoReleaseCancelSpinLock(level) };
}

/// Releases the lock and completes the request.
unsafe extern "system" fn cancels(_: PDEVICE_OBJECT, irp: PIRP) {
    release(request(irp).CancelIrql);
    complete(irp, CANCELLED, 0);
}

// Pends with a cancel routine.
controls!(pends_entry, pends, |irp| {
    mark(irp);
    set_cancel(irp, Some(cancels));
    PENDING
});

/// Runs something with a device for overlapped requests; gives the findings.
pub(super) fn overlapped(
    entry: LinkedEntry,
    body: impl FnOnce(&Machine, &ThreadGuard),
) -> Vec<Finding> {
    let (machine, driver) = loaded(entry);
    let app = machine.process("app.exe");
    let thread = app.enter();
    body(&machine, &thread);
    drop(thread);
    machine.unload(driver).expect("it unloads");
    machine.report().findings
}

#[test]
fn a_pending_request_is_cancelled() {
    let findings = overlapped(pends_entry, |_, thread| {
        let device = thread.open_device_overlapped(DEVICE).expect("it opens");
        let pending = device.start_control(BUFFERED, &[1], 1).expect("it is sent");
        assert!(!pending.is_done());
        assert!(pending.cancel(), "it has a cancel routine");
        assert!(!pending.cancel(), "it is done");
        let answer = pending.wait();
        assert_eq!((answer.status, answer.output), (Status(CANCELLED), vec![]));
    });
    assert_eq!(findings, []);
}

#[test]
fn a_pending_request_keeps_its_file_until_it_is_completed() {
    let (machine, driver) = loaded(pends_entry);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let device = thread.open_device_overlapped(DEVICE).expect("it opens");
    let pending = device.start_control(BUFFERED, &[1], 1).expect("it is sent");
    drop(device);
    assert!(pending.cancel());
    drop(pending);
    machine.unload(driver).expect("the file is closed");
    assert_eq!(machine.report().findings, []);
}

#[test]
fn a_thread_that_ends_cancels_its_requests() {
    let findings = overlapped(pends_entry, |_, thread| {
        let device = thread.open_device_overlapped(DEVICE).expect("it opens");
        drop(device.start_control(BUFFERED, &[1], 1).expect("it is sent"));
    });
    assert_eq!(findings, []);
}

/// The request that a driver keeps without a cancel routine.
static KEPT: AtomicPtr<IRP> = AtomicPtr::new(null_mut());

controls!(holds_entry, holds, |irp| {
    mark(irp);
    KEPT.store(irp, Ordering::Release);
    PENDING
});

#[test]
fn a_request_that_its_thread_cannot_cancel_is_found() {
    let (machine, driver) = loaded(holds_entry);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let device = thread.open_device_overlapped(DEVICE).expect("it opens");
    let pending = device.start_control(BUFFERED, &[1], 1).expect("it is sent");
    assert!(!pending.cancel(), "it has no cancel routine");
    drop((pending, device));
    drop(thread);
    let findings = machine.report().findings;
    only(&findings, Rule::IrpCancel, "IoCancelIrp");
    // Its memory is there until the driver completes it.
    in_kernel(&machine, || {
        complete(KEPT.load(Ordering::Acquire), SUCCESS, 1)
    });
    machine.unload(driver).expect("the file is closed");
    assert_eq!(machine.report().findings.len(), 1);
}

controls!(keeps_entry, keeps, |irp| {
    mark(irp);
    PENDING
});

#[test]
fn a_request_that_is_pending_when_its_file_is_closed_is_found() {
    let (machine, driver) = loaded(keeps_entry);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let device = thread.open_device_overlapped(DEVICE).expect("it opens");
    let pending = device.start_control(BUFFERED, &[1], 1).expect("it is sent");
    drop((pending, device));
    let refused = machine
        .unload(driver)
        .expect_err("the request keeps the file");
    assert!(matches!(refused, UnloadError::DeviceOpen(_)), "{refused}");
    only(&machine.report().findings, Rule::IrpLeft, "DriverUnload");
}

controls!(completes_set_entry, completes_set, |irp| {
    set_cancel(irp, Some(cancels));
    complete(irp, SUCCESS, 0)
});

#[test]
fn a_request_that_is_completed_with_its_cancel_routine_is_found() {
    let (_, findings) = control(completes_set_entry, BUFFERED, &[], 0);
    only(&findings, Rule::IrpCancel, "IofCompleteRequest");
}

/// Completes the request and keeps the lock.
unsafe extern "system" fn keeps_lock(_: PDEVICE_OBJECT, irp: PIRP) {
    complete(irp, CANCELLED, 0);
}

controls!(keeps_lock_entry, pends_keeping, |irp| {
    mark(irp);
    set_cancel(irp, Some(keeps_lock));
    PENDING
});

#[test]
fn a_cancel_routine_that_keeps_the_lock_is_found() {
    let findings = overlapped(keeps_lock_entry, |_, thread| {
        let device = thread.open_device_overlapped(DEVICE).expect("it opens");
        let pending = device.start_control(BUFFERED, &[], 0).expect("it is sent");
        assert!(pending.cancel());
    });
    only(&findings, Rule::IrpCancel, "DRIVER_CANCEL");
}

controls!(leaves_locked_entry, leaves_locked, |irp| {
    let mut level = 0;
    // SAFETY: there is a place for the level.
    unsafe { IoAcquireCancelSpinLock(&raw mut level) };
    complete(irp, SUCCESS, 0)
});

#[test]
fn a_dispatch_routine_that_keeps_the_cancel_lock_is_found() {
    let (_, findings) = control(leaves_locked_entry, BUFFERED, &[], 0);
    let rules: Vec<_> = findings.iter().map(|it| it.rule).collect();
    assert_eq!(
        rules,
        [Rule::Irql, Rule::Lock],
        "the level, and the lock: {findings:#?}"
    );
}

// Cancels its own request before it is pending.
controls!(cancels_own_entry, cancels_own, |irp| {
    // SAFETY: the driver has the request.
    let had = unsafe { IoCancelIrp(irp) };
    assert_eq!((had, request(irp).Cancel), (0, 1));
    complete(irp, CANCELLED, 0)
});

#[test]
fn a_request_without_a_cancel_routine_is_marked_only() {
    let (answer, findings) = control(cancels_own_entry, BUFFERED, &[], 0);
    assert_eq!(answer.status, Status(CANCELLED));
    assert_eq!(findings, []);
}
