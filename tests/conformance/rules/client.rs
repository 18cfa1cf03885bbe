//! W1 to W4.

use std::ptr;

use wdm_sim::{KeyChanges, Profile, Rule, Status, UserKey};
use wdm_sys::*;

use crate::support::*;

#[test]
fn w1_a_watch_tells_of_one_change_of_what_it_asked_for() {
    in_program(|_, thread| {
        let key = thread.open_key(TEST, ALL).unwrap();
        let below = key.create_key("Below", ALL).unwrap();
        // A self-relative descriptor that allows everybody everything: it has a DACL of NULL.
        let mut descriptor = [0; 20];
        descriptor[..4].copy_from_slice(&[1, 0, 4, 0x80]);
        let values = KeyChanges::VALUES;
        let all = KeyChanges::NAMES | KeyChanges::ATTRIBUTES | values | KeyChanges::SECURITY;
        type Change<'c> = (KeyChanges, &'c dyn Fn(&UserKey<'_>));
        let changes: [Change<'_>; 6] = [
            (KeyChanges::NAMES, &|key| {
                drop(key.create_key("New", ALL).unwrap())
            }),
            (KeyChanges::NAMES, &|key| {
                key.open_key("New", ALL).unwrap().delete().unwrap()
            }),
            (values, &|key| key.set_dword("Number", 1).unwrap()),
            (values, &|key| key.set_dword("Number", 2).unwrap()),
            (values, &|key| key.delete_value("Number").unwrap()),
            (KeyChanges::SECURITY, &|key| {
                key.set_security(DACL_SECURITY_INFORMATION, &descriptor)
                    .unwrap();
            }),
        ];
        for (number, (kind, change)) in changes.into_iter().enumerate() {
            let asked = key.watch(kind, false).unwrap();
            // A security descriptor is one of the attributes.
            let others = all - kind - KeyChanges::ATTRIBUTES;
            let other = key.watch(others, false).unwrap();
            change(&key);
            assert!(asked.is_signalled(), "change {number}");
            assert!(!other.is_signalled(), "change {number}");
        }
        key.set_dword("Number", 1).unwrap();
        let same = key.watch(values, false).unwrap();
        key.set_dword("Number", 1).unwrap();
        assert!(!same.is_signalled(), "it was that before");
        let (alone, tree) = (key.watch(values, false), key.watch(values, true));
        below.set_dword("Number", 1).unwrap();
        assert!(!alone.unwrap().is_signalled());
        assert!(tree.unwrap().is_signalled());
    });
}

#[test]
fn w2_closing_the_keys_handle_ends_its_requests() {
    in_program(|_, thread| {
        let key = thread.open_key(TEST, ALL).unwrap();
        let watch = key.watch(KeyChanges::VALUES, true).unwrap();
        key.close().unwrap();
        assert!(watch.is_signalled());
    });
}

/// `IoOpenDriverRegistryKey` for the driver's parameters.
fn open_parameters(driver: PDRIVER_OBJECT) -> Result<KernelKey, Status> {
    let mut handle = ptr::null_mut();
    let which = DriverRegKeyParameters;
    // SAFETY: the driver is loaded and the place is live.
    let status =
        Status(unsafe { IoOpenDriverRegistryKey(driver, which, KEY_READ, 0, &raw mut handle) });
    status.to_result().map(|()| KernelKey(handle))
}

#[test]
fn w3_a_drivers_own_keys_are_opened_by_a_system_thread() {
    unsafe extern "system" fn entry(_: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
        0
    }
    for from_user in [false, true] {
        let machine = machine();
        machine.install("own", &[("Verbose", 1.into())]).unwrap();
        // SAFETY: the driver does nothing.
        let driver = unsafe { machine.load_linked("own", entry) }.unwrap();
        let process = match from_user {
            true => machine.process("app.exe"),
            false => machine.system_process(),
        };
        let thread = process.enter();
        let key = open_parameters(driver.object()).unwrap();
        assert!(key.0.addr() < 0x8000_0000, "it is not a kernel handle");
        drop((key, thread));
        match from_user {
            true => drop(assert_only(
                &machine,
                Rule::Parameter,
                "IoOpenDriverRegistryKey",
            )),
            false => assert_clean(&machine),
        }
    }
    let machine = machine_like(Profile::Win8);
    let _thread = machine.system_process().enter();
    let mut name = Wide::new("IoOpenDriverRegistryKey");
    // SAFETY: the name is live.
    assert!(unsafe { MmGetSystemRoutineAddress(name.as_ptr()) }.is_null());
}

#[test]
fn w3_a_devices_keys_are_asked_for_by_its_physical_device_object() {
    let machine = machine();
    let node = machine.plug_in(r"ROOT\CONTOSO\0000").unwrap();
    let _thread = machine.system_process().enter();
    let open = |device| {
        let mut handle = ptr::null_mut();
        let which = PLUGPLAY_REGKEY_DEVICE;
        // SAFETY: the simulated kernel copes with any pointer, and the place is live.
        let status =
            Status(unsafe { IoOpenDeviceRegistryKey(device, which, KEY_READ, &raw mut handle) });
        status.to_result().map(|()| drop(KernelKey(handle)))
    };
    assert_eq!(open(node.object()), Ok(()));
    assert_clean(&machine);
    let other = ptr::without_provenance_mut(0x1000);
    assert_eq!(open(other), Err(Status::INVALID_PARAMETER));
    assert_only(&machine, Rule::Parameter, "IoOpenDeviceRegistryKey");
}

#[test]
fn w4_three_routines_are_not_in_older_kernels() {
    for name in [
        "ZwRenameKey",
        "ZwSetInformationKey",
        "ZwQueryMultipleValueKey",
    ] {
        for profile in Profile::ALL {
            let machine = machine_like(profile);
            let _thread = machine.system_process().enter();
            let mut name = Wide::new(name);
            // SAFETY: the name is live.
            let routine = unsafe { MmGetSystemRoutineAddress(name.as_ptr()) };
            assert_eq!(routine.is_null(), profile == Profile::WinXp, "{profile}");
        }
    }
}
