//! Loading and unloading.

use std::ptr::null_mut;

use wdm_sim::{LoadDriverError, Machine, Profile, Rule, Status, UnloadError};
use wdm_sys::{_OSVERSIONINFOW as RTL_OSVERSIONINFOW, NTSTATUS, PDRIVER_OBJECT, PUNICODE_STRING};

use crate::support::{
    NAME_COLLISION, SUCCESS, Text, UNSUCCESSFUL, call, entry, in_kernel, load, machine, nothing,
    only, set_unload,
};

const TAG: u32 = u32::from_le_bytes(*b"Test");

entry! {
    fn well_behaved(_driver) {
        SUCCESS
    }
}

#[test]
fn a_well_behaved_driver_comes_and_goes() {
    let machine = machine();
    let driver = load(&machine, "tested", well_behaved).expect("it loads");
    assert_eq!(driver.name(), "tested");
    assert!(!driver.object().is_null());
    assert_eq!(machine.report().drivers, ["tested"]);
    machine.unload(driver).expect("it unloads");
    let report = machine.report();
    assert!(
        report.drivers.is_empty() && report.findings.is_empty(),
        "{report:#?}"
    );
}

/// Prints what the kernel tells the driver about itself.
unsafe extern "system" fn prints_itself(driver: PDRIVER_OBJECT, path: PUNICODE_STRING) -> NTSTATUS {
    set_unload(driver, Some(nothing));
    // SAFETY: the kernel gave the driver its own object.
    let driver = unsafe { &*driver };
    // SAFETY: the object's extension is as valid as the object.
    let extension = unsafe { &*driver.DriverExtension };
    let arguments = [
        path as u64,
        (&raw const driver.DriverName) as u64,
        (&raw const extension.ServiceKeyName) as u64,
        u64::from(std::ptr::eq(extension.DriverObject, driver)),
        driver.Size as u64,
    ];
    call!(vDbgPrintExWithPrefix(
        c"".as_ptr(),
        0,
        0,
        c"%wZ %wZ %wZ %d %d\n".as_ptr(),
        arguments.as_ptr().cast_mut().cast()
    ));
    SUCCESS
}

#[test]
fn a_driver_gets_its_object_and_its_service_key() {
    let machine = machine();
    let driver = load(&machine, "tested", prints_itself).expect("it loads");
    let size = size_of::<wdm_sys::DRIVER_OBJECT>();
    let expected = format!(
        r"\REGISTRY\MACHINE\SYSTEM\ControlSet001\Services\tested \Driver\tested tested 1 {size}"
    );
    assert_eq!(machine.report().debug_print, [expected]);
    machine.unload(driver).expect("it unloads");
}

unsafe extern "system" fn fails(_: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    UNSUCCESSFUL
}

/// Fails and leaves an allocation behind.
unsafe extern "system" fn fails_untidily(_: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    assert!(!call!(ExAllocatePoolWithTag(wdm_sys::PagedPool, 100, TAG)).is_null());
    UNSUCCESSFUL
}

#[test]
fn a_driver_that_fails_is_not_loaded() {
    let machine = machine();
    let error = load(&machine, "tested", fails).expect_err("it fails");
    let LoadDriverError::Init { name, status } = &error else {
        panic!("expected the failure of DriverEntry: {error}");
    };
    assert_eq!((name.as_str(), *status), ("tested", Status(UNSUCCESSFUL)));
    let line = error.to_string();
    assert!(
        line.contains("tested") && line.contains("0xC0000001"),
        "{line}"
    );
    assert_eq!(line.lines().count(), 1);
    let report = machine.report();
    assert!(
        report.drivers.is_empty() && report.findings.is_empty(),
        "{report:#?}"
    );
    load(&machine, "tested", fails_untidily).expect_err("it fails");
    let report = machine.report();
    let finding = only(&report.findings, Rule::PoolLeak, "DriverEntry");
    assert!(finding.detail.contains("'Test'"), "{finding}");
    // The name is free again.
    let driver = load(&machine, "tested", well_behaved).expect("it loads");
    machine.unload(driver).expect("it unloads");
}

/// Sets no unload routine.
unsafe extern "system" fn stays(_: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    SUCCESS
}

#[test]
fn a_driver_without_an_unload_routine_stays() {
    let machine = machine();
    let driver = load(&machine, "tested", stays).expect("it loads");
    let error = machine.unload(driver).expect_err("it cannot be unloaded");
    assert!(
        matches!(&error, UnloadError::NoUnloadRoutine(name) if name == "tested"),
        "{error}"
    );
    assert_eq!(machine.report().drivers, ["tested"]);
}

#[test]
fn names_are_checked() {
    let machine = machine();
    let driver = load(&machine, "tested", well_behaved).expect("it loads");
    let again = load(&machine, "TESTED", well_behaved).expect_err("the name is taken");
    assert!(
        matches!(again, LoadDriverError::AlreadyLoaded(_)),
        "{again}"
    );
    for name in ["", r"a\b"] {
        let bad = load(&machine, name, well_behaved).expect_err("no service has that name");
        assert!(matches!(bad, LoadDriverError::BadName(_)), "{bad}");
    }
    let other = crate::support::machine();
    let error = other.unload(driver).expect_err("it is not loaded there");
    assert!(matches!(error, UnloadError::OtherMachine(_)), "{error}");
}

#[test]
fn a_missing_file_is_one_line() {
    // SAFETY: there is no such file.
    let missing = unsafe { machine().load_sys("/no/such/driver.sys") };
    let error = missing.expect_err("there is none");
    let line = error.to_string();
    assert!(
        line.contains("/no/such/driver.sys") && line.lines().count() == 1,
        "{line}"
    );
}

/// Uses two driver-object extensions, as the documentation allows.
unsafe extern "system" fn extends(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    set_unload(driver, Some(nothing));
    let clients = [1, 2].map(std::ptr::without_provenance_mut);
    for (client, size) in clients.into_iter().zip([100, 1]) {
        let mut extension = null_mut();
        let status = call!(IoAllocateDriverObjectExtension(
            driver,
            client,
            size,
            &raw mut extension
        ));
        assert_eq!(status, SUCCESS);
        let bytes = extension.cast::<u8>();
        // SAFETY: the kernel gave that many bytes.
        let bytes = unsafe { std::slice::from_raw_parts_mut(bytes, size as usize) };
        assert!(
            bytes.iter().all(|&byte| byte == 0),
            "the extension is zeroed"
        );
        bytes.fill(7);
        assert_eq!(call!(IoGetDriverObjectExtension(driver, client)), extension);
    }
    assert!(
        call!(IoGetDriverObjectExtension(
            driver,
            std::ptr::without_provenance_mut(3)
        ))
        .is_null()
    );
    SUCCESS
}

#[test]
fn extensions_live_until_the_driver_goes() {
    let machine = machine();
    let driver = load(&machine, "tested", extends).expect("it loads");
    in_kernel(&machine, || {
        let client = std::ptr::without_provenance_mut(1);
        let mut extension = null_mut();
        let again = call!(IoAllocateDriverObjectExtension(
            driver.object(),
            client,
            8,
            &raw mut extension
        ));
        assert_eq!((again, extension), (NAME_COLLISION, null_mut()));
    });
    machine.unload(driver).expect("it unloads");
    let report = machine.report();
    only(
        &report.findings,
        Rule::DriverExtension,
        "IoAllocateDriverObjectExtension",
    );
}

#[test]
fn a_foreign_driver_object_is_refused() {
    let machine = machine();
    in_kernel(&machine, || {
        let mut extension = null_mut();
        let driver = std::ptr::dangling_mut();
        let status = call!(IoAllocateDriverObjectExtension(
            driver,
            null_mut(),
            8,
            &raw mut extension
        ));
        assert_eq!(status, crate::support::INVALID_PARAMETER);
    });
    let report = machine.report();
    only(
        &report.findings,
        Rule::Parameter,
        "IoAllocateDriverObjectExtension",
    );
}

#[test]
fn the_version_is_the_profiles() {
    let machine = Machine::builder().profile(Profile::Win8).build();
    let machine = machine.expect("it builds");
    in_kernel(&machine, || {
        // SAFETY: all-zero bytes are valid for numbers.
        let mut version: RTL_OSVERSIONINFOW = unsafe { std::mem::zeroed() };
        version.dwOSVersionInfoSize = size_of::<RTL_OSVERSIONINFOW>() as u32;
        assert_eq!(call!(RtlGetVersion(&raw mut version)), SUCCESS);
        let found = (
            version.dwMajorVersion,
            version.dwMinorVersion,
            version.dwBuildNumber,
        );
        assert_eq!(found, (6, 3, 9600));
        version.dwOSVersionInfoSize = 1;
        call!(RtlGetVersion(&raw mut version));
    });
    let report = machine.report();
    only(&report.findings, Rule::Parameter, "RtlGetVersion");
}

#[test]
fn devices_have_names_and_links() {
    let machine = machine();
    let driver = load(&machine, "tested", well_behaved).expect("it loads");
    let object = driver.object();
    in_kernel(&machine, || {
        let mut name = Text::new(r"\Device\Tested");
        let mut device = null_mut();
        let create = |name: PUNICODE_STRING, device: *mut wdm_sys::PDEVICE_OBJECT| {
            call!(IoCreateDevice(object, 24, name, 0x22, 0x100, 0, device))
        };
        assert_eq!(create(name.as_ptr(), &raw mut device), SUCCESS);
        let mut other = null_mut();
        assert_eq!(create(name.as_ptr(), &raw mut other), NAME_COLLISION);
        assert_eq!(create(null_mut(), &raw mut other), SUCCESS);
        // SAFETY: the kernel made the device.
        let (made, second) = unsafe { (&*device, other) };
        assert_eq!((made.DeviceType, made.Characteristics), (0x22, 0x100));
        assert_eq!(made.DriverObject, object);
        assert!(!made.DeviceExtension.is_null());
        // SAFETY: the driver is loaded.
        let first_of = || unsafe { (*object).DeviceObject };
        assert_eq!(
            first_of(),
            second,
            "the newest device is the first of its driver"
        );

        let mut link = Text::new(r"\??\Tested");
        assert_eq!(
            call!(IoCreateSymbolicLink(link.as_ptr(), name.as_ptr())),
            SUCCESS
        );
        assert_eq!(
            call!(IoCreateSymbolicLink(link.as_ptr(), name.as_ptr())),
            NAME_COLLISION
        );
        assert_eq!(call!(IoDeleteSymbolicLink(link.as_ptr())), SUCCESS);
        assert_eq!(
            call!(IoDeleteSymbolicLink(link.as_ptr())),
            crate::support::NAME_NOT_FOUND
        );
        call!(IoDeleteDevice(device));
        assert_eq!(first_of(), second);
        call!(IoDeleteDevice(second));
        assert!(first_of().is_null());
        assert!(machine.report().findings.is_empty());
        call!(IoDeleteDevice(second));
    });
    only(&machine.report().findings, Rule::Device, "IoDeleteDevice");
    machine.unload(driver).expect("it unloads");
}

/// Makes a device that its unload routine deletes.
unsafe extern "system" fn has_a_device(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    unsafe extern "system" fn unload(driver: PDRIVER_OBJECT) {
        // SAFETY: the kernel gave the driver its own object.
        let device = unsafe { (*driver).DeviceObject };
        call!(IoDeleteDevice(device));
    }
    set_unload(driver, Some(unload));
    let mut device = null_mut();
    let status = call!(IoCreateDevice(
        driver,
        0,
        null_mut(),
        0x22,
        0,
        1,
        &raw mut device
    ));
    // SAFETY: the kernel made the device.
    let flags = unsafe { (*device).Flags };
    assert_eq!(flags & 0x88, 0x88, "initialising, exclusive");
    status
}

#[test]
fn a_device_is_initialised_when_the_driver_is() {
    let machine = machine();
    let driver = load(&machine, "tested", has_a_device).expect("it loads");
    // SAFETY: the driver is loaded.
    let device = unsafe { (*driver.object()).DeviceObject };
    // SAFETY: the driver made the device.
    let flags = unsafe { (*device).Flags };
    assert_eq!(flags & 0x88, 0x08, "exclusive only");
    machine.unload(driver).expect("it unloads");
    assert!(machine.report().findings.is_empty());
}
