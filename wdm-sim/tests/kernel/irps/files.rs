//! Files of devices: opening, closing, and who comes first.

use wdm_sim::{Status, UnloadError};
use wdm_sys::{
    _DEVICE_OBJECT as DEVICE_OBJECT, _IRP as IRP, NTSTATUS, PDRIVER_OBJECT, PUNICODE_STRING, PVOID,
};

use super::*;
use crate::support::{ACCESS_DENIED, SUCCESS, call};

/// Prints each major function with the name of the file.
unsafe extern "system" fn prints(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: the kernel gave the request's file object.
    let file = unsafe { &*location(irp).FileObject };
    let mode = request(irp).RequestorMode;
    let arguments = [
        u64::from(major(irp)),
        mode as u64,
        &raw const file.FileName as u64,
    ];
    call!(vDbgPrintExWithPrefix(
        c"".as_ptr(),
        0,
        0,
        c"%x from %d for '%wZ'\n".as_ptr(),
        arguments.as_ptr().cast_mut().cast()
    ));
    complete(irp, SUCCESS, 0)
}
device_driver!(prints_entry, prints);

#[test]
fn a_device_is_opened_by_all_its_names_and_closed() {
    let (machine, driver) = loaded(prints_entry);
    let app = machine.process("app.exe");
    let thread = app.enter();
    for name in [DEVICE, r"\??\link", r"\DosDevices\Link", r"\GLOBAL??\Link"] {
        thread
            .open_device(name)
            .expect("it opens")
            .close()
            .expect("it closes");
    }
    drop(thread.open_device(r"\??\Link\below").expect("it opens"));
    let mut expected = ["0 from 1 for ''", "12 from 0 for ''", "2 from 0 for ''"].repeat(4);
    let below = [
        "0 from 1 for '\\below'",
        "12 from 0 for '\\below'",
        "2 from 0 for '\\below'",
    ];
    expected.extend(below);
    assert_eq!(machine.report().debug_print, expected);
    machine.unload(driver).expect("it unloads");
    assert!(machine.report().findings.is_empty());
}

#[test]
fn names_that_lead_to_no_device_are_told_apart() {
    let (machine, driver) = loaded(prints_entry);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let refused = |name: &str| thread.open_device(name).expect_err("there is none");
    assert_eq!(refused(r"\Device\Other"), Status::OBJECT_NAME_NOT_FOUND);
    assert_eq!(refused(r"\??\Other"), Status::OBJECT_NAME_NOT_FOUND);
    assert_eq!(
        refused(r"\Device\Other\below"),
        Status::OBJECT_PATH_NOT_FOUND
    );
    assert_eq!(refused("Device"), Status::OBJECT_PATH_SYNTAX_BAD);
    machine.unload(driver).expect("it unloads");
    assert_eq!(refused(DEVICE), Status::OBJECT_NAME_NOT_FOUND);
}

unsafe extern "system" fn silent(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    set_routines(driver, &[]);
    make_device(driver, false);
    SUCCESS
}

#[test]
fn a_device_without_a_create_routine_does_not_open() {
    let (machine, driver) = loaded(silent);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let refused = thread.open_device(DEVICE).expect_err("nothing opens it");
    assert_eq!(refused, Status::INVALID_DEVICE_REQUEST);
    machine.unload(driver).expect("nothing is open");
}

unsafe extern "system" fn exclusive(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    set_routines(driver, &[(CREATE, Some(prints))]);
    make_device(driver, true);
    SUCCESS
}

#[test]
fn an_exclusive_device_opens_once_at_a_time() {
    let (machine, _driver) = loaded(exclusive);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let first = thread.open_device(DEVICE).expect("it opens");
    let second = thread.open_device(DEVICE).expect_err("it is open");
    assert_eq!(second, Status(ACCESS_DENIED));
    drop(first);
    drop(thread.open_device(DEVICE).expect("it opens again"));
}

#[test]
fn a_device_that_is_initialising_does_not_open() {
    let (machine, driver) = loaded(prints_entry);
    // SAFETY: the driver is loaded.
    let device = unsafe { (*driver.object()).DeviceObject };
    // SAFETY: it is the driver's only device.
    let flags = unsafe { &raw mut (*device).Flags };
    // SAFETY: as above.
    unsafe { *flags |= 0x80 };
    let app = machine.process("app.exe");
    let thread = app.enter();
    let refused = thread.open_device(DEVICE).expect_err("it is not ready");
    assert_eq!(refused, Status::NO_SUCH_DEVICE);
    // SAFETY: as above.
    unsafe { *flags &= !0x80 };
    drop(thread.open_device(DEVICE).expect("it is ready"));
}

#[test]
fn a_driver_whose_device_is_open_is_not_unloaded() {
    let (machine, driver) = loaded(prints_entry);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let _open = thread.open_device(DEVICE).expect("it opens");
    let error = machine.unload(driver).expect_err("a file is open");
    assert!(matches!(error, UnloadError::DeviceOpen(_)), "{error}");
    assert_eq!(machine.report().drivers, ["tested"]);
}

/// Takes a reference to the file object of the request.
unsafe extern "system" fn keeps(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    let file: PVOID = location(irp).FileObject.cast();
    match major(irp) {
        CONTROL => drop(call!(ObfReferenceObject(file))),
        CLEANUP => drop(call!(ObfDereferenceObject(file))),
        _ => {}
    }
    complete(irp, SUCCESS, 0)
}
device_driver!(keeps_entry, keeps);

#[test]
fn a_driver_can_reference_the_file_object() {
    let (answer, findings) = control(keeps_entry, BUFFERED, &[], 0);
    assert_eq!(answer.status, Status::SUCCESS);
    assert!(findings.is_empty(), "{findings:#?}");
}
