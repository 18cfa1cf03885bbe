//! Filters: what they and their completion routines owe to the drivers above and below.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use wdm_sim::{Finding, LinkedEntry, Rule, Status};
use wdm_sys::{
    _DEVICE_OBJECT as DEVICE_OBJECT, _IRP as IRP, _KEVENT as KEVENT, NTSTATUS, NotificationEvent,
    PDEVICE_OBJECT, PDRIVER_OBJECT, PIO_WORKITEM, PIRP, PUNICODE_STRING, PVOID,
};

use super::*;
use crate::support::{SUCCESS, Text, UNSUCCESSFUL, call, in_kernel, load, only};

unsafe extern "system" {
    fn IoAttachDevice(
        source: PDEVICE_OBJECT,
        target: PUNICODE_STRING,
        attached: *mut PDEVICE_OBJECT,
    ) -> NTSTATUS;
    fn IoDetachDevice(lower: PDEVICE_OBJECT);
    fn IoQueueWorkItemEx(item: PVOID, routine: PVOID, queue: i32, context: PVOID);
}

/// The device below a filter's, which its extension says.
pub(super) fn below(device: PDEVICE_OBJECT) -> PDEVICE_OBJECT {
    // SAFETY: the device is a filter's, whose extension has room for an address.
    let extension = unsafe { (*device).DeviceExtension };
    // SAFETY: as above.
    unsafe { extension.cast::<PDEVICE_OBJECT>().read() }
}

/// Makes a device and attaches it to the tested one.
pub(super) fn attach(driver: PDRIVER_OBJECT) {
    let mut device = null_mut();
    let room = size_of::<PDEVICE_OBJECT>() as u32;
    let status = call!(IoCreateDevice(
        driver,
        room,
        null_mut(),
        0x22,
        0,
        0,
        &raw mut device
    ));
    assert_eq!(status, SUCCESS, "the device is made");
    let mut name = Text::new(DEVICE);
    // SAFETY: the device was made just now.
    let place = unsafe { (*device).DeviceExtension.cast() };
    // SAFETY: its extension has room for an address.
    let status = unsafe { IoAttachDevice(device, name.as_ptr(), place) };
    assert_eq!(status, SUCCESS, "it is attached");
}

pub(super) unsafe extern "system" fn detach(driver: PDRIVER_OBJECT) {
    // SAFETY: the kernel gave the driver its own object.
    let device = unsafe { (*driver).DeviceObject };
    let below = below(device);
    // SAFETY: the device is attached to that.
    unsafe { IoDetachDevice(below) };
    call!(IoDeleteDevice(device));
}

/// Defines a `DriverEntry` that attaches a device to the tested one.
macro_rules! filter {
    ($entry:ident, $dispatch:ident, |$device:ident, $irp:ident| $body:expr) => {
        unsafe extern "system" fn $dispatch(
            $device: *mut DEVICE_OBJECT,
            $irp: *mut IRP,
        ) -> NTSTATUS {
            $body
        }
        pub(super) unsafe extern "system" fn $entry(
            driver: PDRIVER_OBJECT,
            _: PUNICODE_STRING,
        ) -> NTSTATUS {
            set_routines(driver, &MAJORS.map(|major| (major, Some($dispatch as _))));
            crate::support::set_unload(driver, Some(detach));
            attach(driver);
            SUCCESS
        }
    };
}

/// Sends one control code through a filter to a driver; gives the answer and the findings.
fn through(
    filter: LinkedEntry,
    driver: LinkedEntry,
    input: &[u8],
    room: usize,
) -> (wdm_sim::DeviceAnswer, Vec<Finding>) {
    let (machine, driver) = loaded(driver);
    let filter = load(&machine, "filter", filter).expect("it loads");
    let app = machine.process("app.exe");
    let thread = app.enter();
    let device = thread.open_device(DEVICE).expect("it opens");
    let answer = device.control(BUFFERED, input, room);
    drop(device);
    machine.unload(filter).expect("it unloads");
    machine.unload(driver).expect("it unloads");
    (answer, machine.report().findings)
}

filter!(skips_entry, skips, |device, irp| {
    skip(irp);
    send(below(device), irp)
});

controls!(inverts_one_entry, inverts_one, |irp| {
    change_byte(irp, |byte| !byte);
    complete(irp, SUCCESS, 1)
});

#[test]
fn a_filter_can_pass_requests_on_unchanged() {
    let (answer, findings) = through(skips_entry, inverts_one_entry, &[1], 1);
    assert_eq!(
        (answer.status, answer.output),
        (Status::SUCCESS, vec![0xFE])
    );
    assert_eq!(findings, []);
}

/// Adds one to the output.
unsafe extern "system" fn adds_one(_: PDEVICE_OBJECT, irp: PIRP, context: PVOID) -> NTSTATUS {
    if !context.is_null() {
        change_byte(irp, |byte| byte.wrapping_add(1));
    }
    propagate(irp);
    SUCCESS
}

filter!(adds_entry, adds, |device, irp| {
    let context = std::ptr::without_provenance_mut(usize::from(major(irp) == CONTROL));
    copy(irp);
    set_completion(irp, adds_one, context);
    send(below(device), irp)
});

#[test]
fn a_completion_routine_sees_the_result() {
    let (answer, findings) = through(adds_entry, inverts_one_entry, &[1], 1);
    assert_eq!(answer.output, [0xFF]);
    assert_eq!(findings, []);
}

controls!(fails_one_entry, fails_one, |irp| complete(
    irp,
    UNSUCCESSFUL,
    0
));

filter!(on_success_entry, on_success, |device, irp| {
    copy(irp);
    set_completion(irp, says_routine, null_mut());
    invoke_on(irp, SL_INVOKE_ON_SUCCESS);
    send(below(device), irp)
});

filter!(on_error_entry, on_error, |device, irp| {
    copy(irp);
    set_completion(irp, says_routine, null_mut());
    invoke_on(irp, SL_INVOKE_ON_ERROR);
    send(below(device), irp)
});

unsafe extern "system" fn says_routine(device: PDEVICE_OBJECT, irp: PIRP, _: PVOID) -> NTSTATUS {
    assert!(!below(device).is_null(), "the filter's device");
    // The current location is the filter's again.
    assert_eq!(location(irp).DeviceObject, device);
    if major(irp) == CONTROL {
        say(c"routine\n");
    }
    propagate(irp);
    SUCCESS
}

#[test]
fn a_completion_routine_is_invoked_for_what_it_asked_for() {
    let called = |filter: LinkedEntry, driver: LinkedEntry| {
        let (machine, _driver) = loaded(driver);
        let _filter = load(&machine, "filter", filter).expect("it loads");
        let app = machine.process("app.exe");
        let thread = app.enter();
        let device = thread.open_device(DEVICE).expect("it opens");
        device.control(BUFFERED, &[1], 1);
        drop(device);
        assert_eq!(machine.report().findings, []);
        machine.report().debug_print.len()
    };
    assert_eq!(called(on_success_entry, inverts_one_entry), 1);
    assert_eq!(called(on_success_entry, fails_one_entry), 0);
    assert_eq!(called(on_error_entry, inverts_one_entry), 0);
    assert_eq!(called(on_error_entry, fails_one_entry), 1);
}

/// Completes the request of a work item, which it frees.
unsafe extern "system" fn completes_later(_: PVOID, irp: PVOID, item: PIO_WORKITEM) {
    call!(IoFreeWorkItem(item));
    complete(irp.cast(), SUCCESS, 1);
}

// Leaves device control to a work item.
controls!(later_entry, later, |irp| {
    mark(irp);
    let item = call!(IoAllocateWorkItem(location(irp).DeviceObject));
    // SAFETY: the item is queued once, and its routine gets the request.
    unsafe { IoQueueWorkItemEx(item.cast(), completes_later as PVOID, 1, irp.cast()) };
    PENDING
});

#[test]
fn a_request_that_a_driver_below_pends_is_pending_above() {
    for filter in [skips_entry as LinkedEntry, adds_entry, passes_entry] {
        let (answer, findings) = through(filter, later_entry, &[1], 1);
        assert_eq!(answer.status, Status::SUCCESS);
        assert_eq!(findings, []);
    }
}

filter!(passes_entry, passes, |device, irp| {
    copy(irp);
    send(below(device), irp)
});

unsafe extern "system" fn does_nothing(_: PDEVICE_OBJECT, _: PIRP, _: PVOID) -> NTSTATUS {
    SUCCESS
}

filter!(forgets_entry, forgets, |device, irp| {
    copy(irp);
    set_completion(irp, does_nothing, null_mut());
    send(below(device), irp)
});

#[test]
fn a_completion_routine_that_does_not_mark_what_was_pending_is_found() {
    let (answer, findings) = through(forgets_entry, later_entry, &[1], 1);
    assert_eq!(answer.status, Status::SUCCESS);
    let finding = only(&findings, Rule::IrpPending, "IRP_MJ_DEVICE_CONTROL");
    assert_eq!(finding.driver, "filter");
    assert!(finding.detail.contains("completion routine"), "{finding}");
}

filter!(hides_entry, hides, |device, irp| {
    copy(irp);
    send(below(device), irp);
    SUCCESS
});

#[test]
fn another_status_than_pending_for_what_is_pending_below_is_found() {
    let (_, findings) = through(hides_entry, later_entry, &[1], 1);
    let finding = only(&findings, Rule::IrpPending, "IRP_MJ_DEVICE_CONTROL");
    assert_eq!(finding.driver, "filter");
}

unsafe extern "system" fn signals(_: PDEVICE_OBJECT, _: PIRP, event: PVOID) -> NTSTATUS {
    call!(KeSetEvent(event.cast(), 0, 0));
    MORE_PROCESSING_REQUIRED
}

filter!(waits_entry, waits, |device, irp| {
    // SAFETY: an event is made of numbers and addresses.
    let mut event: KEVENT = unsafe { std::mem::zeroed() };
    call!(KeInitializeEvent(&raw mut event, NotificationEvent, 0));
    copy(irp);
    set_completion(irp, signals, (&raw mut event).cast());
    let mut status = send(below(device), irp);
    if status == PENDING {
        let waited = (&raw mut event).cast();
        call!(KeWaitForSingleObject(waited, 0, 0, 0, null_mut()));
        status = io_status(irp);
    }
    complete(irp, status, information(irp))
});

#[test]
fn a_filter_that_keeps_a_request_until_it_is_done_below_completes_it() {
    for driver in [inverts_one_entry as LinkedEntry, later_entry] {
        let (answer, findings) = through(waits_entry, driver, &[1], 1);
        assert_eq!(answer.status, Status::SUCCESS);
        assert_eq!(answer.output.len(), 1);
        assert_eq!(findings, []);
    }
}

unsafe extern "system" fn keeps(_: PDEVICE_OBJECT, _: PIRP, _: PVOID) -> NTSTATUS {
    MORE_PROCESSING_REQUIRED
}

filter!(swallows_entry, swallows, |device, irp| {
    if major(irp) != CONTROL {
        skip(irp);
        return send(below(device), irp);
    }
    copy(irp);
    set_completion(irp, keeps, null_mut());
    send(below(device), irp)
});

#[test]
fn a_request_that_is_kept_and_not_completed_is_found() {
    let (answer, findings) = through(swallows_entry, inverts_one_entry, &[1], 1);
    assert_eq!(answer.status, Status::UNSUCCESSFUL);
    let finding = only(&findings, Rule::IrpNotCompleted, "IRP_MJ_DEVICE_CONTROL");
    assert_eq!(finding.driver, "filter");
}

filter!(twice_entry, twice, |device, irp| {
    skip(irp);
    let status = send(below(device), irp);
    if status == SUCCESS {
        call!(IofCompleteRequest(irp, 0));
    }
    status
});

#[test]
fn a_filter_that_completes_what_is_completed_below_is_found() {
    let (_, findings) = through(twice_entry, inverts_one_entry, &[1], 1);
    assert!(
        findings
            .iter()
            .all(|it| it.rule == Rule::IrpTwice && it.driver == "filter")
    );
    assert!(!findings.is_empty());
}

unsafe extern "system" fn never_called(_: PDEVICE_OBJECT, _: PIRP) {
    panic!("the request is not cancelled");
}

filter!(keeps_cancel_entry, keeps_cancel, |device, irp| {
    // SAFETY: the driver has the request.
    unsafe { (*irp).CancelRoutine = Some(never_called) };
    skip(irp);
    send(below(device), irp)
});

#[test]
fn a_request_that_is_passed_on_with_a_cancel_routine_is_found() {
    let (_, findings) = through(keeps_cancel_entry, inverts_one_entry, &[1], 1);
    assert!(!findings.is_empty());
    for finding in findings {
        assert_eq!(
            (finding.rule, finding.call.as_str()),
            (Rule::IrpCancel, "IofCallDriver")
        );
        assert_eq!(finding.driver, "filter");
    }
}

/// The request that a driver has.
static KEPT: AtomicPtr<IRP> = AtomicPtr::new(null_mut());

controls!(holds_entry, holds, |irp| {
    mark(irp);
    KEPT.store(irp, Ordering::Release);
    PENDING
});

#[test]
fn a_filter_that_goes_before_its_requests_is_found() {
    let (machine, driver) = loaded(holds_entry);
    let filter = load(&machine, "filter", adds_entry).expect("it loads");
    let app = machine.process("app.exe");
    let thread = app.enter();
    let device = thread.open_device_overlapped(DEVICE).expect("it opens");
    let pending = device.start_control(BUFFERED, &[1], 1).expect("it is sent");
    machine.unload(filter).expect("it unloads");
    let findings = machine.report().findings;
    assert_eq!(
        only(&findings, Rule::IrpLeft, "DriverUnload").driver,
        "filter"
    );
    // Its completion routine is not called any more.
    in_kernel(&machine, || {
        complete(KEPT.load(Ordering::Acquire), SUCCESS, 1)
    });
    assert_eq!(pending.wait().output, [1]);
    drop(device);
    machine.unload(driver).expect("it unloads");
    assert_eq!(machine.report().findings.len(), 1);
}

pub(crate) use filter;
