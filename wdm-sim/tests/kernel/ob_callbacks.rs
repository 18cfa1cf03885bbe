//! Callbacks for handles: their registrations.

use std::ptr::{null_mut, with_exposed_provenance_mut};

use wdm_sim::Rule;
use wdm_sys::{PVOID, UNICODE_STRING};

use crate::support::{
    INVALID_PARAMETER, SUCCESS, Text, entry, findings_of, in_kernel, machine, only,
};

const COLLISION: i32 = 0xC01C_0011_u32 as i32;

#[repr(C)]
struct Registration {
    version: u16,
    count: u16,
    altitude: UNICODE_STRING,
    context: PVOID,
    operations: *const Operation,
}

#[repr(C)]
struct Operation {
    object_type: PVOID,
    operations: u32,
    before: PVOID,
    after: PVOID,
}

unsafe extern "system" {
    fn ObRegisterCallbacks(registration: *const Registration, handle: *mut PVOID) -> i32;
    fn ObUnRegisterCallbacks(handle: PVOID);
    fn ObGetFilterVersion() -> u16;
}

unsafe extern "system" fn before(_: PVOID, _: PVOID) -> i32 {
    0
}

/// The address of a variable of the kernel.
fn variable(name: &str) -> PVOID {
    let mut name = Text::new(name);
    // SAFETY: the name lives.
    let found = unsafe { wdm_sys::MmGetSystemRoutineAddress(name.as_ptr()) };
    assert!(!found.is_null());
    found
}

/// Registers callbacks; `change` changes what is registered.
fn register(
    altitude: &str,
    change: impl FnOnce(&mut Registration, &mut Operation),
) -> (i32, PVOID) {
    let mut altitude = Text::new(altitude);
    let routine = before as *const ();
    let mut operation = Operation {
        object_type: variable("PsProcessType"),
        operations: 1,
        before: with_exposed_provenance_mut(routine.expose_provenance()),
        after: null_mut(),
    };
    // SAFETY: the routine can always be asked.
    let version = unsafe { ObGetFilterVersion() };
    let mut registration = Registration {
        version,
        count: 1,
        // SAFETY: the text's string lives as long as the text.
        altitude: unsafe { altitude.as_ptr().read() },
        context: null_mut(),
        operations: null_mut(),
    };
    change(&mut registration, &mut operation);
    registration.operations = &raw const operation;
    let mut handle = null_mut();
    // SAFETY: what the registration leads to lives.
    let status = unsafe { ObRegisterCallbacks(&raw const registration, &raw mut handle) };
    (status, handle)
}

fn unregister(handle: PVOID) {
    // SAFETY: any handle is answered.
    unsafe { ObUnRegisterCallbacks(handle) };
}

#[test]
fn an_altitude_has_one_registration() {
    let machine = machine();
    in_kernel(&machine, || {
        let (status, first) = register("380010", |_, _| {});
        assert_eq!(status, SUCCESS);
        assert_eq!(register("380010.0", |_, _| {}).0, COLLISION);
        let (status, second) = register("380010.1", |_, _| {});
        assert_eq!(status, SUCCESS);
        assert_ne!(first, second);
        unregister(first);
        let (status, first) = register("380010", |_, _| {});
        assert_eq!(status, SUCCESS);
        unregister(first);
        unregister(second);
        assert_eq!(machine.report().findings, []);
        unregister(second);
    });
    let findings = machine.report().findings;
    only(&findings, Rule::ObjectCallbacks, "ObUnRegisterCallbacks");
}

#[test]
fn a_registration_is_checked() {
    let machine = machine();
    in_kernel(&machine, || {
        let changes: [fn(&mut Registration, &mut Operation); 5] = [
            |registration, _| registration.version = 1,
            |registration, _| registration.count = 0,
            |_, operation| operation.object_type = variable("ExEventObjectType"),
            |_, operation| operation.operations = 0,
            |_, operation| operation.before = null_mut(),
        ];
        for change in changes {
            assert_eq!(register("1", change).0, INVALID_PARAMETER);
        }
        assert_eq!(machine.report().findings, []);
        assert_eq!(register("x", |_, _| {}).0, INVALID_PARAMETER);
    });
    only(
        &machine.report().findings,
        Rule::Parameter,
        "ObRegisterCallbacks",
    );
}

#[test]
fn a_registration_that_its_driver_leaves_is_found() {
    entry! {
        fn driver(driver) {
            register("380010", |_, _| {}).0
        }
    }
    only(&findings_of(driver), Rule::ObjectCallbacks, "DriverUnload");
}
