//! K1 to K5.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use wdm_sim::{KeyAccess, Rule, Status};
use wdm_sys::*;

use crate::rules::hives::{FILE, OUT, backup, scene};
use crate::support::*;

#[test]
fn k1_two_opens_of_one_key_are_two_objects() {
    in_program(|machine, thread| {
        let log = Log::default();
        let filter = register(machine, "1", {
            let (log, opened) = (log.clone(), AtomicUsize::new(0));
            move |event| {
                if let Some(object) = event.opened_object() {
                    let context = 0x10 * (opened.fetch_add(1, SeqCst) + 1);
                    assert_eq!(event.set_context(object, context), (Status::SUCCESS, 0));
                }
                if event.class == RegNtPreSetValueKey {
                    log.note(format!("{:p}", event.set_value().ObjectContext));
                }
                Status::SUCCESS
            }
        });
        let keys = [(); 2].map(|()| thread.open_key(TEST, ALL).unwrap());
        for key in [&keys[1], &keys[0]] {
            key.set_dword("Number", 1).unwrap();
        }
        assert_eq!(log.take(), ["0x20", "0x10"]);
        drop(keys);
        unregister_all(machine, [filter]);
    });
}

#[test]
fn k2_an_object_comes_with_status_success_only() {
    in_program(|machine, thread| {
        let log = Log::default();
        let filter = register(machine, "1", {
            let log = log.clone();
            at(RegNtPostOpenKeyEx, move |event| {
                let post = event.post();
                log.note(format!(
                    "{:?} {}",
                    Status(post.Status),
                    post.Object.is_null()
                ));
                Status::SUCCESS
            })
        });
        // A link's own lookup ends with STATUS_REPARSE, which is a success, too.
        let through_a_link = r"\REGISTRY\MACHINE\SYSTEM\CurrentControlSet\Control";
        drop(thread.open_key(through_a_link, KeyAccess::READ).unwrap());
        assert!(!exists(thread, &child("Missing")));
        let expected = [
            (Status::REPARSE, true),
            (Status::SUCCESS, false),
            (Status::OBJECT_NAME_NOT_FOUND, true),
        ];
        let expected = expected.map(|(status, none)| format!("{status:?} {none}"));
        assert_eq!(log.take(), expected);
        unregister_all(machine, [filter]);
    });
}

#[test]
fn k2b_a_load_has_an_object_before_and_none_after_and_a_merge_has_none() {
    let machine = scene();
    let log = Log::default();
    let filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            match event.class {
                RegNtPreLoadKey => {
                    let (_, name) = event.id_ex(event.load().Object).unwrap();
                    log.note(name);
                }
                RegNtPostLoadKey | RegNtPostSaveMergedKey => {
                    log.note(format!("{:p}", event.post().Object));
                }
                RegNtPreSaveMergedKey => log.note(format!("{:p}", event.save_merged().Object)),
                _ => {}
            }
            Status::SUCCESS
        }
    });
    let process = backup(&machine);
    let thread = process.enter();
    let user = thread.open_key(r"\REGISTRY\USER", ALL).unwrap();
    thread.load_key_below(&user, "New", FILE).unwrap();
    assert_eq!(log.take(), [r"\REGISTRY\USER", "0x0"]);
    let key = thread.open_key(TEST, ALL).unwrap();
    let out = thread.create_file(OUT).unwrap();
    thread.save_merged_keys(&key, &key, &out).unwrap();
    assert_eq!(log.take(), ["0x0", "0x0"]);
    drop((key, user, out));
    unregister_all(&machine, [filter]);
    assert_clean(&machine);
}

/// Opens and closes a key with a context under a callback that does something with the object
/// while it is destroyed, and gives the rules that it broke.
fn while_it_closes(
    class: REG_NOTIFY_CLASS,
    act: impl Fn(&Event<'_>, PVOID) + Send + Sync + 'static,
) -> Vec<Rule> {
    let machine = machine();
    let filter = register(&machine, "1", move |event| {
        if let Some(object) = event.opened_object() {
            event.set_context(object, 0x10);
        }
        if event.class == class {
            let object = match class {
                RegNtPreKeyHandleClose => event.close().Object,
                RegNtCallbackObjectContextCleanup => event.cleanup().Object,
                _ => event.post().Object,
            };
            act(event, object);
        }
        Status::SUCCESS
    });
    let app = machine.process("app.exe");
    drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
    unregister_all(&machine, [filter]);
    let findings = machine.report().findings;
    findings.iter().map(|finding| finding.rule).collect()
}

#[test]
fn k3_an_object_that_is_destroyed_goes_to_no_ob_routine() {
    for class in [
        RegNtPreKeyHandleClose,
        RegNtCallbackObjectContextCleanup,
        RegNtPostKeyHandleClose,
    ] {
        let referenced = while_it_closes(class, |_, object| reference(object));
        assert_eq!(referenced, [Rule::K3], "class {class}");
    }
    for class in [RegNtPreKeyHandleClose, RegNtPostKeyHandleClose] {
        let asked = while_it_closes(class, |event, object| {
            assert!(event.transaction(object).is_null());
        });
        assert_eq!(asked, [], "class {class}");
    }
    let asked = while_it_closes(RegNtPostKeyHandleClose, |event, object| {
        assert!(event.id_ex(object).is_err());
    });
    assert_eq!(asked, [Rule::K3]);
}

#[test]
fn k4_an_id_is_the_keys_and_a_name_is_its_current_one() {
    in_program(|machine, thread| {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let filter = register(machine, "1", {
            let seen = Arc::clone(&seen);
            at(RegNtPreSetValueKey, move |event| {
                let object = event.set_value().Object;
                let (id, current) = event.id_ex(object).unwrap();
                let (same, _) = event.id(object).unwrap();
                assert_eq!(id, same);
                seen.lock().unwrap().push((id, current));
                Status::SUCCESS
            })
        });
        let [first, second] = [(); 2].map(|()| thread.open_key(TEST, ALL).unwrap());
        first.set_dword("Number", 1).unwrap();
        second.rename("Renamed").unwrap();
        second.set_dword("Number", 1).unwrap();
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        assert_eq!(seen[0].0, seen[1].0, "one key");
        assert_eq!(seen[0].1, TEST);
        assert_eq!(seen[1].1, r"\REGISTRY\MACHINE\SYSTEM\Renamed");
        unregister_all(machine, [filter]);
    });
}

#[test]
fn k4_flags_must_be_zero() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let filter = register_here("1", |_| Status::SUCCESS).unwrap();
    let key = KernelKey::open(SYSTEM).unwrap();
    let object = key.object();
    let mut cookie = LARGE_INTEGER {
        QuadPart: filter.cookie(),
    };
    let mut id = 0;
    let mut name = std::ptr::null();
    // SAFETY: all places are live.
    let status = Status(unsafe {
        CmCallbackGetKeyObjectIDEx(&raw mut cookie, object, &raw mut id, &raw mut name, 1)
    });
    assert_eq!(status, Status::INVALID_PARAMETER);
    dereference(object);
    assert_only(&machine, Rule::K4, "CmCallbackGetKeyObjectIDEx");
}

#[test]
fn k5_a_key_object_is_bound_to_a_transaction_or_to_none() {
    in_program(|machine, thread| {
        let log = Log::default();
        let filter = register(machine, "1", {
            let log = log.clone();
            at(RegNtPreSetValueKey, move |event| {
                let bound = event.transaction(event.set_value().Object);
                log.note(if bound.is_null() { "none" } else { "bound" });
                Status::SUCCESS
            })
        });
        let transaction = thread.create_transaction().unwrap();
        let bound = thread.open_key_transacted(TEST, ALL, &transaction).unwrap();
        let plain = thread.open_key(TEST, ALL).unwrap();
        bound.set_dword("Number", 1).unwrap();
        transaction.commit().unwrap();
        plain.set_dword("Number", 2).unwrap();
        assert_eq!(log.take(), ["bound", "none"]);
        drop((bound, plain, transaction));
        unregister_all(machine, [filter]);
    });
}
