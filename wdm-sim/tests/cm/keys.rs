//! K1 to K5.

use std::sync::{Arc, Mutex};

use wdm_sim::{KeyAccess, KeyOptions, Machine, Rule, Status};
use wdm_sys::*;

use crate::support::*;

const TEST: &str = r"\REGISTRY\MACHINE\SYSTEM\Test";

/// The addresses of objects that a callback saw, as numbers.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<usize>>>);

impl Seen {
    fn note(&self, object: PVOID) {
        self.0.lock().unwrap().push(object.addr());
    }

    fn take(&self) -> Vec<usize> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn pointer(address: usize) -> PVOID {
    std::ptr::without_provenance_mut(address)
}

#[test]
fn k1_two_opens_of_one_key_are_two_objects() {
    let machine = machine();
    let seen = Seen::default();
    let filter = register(&machine, "1", {
        let seen = seen.clone();
        move |event| {
            if let Some(object) = event.opened_object() {
                seen.note(object);
                let context = 0x1000 * seen.0.lock().unwrap().len();
                assert_eq!(event.set_context(object, context).0, Status::SUCCESS);
            }
            if event.class == RegNtPreSetValueKey {
                let info = event.set_value();
                seen.note(info.Object);
                seen.note(info.ObjectContext);
            }
            Status::SUCCESS
        }
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let first = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    let second = thread.open_key(TEST, KeyAccess::ALL).unwrap();
    let objects = seen.take();
    assert_ne!(objects[0], objects[1]);
    first.set_dword("Number", 1).unwrap();
    second.set_dword("Number", 2).unwrap();
    assert_eq!(seen.take(), [objects[0], 0x1000, objects[1], 0x2000]);
    drop((first, second));
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    assert_clean(&machine);
}

#[test]
fn k1_an_object_lives_as_long_as_it_is_referenced() {
    let machine = machine();
    let log = Log::default();
    let kept = Seen::default();
    let _filter = register(&machine, "1", {
        let (log, kept) = (log.clone(), kept.clone());
        move |event| {
            if let Some(object) = event.opened_object() {
                reference(object);
                kept.note(object);
            }
            if event.class == RegNtPreKeyHandleClose {
                log.note("closed");
            }
            Status::SUCCESS
        }
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    drop(thread.open_key(SYSTEM, KeyAccess::READ).unwrap());
    assert_eq!(log.take(), [""; 0], "the driver's reference is left");
    dereference(pointer(kept.take()[0]));
    assert_eq!(log.take(), ["closed"]);
}

#[test]
fn k2_a_reparse_has_no_object() {
    let machine = machine();
    let log = Log::default();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            if event.class == RegNtPreOpenKeyEx {
                log.note(text(event.open().CompleteName));
            }
            if event.class == RegNtPostOpenKeyEx {
                let post = event.post();
                let object = if post.Object.is_null() {
                    "without"
                } else {
                    "with"
                };
                log.note(format!("{} {object} object", Status(post.Status)));
            }
            Status::SUCCESS
        }
    });
    let path = r"\REGISTRY\MACHINE\SYSTEM\CurrentControlSet\Control";
    drop(thread.open_key(path, KeyAccess::READ).unwrap());
    assert_eq!(
        log.take(),
        [
            path.to_owned(),
            format!("{} without object", Status::REPARSE),
            r"\REGISTRY\MACHINE\SYSTEM\ControlSet001\Control".to_owned(),
            format!("{} with object", Status::SUCCESS),
        ]
    );
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    assert_clean(&machine);
}

#[test]
fn k2_using_the_object_of_a_failed_open_is_found() {
    let machine = machine();
    let _filter = register(&machine, "1", |event| {
        if event.class == RegNtPostOpenKeyEx {
            let object = event.post().Object;
            assert_eq!(event.id_ex(object), Err(Status::INVALID_PARAMETER));
        }
        Status::SUCCESS
    });
    let app = machine.process("app.exe");
    let path = format!(r"{SYSTEM}\No such key");
    drop(app.enter().open_key(&path, KeyAccess::READ));
    let finding = assert_only(&machine, Rule::K2, "CmCallbackGetKeyObjectIDEx");
    assert!(finding.detail.contains("NULL"), "{finding}");
}

/// Opens and closes a key under a callback that misbehaves in notifications of one class.
fn misbehave_in(
    machine: &Machine,
    class: REG_NOTIFY_CLASS,
    body: impl Fn(&Event<'_>, PVOID) + Send + Sync + 'static,
) {
    let filter = register(machine, "1", move |event| {
        if let Some(object) = event.opened_object() {
            assert_eq!(event.set_context(object, 0x1000).0, Status::SUCCESS);
        }
        if event.class == class {
            let object = match class {
                RegNtPreKeyHandleClose => event.close().Object,
                RegNtCallbackObjectContextCleanup => event.cleanup().Object,
                _ => event.post().Object,
            };
            body(event, object);
        }
        Status::SUCCESS
    });
    let app = machine.process("app.exe");
    drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
    assert_eq!(filter.unregister(machine), Status::SUCCESS);
}

#[test]
fn k3_object_manager_routines_are_refused_while_a_key_object_closes() {
    for class in [
        RegNtPreKeyHandleClose,
        RegNtCallbackObjectContextCleanup,
        RegNtPostKeyHandleClose,
    ] {
        let machine = machine();
        misbehave_in(&machine, class, |_, object| reference(object));
        assert_only(&machine, Rule::K3, "ObfReferenceObject");
    }
}

#[test]
fn k3_configuration_manager_routines_are_allowed_in_the_pre_close() {
    let machine = machine();
    misbehave_in(&machine, RegNtPreKeyHandleClose, |event, object| {
        assert_eq!(event.id_ex(object).unwrap().1, SYSTEM);
        assert_eq!(event.id(object).unwrap().1, SYSTEM);
        assert_eq!(event.set_context(object, 0x2000), (Status::SUCCESS, 0x1000));
        assert!(event.transaction(object).is_null());
    });
    misbehave_in(&machine, RegNtPostKeyHandleClose, |event, object| {
        assert!(event.transaction(object).is_null());
    });
    assert_clean(&machine);
}

#[test]
fn k3_asking_for_an_id_in_the_post_close_is_found() {
    let machine = machine();
    misbehave_in(&machine, RegNtPostKeyHandleClose, |event, object| {
        assert_eq!(event.id_ex(object), Err(Status::INVALID_PARAMETER));
    });
    assert_only(&machine, Rule::K3, "CmCallbackGetKeyObjectIDEx");
}

#[test]
fn k4_ids_belong_to_keys_and_survive_a_rename_and_names_are_current() {
    let machine = machine();
    let log = Log::default();
    let _filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            if event.class == RegNtPreSetValueKey {
                let object = event.set_value().Object;
                let (id, name) = event.id_ex(object).unwrap();
                let (old_id, first_name) = event.id(object).unwrap();
                assert_eq!(id, old_id);
                log.note(format!("{id} {name} {first_name}"));
            }
            Status::SUCCESS
        }
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let first = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    let second = thread.open_key(TEST, KeyAccess::ALL).unwrap();
    let other = thread.open_key(SYSTEM, KeyAccess::ALL).unwrap();
    first.set_dword("Number", 1).unwrap();
    second.rename("Renamed").unwrap();
    for key in [&first, &second, &other] {
        key.set_dword("Number", 1).unwrap();
    }
    let lines = log.take();
    let ids: Vec<_> = lines.iter().map(|line| line.split(' ').next()).collect();
    assert!(ids[0] == ids[1] && ids[1] == ids[2] && ids[2] != ids[3]);
    let names: Vec<_> = lines
        .iter()
        .map(|line| line.split_once(' ').unwrap().1.replace(SYSTEM, ""))
        .collect();
    // The first object was asked for its name before the rename: its first name is stale.
    let expected = [r"\Test \Test", r"\Renamed \Test", r"\Renamed \Renamed", " "];
    assert_eq!(names, expected);
    second.delete().unwrap();
    assert_clean(&machine);
}

#[test]
fn k4_flags_must_be_zero() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let mut cookie = LARGE_INTEGER { QuadPart: 1 };
    let (object, id) = (std::ptr::null_mut(), std::ptr::null_mut());
    let name = std::ptr::null_mut();
    // SAFETY: the places are optional.
    let status = unsafe { CmCallbackGetKeyObjectIDEx(&raw mut cookie, object, id, name, 1) };
    assert_eq!(Status(status), Status::INVALID_PARAMETER);
    assert_only(&machine, Rule::K4, "CmCallbackGetKeyObjectIDEx");
}

#[test]
fn k4_an_unknown_cookie_is_refused() {
    let machine = machine();
    let _filter = register(&machine, "1", |event| {
        if let Some(object) = event.opened_object() {
            assert_eq!(id_ex(1, object), Err(Status::INVALID_PARAMETER));
        }
        Status::SUCCESS
    });
    let app = machine.process("app.exe");
    drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
    assert_only(&machine, Rule::K4, "CmCallbackGetKeyObjectIDEx");
}

#[test]
fn k4_releasing_a_name_twice_is_found() {
    let machine = machine();
    let _filter = register(&machine, "1", |event| {
        if let Some(object) = event.opened_object() {
            let mut cookie = LARGE_INTEGER {
                QuadPart: event.cookie(),
            };
            let mut name: PCUNICODE_STRING = std::ptr::null();
            let id = std::ptr::null_mut();
            // SAFETY: all places are live, and the id is optional.
            let status = unsafe {
                CmCallbackGetKeyObjectIDEx(&raw mut cookie, object, id, &raw mut name, 0)
            };
            assert_eq!(status, 0);
            for _ in 0..2 {
                // SAFETY: the simulated kernel copes with any pointer.
                unsafe { CmCallbackReleaseKeyObjectIDEx(name) };
            }
        }
        Status::SUCCESS
    });
    let app = machine.process("app.exe");
    drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
    assert_only(&machine, Rule::K4, "CmCallbackReleaseKeyObjectIDEx");
}

#[test]
fn k4_a_name_that_is_never_released_is_found() {
    let machine = machine();
    let keep_a_name = |event: &Event<'_>| {
        if let Some(object) = event.opened_object() {
            let mut cookie = LARGE_INTEGER {
                QuadPart: event.cookie(),
            };
            let mut name: PCUNICODE_STRING = std::ptr::null();
            let id = std::ptr::null_mut();
            // SAFETY: all places are live, and the id is optional.
            let status = unsafe {
                CmCallbackGetKeyObjectIDEx(&raw mut cookie, object, id, &raw mut name, 0)
            };
            assert_eq!(status, 0);
        }
        Status::SUCCESS
    };
    run_driver(&machine, "keeper", keep_a_name, || {
        let app = machine.process("app.exe");
        drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
    });
    let finding = assert_only(&machine, Rule::K4, "DriverUnload");
    assert_eq!(finding.driver, "keeper");
}

#[test]
fn k5_without_a_transaction_there_is_none() {
    let machine = machine();
    let _filter = register(&machine, "1", |event| {
        if let Some(object) = event.opened_object() {
            assert!(event.transaction(object).is_null());
        }
        Status::SUCCESS
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let (key, _) = thread
        .create_key_with(TEST, KeyAccess::ALL, KeyOptions::VOLATILE)
        .unwrap();
    drop(key);
    assert_clean(&machine);
}
