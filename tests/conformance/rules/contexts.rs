//! C1 to C5.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use wdm_sim::{KeyAccess, Machine, Rule, Status};
use wdm_sys::*;

use crate::support::*;

fn open_and_close(machine: &Machine) {
    let app = machine.process("app.exe");
    drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
}

/// The object of a notification of an open or a close, wherever it stands.
fn object(event: &Event<'_>) -> PVOID {
    match event.class {
        // SAFETY: the kernel gave a place for the object.
        RegNtPreOpenKeyEx => unsafe { event.open().ResultObject.read() },
        RegNtPreKeyHandleClose => event.close().Object,
        _ => event.post().Object,
    }
}

#[test]
fn c1_a_context_is_set_from_the_post_open_to_the_pre_close() {
    for (class, allowed) in [
        (RegNtPreOpenKeyEx, false),
        (RegNtPostOpenKeyEx, true),
        (RegNtPreKeyHandleClose, true),
        (RegNtPostKeyHandleClose, false),
    ] {
        let machine = machine();
        let filter = register(
            &machine,
            "1",
            at(class, move |event| {
                let (status, _) = event.set_context(object(event), 0x10);
                assert_eq!(status.is_success(), allowed);
                Status::SUCCESS
            }),
        );
        open_and_close(&machine);
        unregister_all(&machine, [filter]);
        match allowed {
            true => assert_clean(&machine),
            false => drop(assert_only(
                &machine,
                Rule::C1,
                "CmSetCallbackObjectContext",
            )),
        }
    }
}

#[test]
fn c1_a_context_is_set_inside_its_own_callback_only() {
    let machine = machine();
    let filter = register(&machine, "1", |_| Status::SUCCESS);
    let _thread = machine.system_process().enter();
    let key = KernelKey::open(SYSTEM).unwrap();
    let object = key.object();
    let (status, _) = set_context(filter.cookie(), object, 0x10);
    assert_eq!(status, Status::INVALID_PARAMETER);
    dereference(object);
    assert_only(&machine, Rule::C1, "CmSetCallbackObjectContext");
}

#[test]
fn c2_a_context_arrives_for_its_object_and_its_cookie() {
    in_program(|machine, thread| {
        let log = Log::default();
        let callback = |name: &'static str, context: usize| {
            let log = log.clone();
            move |event: &Event<'_>| {
                if let Some(object) = event.opened_object() {
                    event.set_context(object, context);
                }
                match event.class {
                    RegNtPreSetValueKey => {
                        log.note(format!("{name} pre {:p}", event.set_value().ObjectContext));
                    }
                    RegNtPostSetValueKey => {
                        log.note(format!("{name} post {:p}", event.post().ObjectContext));
                    }
                    RegNtPreOpenKeyEx => {
                        log.note(format!("{name} root {:p}", event.open().RootObjectContext));
                    }
                    _ => {}
                }
                Status::SUCCESS
            }
        };
        let plain = thread.open_key(TEST, ALL).unwrap();
        let filters = [
            register(machine, "2", callback("high", 0x20)),
            register(machine, "1", callback("low", 0x10)),
        ];
        let key = thread.create_key(TEST, ALL).unwrap();
        key.set_dword("Number", 1).unwrap();
        let of_value = [
            "high pre 0x20",
            "low pre 0x10",
            "low post 0x10",
            "high post 0x20",
        ];
        assert_eq!(log.take(), of_value);
        drop(key.open_key("Missing", ALL));
        assert_eq!(log.take(), ["high root 0x20", "low root 0x10"]);
        plain.set_dword("Number", 2).unwrap();
        let of_another = [
            "high pre 0x0",
            "low pre 0x0",
            "low post 0x0",
            "high post 0x0",
        ];
        assert_eq!(log.take(), of_another);
        drop((key, plain));
        unregister_all(machine, filters);
    });
}

#[test]
fn c3_the_cleanup_comes_once_between_the_closes_notifications() {
    in_program(|machine, thread| {
        let log = Log::default();
        let note = watch(&log, "it");
        let filter = register(machine, "1", move |event| {
            if let Some(object) = event.opened_object() {
                event.set_context(object, 0x10);
            }
            note(event)
        });
        let key = thread.open_key(TEST, ALL).unwrap();
        log.take();
        drop(key);
        let expected = [
            "PreKeyHandleClose",
            "CallbackObjectContextCleanup",
            "PostKeyHandleClose",
        ];
        assert_eq!(log.take(), expected.map(|name| format!("it RegNt{name}")));
        unregister_all(machine, [filter]);
        assert_eq!(log.take(), [""; 0], "not a second time");
    });
}

#[test]
fn c3_the_cleanup_waits_for_the_last_reference() {
    in_program(|machine, thread| {
        let (kept, cleaned) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let filter = register(machine, "1", {
            let (kept, cleaned) = (Arc::clone(&kept), Arc::clone(&cleaned));
            move |event| {
                if let Some(object) = event.opened_object() {
                    event.set_context(object, 0x10);
                    reference(object);
                    kept.store(object.addr(), SeqCst);
                }
                if event.class == RegNtCallbackObjectContextCleanup {
                    cleaned.fetch_add(1, SeqCst);
                }
                Status::SUCCESS
            }
        });
        drop(thread.open_key(TEST, ALL).unwrap());
        assert_eq!(
            cleaned.load(SeqCst),
            0,
            "the handle is closed, the object is not gone"
        );
        dereference(std::ptr::without_provenance_mut(kept.load(SeqCst)));
        assert_eq!(cleaned.load(SeqCst), 1);
        unregister_all(machine, [filter]);
    });
}

#[test]
fn c4_of_replaced_contexts_the_newest_is_named_at_the_end() {
    in_program(|machine, thread| {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let filter = register(machine, "1", {
            let seen = Arc::clone(&seen);
            move |event| {
                if let Some(object) = event.opened_object() {
                    let old = [0x10, 0x20, 0x30].map(|new| event.set_context(object, new).1);
                    seen.lock().unwrap().extend(old);
                }
                if event.class == RegNtCallbackObjectContextCleanup {
                    seen.lock()
                        .unwrap()
                        .push(event.cleanup().ObjectContext.addr());
                }
                Status::SUCCESS
            }
        });
        drop(thread.open_key(TEST, ALL).unwrap());
        assert_eq!(*seen.lock().unwrap(), [0, 0x10, 0x20, 0x30]);
        unregister_all(machine, [filter]);
    });
}

#[test]
fn c4_a_replaced_context_can_still_be_seen() {
    in_program(|machine, thread| {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let filter = register(machine, "1", {
            let seen = Arc::clone(&seen);
            move |event| {
                if let Some(object) = event.opened_object() {
                    event.set_context(object, 0x10);
                }
                if event.class == RegNtPreSetValueKey {
                    let info = event.set_value();
                    event.set_context(info.Object, 0x20);
                    // The structure of this notification names the old one for as long as it lasts.
                    seen.lock().unwrap().push(info.ObjectContext.addr());
                }
                if event.class == RegNtPostSetValueKey {
                    seen.lock().unwrap().push(event.post().ObjectContext.addr());
                }
                Status::SUCCESS
            }
        });
        let key = thread.open_key(TEST, ALL).unwrap();
        key.set_dword("Number", 1).unwrap();
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        assert_eq!(seen[0], 0x10);
        assert!([0x10, 0x20].contains(&seen[1]), "the old or the new one");
        drop(key);
        unregister_all(machine, [filter]);
    });
}

#[test]
fn c5_a_call_context_arrives_in_the_own_post_only() {
    in_program(|machine, thread| {
        let log = Log::default();
        let callback = |name: &'static str, context: usize| {
            let log = log.clone();
            move |event: &Event<'_>| {
                if event.class == RegNtPreSetValueKey {
                    event.set_value().CallContext = std::ptr::without_provenance_mut(context);
                }
                if event.class == RegNtPostSetValueKey {
                    log.note(format!("{name} {:p}", event.post().CallContext));
                }
                Status::SUCCESS
            }
        };
        let filters = [
            register(machine, "2", callback("high", 0x20)),
            register(machine, "1", callback("low", 0)),
        ];
        let key = thread.open_key(TEST, ALL).unwrap();
        key.set_dword("Number", 1).unwrap();
        assert_eq!(log.take(), ["low 0x0", "high 0x20"]);
        unregister_all(machine, filters);
    });
}

#[test]
fn c5_without_a_post_a_call_context_is_lost() {
    for answer in [Status::ACCESS_DENIED, Status::CALLBACK_BYPASS] {
        let machine = machine();
        let _filter = register(
            &machine,
            "1",
            at(RegNtPreSetValueKey, move |event| {
                event.set_value().CallContext = std::ptr::without_provenance_mut(0x10);
                answer
            }),
        );
        let app = machine.process("app.exe");
        let thread = app.enter();
        let key = thread.create_key(TEST, ALL).unwrap();
        let _ = key.set_dword("Number", 1);
        assert_only(&machine, Rule::C5, "RegNtPreSetValueKey");
    }
}
