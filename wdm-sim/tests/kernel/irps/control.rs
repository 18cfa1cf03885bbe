//! Device control.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use wdm_sim::{Rule, Status};
use wdm_sys::{
    _DEVICE_OBJECT as DEVICE_OBJECT, _IRP as IRP, NTSTATUS, PDRIVER_OBJECT, PIRP, PUNICODE_STRING,
    PVOID,
};

use super::*;
use crate::support::{SUCCESS, UNSUCCESSFUL, call, only};

unsafe extern "system" {
    fn IoGetRequestorProcess(irp: PIRP) -> PVOID;
    fn IoGetRequestorProcessId(irp: PIRP) -> u32;
    fn PsGetProcessId(process: PVOID) -> wdm_sys::HANDLE;
}

/// Answers by method: turns all bits of what it gets.
unsafe extern "system" fn inverts(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    if major(irp) != CONTROL {
        return complete(irp, SUCCESS, 0);
    }
    let (code, in_length, out_length) = parameters(irp);
    let system = system_buffer(irp);
    let user = request(irp).UserBuffer.cast::<u8>();
    let list = request(irp).MdlAddress;
    // SAFETY: the kernel gave a device-control request.
    let parameters = unsafe { location(irp).Parameters.DeviceIoControl };
    let type3 = parameters.Type3InputBuffer.cast::<u8>();
    let (input, output) = match code & 3 {
        0 => (system, system),
        3 => (type3, user),
        method => {
            // SAFETY: the caller gave an output buffer, so there is a list.
            let list = unsafe { &*list };
            assert_ne!(list.MdlFlags & MDL_MAPPED_TO_SYSTEM_VA, 0);
            assert_eq!(list.MdlFlags & MDL_WRITE_OPERATION != 0, method == 2);
            assert_eq!(list.ByteCount as usize, out_length);
            let start = list.StartVa.addr() + list.ByteOffset as usize;
            assert_eq!(start, list.MappedSystemVa.addr());
            (system, list.MappedSystemVa.cast::<u8>())
        }
    };
    let length = in_length.min(out_length);
    for at in 0..length {
        let (input, output) = (input.wrapping_add(at), output.wrapping_add(at));
        // SAFETY: both buffers have that many bytes.
        let byte = unsafe { input.read() };
        // SAFETY: as above.
        unsafe { output.write(!byte) };
    }
    let status = if in_length > out_length {
        OVERFLOW
    } else {
        SUCCESS
    };
    complete(irp, status, length)
}
device_driver!(inverts_entry, inverts);

#[test]
fn each_method_passes_input_and_output() {
    for code in [BUFFERED, IN_DIRECT, OUT_DIRECT, NEITHER] {
        let (answer, findings) = control(inverts_entry, code, &[0, 1, 2], 8);
        assert_eq!(answer.status, Status::SUCCESS, "{code:#x}");
        assert_eq!(answer.output, [0xFF, 0xFE, 0xFD], "{code:#x}");
        assert!(findings.is_empty(), "{findings:#?}");
    }
}

#[test]
fn a_warning_has_its_output() {
    let (answer, findings) = control(inverts_entry, BUFFERED, &[0, 1, 2], 2);
    assert_eq!(answer.status, Status(OVERFLOW));
    assert_eq!(answer.output, [0xFF, 0xFE]);
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn a_buffer_of_the_callers_is_read_through_the_list() {
    let (machine, driver) = loaded(reads_list_entry);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let device = thread.open_device(DEVICE).expect("it opens");
    let mut buffer = *b"abc";
    let (status, count) = device.control_with(IN_DIRECT, &[], &mut buffer);
    assert_eq!((status, count), (Status(i32::from(b'a')), 0));
    drop(device);
    machine.unload(driver).expect("it unloads");
}

/// Tells the first byte of the list's memory, as a status that carries it.
unsafe extern "system" fn reads_list(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    if major(irp) != CONTROL {
        return complete(irp, SUCCESS, 0);
    }
    // SAFETY: the request has a list.
    let list = unsafe { &*request(irp).MdlAddress };
    // SAFETY: it is mapped, and describes the caller's three bytes.
    let first = unsafe { *list.MappedSystemVa.cast::<u8>() };
    complete(irp, i32::from(first), 0)
}
device_driver!(reads_list_entry, reads_list);

/// Writes to the system buffer, and fails.
unsafe extern "system" fn fails(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    if major(irp) != CONTROL {
        return complete(irp, SUCCESS, 0);
    }
    complete(irp, UNSUCCESSFUL, 4)
}
device_driver!(fails_entry, fails);

#[test]
fn an_error_has_no_output() {
    let (answer, findings) = control(fails_entry, BUFFERED, &[1, 2, 3, 4], 4);
    assert_eq!(answer.status, Status(UNSUCCESSFUL));
    assert!(
        answer.output.is_empty() && findings.is_empty(),
        "{findings:#?}"
    );
}

controls!(forgets_entry, forgets, |_irp| SUCCESS);

#[test]
fn a_request_that_is_not_completed_is_found() {
    let (answer, findings) = control(forgets_entry, BUFFERED, &[], 0);
    assert_eq!(answer.status, Status::UNSUCCESSFUL);
    only(&findings, Rule::IrpNotCompleted, "IRP_MJ_DEVICE_CONTROL");
}

controls!(twice_entry, twice, |irp| {
    complete(irp, SUCCESS, 0);
    call!(IofCompleteRequest(irp, 0));
    SUCCESS
});

#[test]
fn a_request_that_is_completed_twice_is_found() {
    let (answer, findings) = control(twice_entry, BUFFERED, &[], 0);
    assert_eq!(answer.status, Status::SUCCESS);
    only(&findings, Rule::IrpTwice, "IofCompleteRequest");
}

controls!(differs_entry, differs, |irp| {
    complete(irp, UNSUCCESSFUL, 0);
    SUCCESS
});

#[test]
fn a_status_that_differs_from_the_completed_one_is_found() {
    let (answer, findings) = control(differs_entry, BUFFERED, &[], 0);
    assert_eq!(answer.status, Status(UNSUCCESSFUL));
    only(&findings, Rule::IrpStatus, "IRP_MJ_DEVICE_CONTROL");
}

controls!(unmarked_entry, unmarked, |_irp| PENDING);
controls!(marked_entry, marked, |irp| {
    mark(irp);
    complete(irp, SUCCESS, 0)
});

#[test]
fn marking_and_returning_pending_go_together() {
    for entry in [unmarked_entry as wdm_sim::LinkedEntry, marked_entry] {
        let (_, findings) = control(entry, BUFFERED, &[], 0);
        only(&findings, Rule::IrpPending, "IRP_MJ_DEVICE_CONTROL");
    }
}

controls!(too_much_entry, too_much, |irp| complete(irp, SUCCESS, 100));

#[test]
fn more_information_than_room_is_found() {
    let (answer, findings) = control(too_much_entry, BUFFERED, &[1], 2);
    assert_eq!(answer.output.len(), 2);
    only(&findings, Rule::IrpInformation, "IRP_MJ_DEVICE_CONTROL");
}

/// Completes the request from a thread of the driver's.
unsafe extern "system" fn completes_later(irp: PVOID) {
    let irp: PIRP = irp.cast();
    // SAFETY: the request's system buffer has a byte.
    unsafe { *system_buffer(irp) = 42 };
    complete(irp, SUCCESS, 1);
}

/// The thread that completes the request.
static COMPLETER: AtomicPtr<c_void> = AtomicPtr::new(null_mut());

/// Leaves device control to a thread, and waits for the thread when the file is closed.
unsafe extern "system" fn later(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    match major(irp) {
        CONTROL => {
            mark(irp);
            let mut handle = null_mut();
            let status = call!(PsCreateSystemThread(
                &raw mut handle,
                0x001F_FFFF,
                null_mut(),
                null_mut(),
                null_mut(),
                Some(completes_later),
                irp.cast()
            ));
            assert_eq!(status, SUCCESS, "the thread starts");
            COMPLETER.store(crate::support::object_of(handle), Ordering::Release);
            call!(ZwClose(handle));
            PENDING
        }
        CLEANUP => {
            let thread = COMPLETER.load(Ordering::Acquire);
            let waited = call!(KeWaitForSingleObject(thread, 0, 0, 0, null_mut()));
            assert_eq!(waited, SUCCESS);
            call!(ObfDereferenceObject(thread));
            complete(irp, SUCCESS, 0)
        }
        _ => complete(irp, SUCCESS, 0),
    }
}
device_driver!(later_entry, later);

#[test]
fn a_pending_request_is_completed_by_another_thread() {
    let (answer, findings) = control(later_entry, BUFFERED, &[], 1);
    assert_eq!(answer.status, Status::SUCCESS);
    assert_eq!(answer.output, [42]);
    assert!(findings.is_empty(), "{findings:#?}");
}

// Answers with the id of the process that the request comes from, as a status.
controls!(tells_requestor_entry, tells_requestor, |irp| {
    // SAFETY: the driver has the request.
    let id = unsafe { IoGetRequestorProcessId(irp) };
    // SAFETY: as above.
    let process = unsafe { IoGetRequestorProcess(irp) };
    // SAFETY: the process lives as long as the request.
    let same = unsafe { PsGetProcessId(process) };
    assert_eq!(same.addr(), id as usize);
    complete(irp, id as i32, 0)
});

#[test]
fn a_request_tells_the_process_that_it_comes_from() {
    let (machine, _driver) = loaded(tells_requestor_entry);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let device = thread.open_device(DEVICE).expect("it opens");
    let answer = device.control(BUFFERED, &[], 0);
    assert_eq!(answer.status, Status(app.id() as i32));
    drop(device);
    assert_eq!(machine.report().findings, []);
}
