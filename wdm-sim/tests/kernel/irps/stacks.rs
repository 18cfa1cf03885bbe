//! Stacks of devices: what is attached to what, and who keeps it.

use std::ptr::null_mut;

use wdm_sim::{Driver, Machine, Rule};
use wdm_sys::{
    _DEVICE_OBJECT as DEVICE_OBJECT, _IRP as IRP, NTSTATUS, PDEVICE_OBJECT, PDRIVER_OBJECT,
    PFILE_OBJECT, PUNICODE_STRING,
};

use super::filters::{attach, below, detach, filter};
use super::*;
use crate::support::{NAME_NOT_FOUND, SUCCESS, Text, call, in_kernel, load, only};

unsafe extern "system" {
    fn IoAttachDeviceToDeviceStack(
        source: PDEVICE_OBJECT,
        target: PDEVICE_OBJECT,
    ) -> PDEVICE_OBJECT;
    fn IoDetachDevice(lower: PDEVICE_OBJECT);
    fn IoGetAttachedDeviceReference(device: PDEVICE_OBJECT) -> PDEVICE_OBJECT;
    fn IoGetDeviceObjectPointer(
        name: PUNICODE_STRING,
        access: u32,
        file: *mut PFILE_OBJECT,
        device: *mut PDEVICE_OBJECT,
    ) -> NTSTATUS;
}

const FILE_READ_DATA: u32 = 1;

filter!(skips_entry, skips, |device, irp| {
    skip(irp);
    send(below(device), irp)
});

controls!(inverts_one_entry, inverts_one, |irp| {
    change_byte(irp, |byte| !byte);
    complete(irp, SUCCESS, 1)
});

/// The machine, with a driver and a filter above it.
fn stacked() -> (Machine, Driver, Driver) {
    let (machine, driver) = loaded(inverts_one_entry);
    let filter = load(&machine, "filter", skips_entry).expect("it loads");
    (machine, driver, filter)
}

fn device_of(driver: &Driver) -> PDEVICE_OBJECT {
    // SAFETY: the driver is loaded.
    unsafe { (*driver.object()).DeviceObject }
}

#[test]
fn a_stack_is_as_high_as_its_devices() {
    let (machine, driver, filter) = stacked();
    let (low, high) = (device_of(&driver), device_of(&filter));
    // SAFETY: both devices live until their drivers are unloaded.
    assert_eq!(unsafe { (*high).StackSize }, 2);
    // SAFETY: as above.
    assert_eq!(unsafe { (*low).AttachedDevice }, high);
    in_kernel(&machine, || {
        // SAFETY: as above.
        let top = unsafe { IoGetAttachedDeviceReference(low) };
        assert_eq!(top, high);
        call!(ObfDereferenceObject(top.cast()));
        // SAFETY: as above; the filter cannot be attached twice.
        let again = unsafe { IoAttachDeviceToDeviceStack(high, low) };
        assert!(again.is_null());
    });
    let finding = machine.report().findings;
    only(&finding, Rule::DeviceStack, "IoAttachDeviceToDeviceStack");
}

#[test]
fn a_filter_that_comes_after_an_open_gets_the_files_end() {
    let (machine, driver) = loaded(inverts_one_entry);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let device = thread.open_device(DEVICE).expect("it opens");
    let filter = load(&machine, "filter", prints_major_entry).expect("it loads");
    assert_eq!(device.control(BUFFERED, &[1], 1).output, [0xFE]);
    drop(device);
    assert_eq!(machine.report().debug_print, ["14", "18", "2"]);
    machine.unload(filter).expect("it unloads");
    machine.unload(driver).expect("it unloads");
    assert_eq!(machine.report().findings, []);
}

filter!(prints_major_entry, prints_major, |device, irp| {
    let arguments = [u64::from(major(irp))];
    let arguments = arguments.as_ptr().cast_mut().cast();
    call!(vDbgPrintExWithPrefix(
        c"".as_ptr(),
        0,
        0,
        c"%d\n".as_ptr(),
        arguments
    ));
    skip(irp);
    send(below(device), irp)
});

unsafe extern "system" fn only_deletes(driver: PDRIVER_OBJECT) {
    // SAFETY: the kernel gave the driver its own object.
    let device = unsafe { (*driver).DeviceObject };
    call!(IoDeleteDevice(device));
}

#[test]
fn a_device_that_is_deleted_in_its_stack_is_found() {
    let (machine, driver, filter) = stacked();
    crate::support::set_unload(filter.object(), Some(only_deletes));
    machine.unload(filter).expect("it unloads");
    let finding = only(
        &machine.report().findings,
        Rule::DeviceStack,
        "IoDeleteDevice",
    )
    .clone();
    assert_eq!(finding.driver, "filter");
    // The stack goes on without it.
    let app = machine.process("app.exe");
    let thread = app.enter();
    drop(thread.open_device(DEVICE).expect("it opens"));
    machine.unload(driver).expect("it unloads");
}

#[test]
fn a_device_that_is_deleted_below_another_is_found() {
    let (machine, driver, filter) = stacked();
    machine.unload(driver).expect("it unloads");
    let finding = only(
        &machine.report().findings,
        Rule::DeviceStack,
        "IoDeleteDevice",
    )
    .clone();
    assert_eq!(finding.driver, "tested");
    drop(filter);
}

#[test]
fn a_device_that_nothing_is_attached_to_is_not_detached() {
    let (machine, driver) = loaded(inverts_one_entry);
    let device = device_of(&driver);
    // SAFETY: the device lives until its driver is unloaded.
    in_kernel(&machine, || unsafe { IoDetachDevice(device) });
    only(
        &machine.report().findings,
        Rule::DeviceStack,
        "IoDetachDevice",
    );
}

#[test]
fn a_driver_opens_another_drivers_device_by_its_name() {
    let (machine, driver) = loaded(inverts_one_entry);
    let filter = load(&machine, "filter", skips_entry).expect("it loads");
    in_kernel(&machine, || {
        let (mut file, mut device) = (null_mut(), null_mut());
        let mut name = Text::new(DEVICE);
        let (to_file, to_device) = (&raw mut file, &raw mut device);
        // SAFETY: the name is a string, and there are places for both.
        let status =
            unsafe { IoGetDeviceObjectPointer(name.as_ptr(), FILE_READ_DATA, to_file, to_device) };
        assert_eq!((status, device), (SUCCESS, device_of(&filter)));
        // SAFETY: the file object is referenced.
        assert_eq!(unsafe { (*file).DeviceObject }, device_of(&driver));
        call!(ObfDereferenceObject(file.cast()));
        let mut name = Text::new(r"\Device\Other");
        // SAFETY: as above.
        let status =
            unsafe { IoGetDeviceObjectPointer(name.as_ptr(), FILE_READ_DATA, to_file, to_device) };
        assert_eq!(status, NAME_NOT_FOUND);
    });
    machine.unload(filter).expect("it unloads");
    machine.unload(driver).expect("no file is open");
    assert_eq!(machine.report().findings, []);
}
