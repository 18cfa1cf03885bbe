//! N4: callbacks that change who owns the key object of a create or open.

use std::ptr;

use wdm_sim::registry::Disposition;
use wdm_sim::{KeyAccess, KeyOptions, Machine, Rule, Status};
use wdm_sys::*;

use crate::support::*;

const TEST: &str = r"\REGISTRY\MACHINE\SYSTEM\Test";

/// Turns a successful create of `TEST` into `STATUS_ACCESS_DENIED`, with a chosen way to do it.
fn fail_creates(machine: &Machine, clean_up: impl Fn(&Event<'_>) + Send + Sync + 'static) {
    let filter = register(machine, "1", move |event| {
        if event.class == RegNtPostCreateKeyEx {
            clean_up(event);
            event.post().ReturnStatus = Status::ACCESS_DENIED.0;
            return Status::CALLBACK_BYPASS;
        }
        Status::SUCCESS
    });
    let app = machine.process("app.exe");
    let refused = app.enter().create_key(TEST, KeyAccess::ALL).map(drop);
    assert_eq!(refused, Err(Status::ACCESS_DENIED));
    assert_eq!(filter.unregister(machine), Status::SUCCESS);
}

fn turn_down(event: &Event<'_>) {
    event.post().Object = ptr::null_mut();
    event.set_result_object(event.opened(), ptr::null_mut());
}

#[test]
fn n4_success_becomes_failure() {
    let machine = machine();
    fail_creates(&machine, |event| {
        dereference(event.post().Object);
        turn_down(event);
    });
    assert_clean(&machine);
}

#[test]
fn n4_a_missing_dereference_is_found() {
    let machine = machine();
    fail_creates(&machine, turn_down);
    let finding = assert_only(&machine, Rule::N4, "RegNtPostCreateKeyEx");
    assert!(finding.detail.contains("not dereferenced"), "{finding}");
}

#[test]
fn n4_an_object_left_in_place_is_found() {
    let machine = machine();
    fail_creates(&machine, |event| dereference(event.post().Object));
    let finding = assert_only(&machine, Rule::N4, "RegNtPostCreateKeyEx");
    assert!(finding.detail.contains("set both to NULL"), "{finding}");
}

#[test]
fn n4_an_extra_dereference_is_found() {
    let machine = machine();
    fail_creates(&machine, |event| {
        let object = event.post().Object;
        dereference(object);
        dereference(object);
        turn_down(event);
    });
    assert_only(&machine, Rule::Object, "ObfDereferenceObject");
}

#[test]
fn n4_a_dereference_without_a_failure_is_found() {
    let machine = machine();
    let _filter = register(&machine, "1", |event| {
        if event.class == RegNtPostCreateKeyEx {
            // Another reference keeps the object alive.
            let key = KernelKey::open(SYSTEM).unwrap();
            drop(key);
            dereference(event.post().Object);
        }
        Status::SUCCESS
    });
    let app = machine.process("app.exe");
    drop(app.enter().create_key(TEST, KeyAccess::ALL));
    let findings = machine.report().findings;
    assert!(
        findings.iter().any(|finding| finding.rule == Rule::N4),
        "{findings:#?}"
    );
}

/// Redirects opens of a missing key to `SYSTEM` in the post-notification.
fn redirect(
    machine: &Machine,
    supply: impl Fn(&Event<'_>, KernelKey) + Send + Sync + 'static,
) -> Result<String, Status> {
    let filter = register(machine, "1", move |event| {
        if event.class != RegNtPostOpenKeyEx || event.post().Status == 0 {
            return Status::SUCCESS;
        }
        let key = KernelKey::open(SYSTEM).unwrap();
        supply(event, key);
        event.post().ReturnStatus = 0;
        Status::CALLBACK_BYPASS
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let path = format!(r"{SYSTEM}\No such key");
    let opened = thread.open_key(&path, KeyAccess::READ);
    let name = opened.as_ref().map_err(|status| *status)?.name();
    drop(opened);
    assert_eq!(filter.unregister(machine), Status::SUCCESS);
    name
}

#[test]
fn n4_failure_becomes_success() {
    let machine = machine();
    let name = redirect(&machine, |event, key| {
        let object = key.object();
        event.set_result_object(event.opened(), object);
        event.opened().GrantedAccess = event.opened().DesiredAccess;
        event.post().Object = object;
    });
    assert_eq!(name.as_deref(), Ok(SYSTEM));
    assert_clean(&machine);
}

#[test]
fn n4_an_object_without_a_reference_is_found() {
    let machine = machine();
    let name = redirect(&machine, |event, key| {
        let object = key.object();
        dereference(object);
        // The open handle keeps the object alive, but that reference is the handle's.
        std::mem::forget(key);
        event.set_result_object(event.opened(), object);
        event.opened().GrantedAccess = event.opened().DesiredAccess;
        event.post().Object = object;
    });
    assert_eq!(name.as_deref(), Ok(SYSTEM), "the kernel took a reference");
    let finding = assert_only(&machine, Rule::N4, "RegNtPostOpenKeyEx");
    assert!(finding.detail.contains("not referenced"), "{finding}");
}

#[test]
fn n4_a_success_without_an_object_is_found() {
    let machine = machine();
    let refused = redirect(&machine, |_, _| {});
    assert_eq!(refused, Err(Status::INVALID_PARAMETER));
    assert_only(&machine, Rule::N4, "RegNtPostOpenKeyEx");
}

#[test]
fn n4_a_bypassed_create_yields_the_drivers_object() {
    let machine = machine();
    let _filter = register(&machine, "1", |event| {
        if event.class != RegNtPreCreateKeyEx {
            return Status::SUCCESS;
        }
        let info = event.open();
        let key = KernelKey::open(SYSTEM).unwrap();
        event.set_result_object(info, key.object());
        info.GrantedAccess = info.DesiredAccess;
        // SAFETY: the kernel gave a place for it.
        unsafe { info.Disposition.write(REG_OPENED_EXISTING_KEY) };
        Status::CALLBACK_BYPASS
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let (key, disposition) = thread
        .create_key_with(TEST, KeyAccess::READ, KeyOptions::empty())
        .unwrap();
    assert_eq!(key.name().as_deref(), Ok(SYSTEM));
    assert_eq!(disposition, Disposition::OpenedExisting);
    assert_clean(&machine);
}

#[test]
fn n4_a_bypassed_create_without_access_is_found() {
    let machine = machine();
    let _filter = register(&machine, "1", |event| {
        if event.class != RegNtPreCreateKeyEx {
            return Status::SUCCESS;
        }
        let key = KernelKey::open(SYSTEM).unwrap();
        let info = event.open();
        event.set_result_object(info, key.object());
        // SAFETY: the kernel gave a place for it.
        unsafe { info.Disposition.write(REG_OPENED_EXISTING_KEY) };
        Status::CALLBACK_BYPASS
    });
    let app = machine.process("app.exe");
    drop(app.enter().create_key(TEST, KeyAccess::READ).unwrap());
    let finding = assert_only(&machine, Rule::N4, "RegNtPreCreateKeyEx");
    assert!(finding.detail.contains("GrantedAccess"), "{finding}");
}
