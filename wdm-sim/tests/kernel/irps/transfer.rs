//! Reads, writes, flushes and shutdowns.

use std::ptr::null_mut;

use wdm_sim::{LinkedEntry, Rule, Status};
use wdm_sys::{
    _DEVICE_OBJECT as DEVICE_OBJECT, _IRP as IRP, LARGE_INTEGER, NTSTATUS, PDEVICE_OBJECT,
    PDRIVER_OBJECT, PIRP, PUNICODE_STRING,
};

use super::*;
use crate::support::{SUCCESS, call, only};

unsafe extern "system" {
    fn IoRegisterShutdownNotification(device: PDEVICE_OBJECT) -> NTSTATUS;
    fn IoUnregisterShutdownNotification(device: PDEVICE_OBJECT);
}

const DO_BUFFERED_IO: u32 = 0x4;
const DO_DIRECT_IO: u32 = 0x10;
/// How many bytes the device has.
const SIZE: usize = 16;

/// Length and offset of a read or a write.
fn transfer(irp: PIRP) -> (usize, usize) {
    // SAFETY: the kernel gave a read, or a write whose parameters lie in the same places.
    let parameters = unsafe { location(irp).Parameters.Read };
    // SAFETY: an offset is a number.
    let offset = unsafe { parameters.ByteOffset.QuadPart };
    (parameters.Length as usize, offset as usize)
}

/// Where the bytes of a read or a write are, as the device's flags say.
fn bytes(device: PDEVICE_OBJECT, irp: PIRP) -> *mut u8 {
    // SAFETY: the kernel gave the driver's device.
    let flags = unsafe { (*device).Flags };
    match flags {
        _ if flags & DO_BUFFERED_IO != 0 => system_buffer(irp),
        // SAFETY: the request has a list.
        _ if flags & DO_DIRECT_IO != 0 => unsafe {
            (*request(irp).MdlAddress).MappedSystemVa.cast()
        },
        _ => request(irp).UserBuffer.cast(),
    }
}

/// A device with some bytes, which moves a file's position.
unsafe extern "system" fn stores(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: the device has an extension of so many bytes.
    let store = unsafe { (*device).DeviceExtension.cast::<u8>() };
    if !matches!(major(irp), READ | WRITE) {
        return complete(irp, SUCCESS, 0);
    }
    let (length, offset) = transfer(irp);
    let length = length.min(SIZE - offset);
    if length == 0 {
        return complete(irp, SUCCESS, 0);
    }
    let (place, bytes) = (store.wrapping_add(offset), bytes(device, irp));
    match major(irp) {
        // SAFETY: both have so many bytes.
        READ => unsafe { place.copy_to(bytes, length) },
        // SAFETY: as above.
        _ => unsafe { bytes.copy_to(place, length) },
    }
    // SAFETY: the kernel gave the request's file object.
    let position = unsafe { &raw mut (*location(irp).FileObject).CurrentByteOffset };
    let after = LARGE_INTEGER {
        QuadPart: (offset + length) as i64,
    };
    // SAFETY: as above.
    unsafe { position.write(after) };
    complete(irp, SUCCESS, length)
}

/// Makes a device with an extension, and with flags.
fn make(driver: PDRIVER_OBJECT, flags: u32) -> PDEVICE_OBJECT {
    set_routines(driver, &MAJORS.map(|major| (major, Some(stores as _))));
    let mut name = Text::new(DEVICE);
    let mut device = null_mut();
    let status = call!(IoCreateDevice(
        driver,
        SIZE as u32,
        name.as_ptr(),
        0x22,
        0,
        0,
        &raw mut device
    ));
    assert_eq!(status, SUCCESS, "the device is made");
    // SAFETY: the device was made just now.
    unsafe { (*device).Flags |= flags };
    device
}

unsafe extern "system" fn buffered(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    make(driver, DO_BUFFERED_IO);
    SUCCESS
}

unsafe extern "system" fn direct(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    make(driver, DO_DIRECT_IO);
    SUCCESS
}

unsafe extern "system" fn neither(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    make(driver, 0);
    SUCCESS
}

#[test]
fn reads_and_writes_pass_their_bytes_as_the_devices_flags_say() {
    for entry in [buffered as LinkedEntry, direct, neither] {
        let (machine, driver) = loaded(entry);
        let app = machine.process("app.exe");
        let thread = app.enter();
        let device = thread.open_device(DEVICE).expect("it opens");
        assert_eq!(device.write_at(2, b"abc"), (Status::SUCCESS, 3));
        let answer = device.read_at(1, 5);
        assert_eq!(answer.status, Status::SUCCESS);
        assert_eq!(answer.output, b"\0abc\0");
        assert_eq!(device.read_at(12, 8).output, [0; 4]);
        assert!(device.read_at(0, 0).output.is_empty());
        assert_eq!(device.flush(), Status::SUCCESS);
        drop(device);
        machine.unload(driver).expect("it unloads");
        assert_eq!(machine.report().findings, []);
    }
}

#[test]
fn a_read_without_an_offset_begins_where_the_file_object_says() {
    let (machine, _driver) = loaded(buffered);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let device = thread.open_device(DEVICE).expect("it opens");
    assert_eq!(device.write(b"ab"), (Status::SUCCESS, 2));
    assert_eq!(device.write(b"cd"), (Status::SUCCESS, 2));
    assert_eq!(device.read_at(0, 3).output, b"abc");
    assert_eq!(device.read(2).output, b"d\0");
}

#[test]
fn a_file_for_overlapped_requests_has_no_position() {
    let (machine, _driver) = loaded(buffered);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let device = thread.open_device_overlapped(DEVICE).expect("it opens");
    assert_eq!(device.read(1).status, Status::INVALID_PARAMETER);
    assert_eq!(device.write(b"a"), (Status::INVALID_PARAMETER, 0));
    let read = device.start_read(0, 1).expect("it is sent");
    assert_eq!(read.wait().output, [0]);
    let write = device.start_write(3, b"a").expect("it is sent");
    assert_eq!(write.wait().status, Status::SUCCESS);
    assert_eq!(device.read_at(3, 1).output, b"a");
}

unsafe extern "system" fn exaggerates(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    match major(irp) {
        READ | WRITE => complete(irp, SUCCESS, transfer(irp).0 + 1),
        _ => complete(irp, SUCCESS, 0),
    }
}
device_driver!(exaggerates_entry, exaggerates);

#[test]
fn more_information_than_was_asked_for_is_found() {
    for (reads, name) in [(true, "IRP_MJ_READ"), (false, "IRP_MJ_WRITE")] {
        let (machine, driver) = loaded(exaggerates_entry);
        let app = machine.process("app.exe");
        let thread = app.enter();
        let device = thread.open_device(DEVICE).expect("it opens");
        match reads {
            true => assert_eq!(device.read_at(0, 4).output.len(), 4),
            false => assert_eq!(device.write_at(0, b"four").1, 4),
        }
        drop(device);
        machine.unload(driver).expect("it unloads");
        only(&machine.report().findings, Rule::IrpInformation, name);
    }
}

unsafe extern "system" fn opens_only(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    set_routines(driver, &[(CREATE, Some(stores))]);
    make_device(driver, false);
    SUCCESS
}

#[test]
fn a_major_function_that_is_not_set_refuses_its_requests() {
    let (machine, driver) = loaded(opens_only);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let device = thread.open_device(DEVICE).expect("it opens");
    let refused = Status::INVALID_DEVICE_REQUEST;
    assert_eq!(device.read_at(0, 1).status, refused);
    assert_eq!(device.write_at(0, b"a"), (refused, 0));
    assert_eq!(device.control(BUFFERED, &[], 0).status, refused);
    assert_eq!(device.flush(), refused);
    drop(device);
    machine.unload(driver).expect("it unloads");
    assert_eq!(machine.report().findings, []);
}

/// Prints each shutdown.
unsafe extern "system" fn tells_shutdown(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    if major(irp) == SHUTDOWN {
        say(c"down\n");
    }
    complete(irp, SUCCESS, 0)
}

fn register_device(driver: PDRIVER_OBJECT) -> PDEVICE_OBJECT {
    set_routines(driver, &[(SHUTDOWN, Some(tells_shutdown))]);
    let device = make_device(driver, false);
    // SAFETY: the device was made just now.
    let status = unsafe { IoRegisterShutdownNotification(device) };
    assert_eq!(status, SUCCESS);
    device
}

unsafe extern "system" fn unregisters(driver: PDRIVER_OBJECT) {
    // SAFETY: the kernel gave the driver its own object.
    let device = unsafe { (*driver).DeviceObject };
    // SAFETY: it is the driver's device.
    unsafe { IoUnregisterShutdownNotification(device) };
    call!(IoDeleteDevice(device));
}

unsafe extern "system" fn registers(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    register_device(driver);
    crate::support::set_unload(driver, Some(unregisters));
    SUCCESS
}

#[test]
fn a_registered_device_is_told_of_the_shutdown() {
    let (machine, driver) = loaded(registers);
    machine.shut_down();
    assert_eq!(machine.report().debug_print, ["down"]);
    machine.unload(driver).expect("it unloads");
    machine.shut_down();
    assert_eq!(machine.report().debug_print, ["down"]);
    assert_eq!(machine.report().findings, []);
}

unsafe extern "system" fn stays_registered(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    register_device(driver);
    SUCCESS
}

#[test]
fn a_device_that_is_deleted_while_registered_is_found() {
    let (machine, driver) = loaded(stays_registered);
    machine.unload(driver).expect("it unloads");
    machine.shut_down();
    only(&machine.report().findings, Rule::Device, "IoDeleteDevice");
}
