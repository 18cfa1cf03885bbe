//! R1 to R5.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::{ptr, thread};

use wdm_sim::{KeyAccess, Machine, Rule, Status};
use wdm_sys::*;

use crate::support::*;

#[test]
fn r1_one_altitude_is_given_once() {
    let machine = machine();
    let first = register(&machine, "380010", |_| Status::SUCCESS);
    assert_ne!(first.cookie(), 0);
    let again = try_register(&machine, "0380010.0", |_| Status::SUCCESS);
    assert_eq!(
        again.err(),
        Some(Status::FLT_INSTANCE_ALTITUDE_COLLISION),
        "the same number in another spelling"
    );
    let finding = assert_only(&machine, Rule::R2, "CmRegisterCallbackEx");
    assert!(finding.detail.contains("0380010.0 is held"), "{finding}");
    let second = register(&machine, "380010.5", |_| Status::SUCCESS);
    assert_ne!(first.cookie(), second.cookie());
    assert_eq!(first.unregister(&machine), Status::SUCCESS);
    let third = register(&machine, "380010", |_| Status::SUCCESS);
    assert_ne!(third.cookie(), first.cookie(), "cookies are not used again");
    assert_eq!(machine.report().findings.len(), 1);
}

#[test]
fn r1_missing_parameters_are_found() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let mut cookie = LARGE_INTEGER { QuadPart: 0 };
    let mut altitude = Wide::new("1");
    // SAFETY: NULL pointers are refused.
    let status = unsafe {
        CmRegisterCallbackEx(
            None,
            altitude.as_ptr(),
            ptr::without_provenance_mut(0x1000),
            ptr::null_mut(),
            &raw mut cookie,
            ptr::null_mut(),
        )
    };
    assert_eq!(Status(status), Status::INVALID_PARAMETER);
    let finding = assert_only(&machine, Rule::R1, "CmRegisterCallbackEx");
    assert!(finding.detail.contains("Function is NULL"));
}

#[test]
fn r2_pre_goes_down_and_post_goes_up() {
    let machine = machine();
    let log = Log::default();
    let tell = |name: &'static str| {
        let log = log.clone();
        move |event: &Event<'_>| {
            if matches!(event.class, RegNtPreOpenKeyEx | RegNtPostOpenKeyEx) {
                let phase = if event.is_post() { "post" } else { "pre" };
                log.note(format!("{name} {phase}"));
            }
            Status::SUCCESS
        }
    };
    // In an order that is none of the orders asserted below.
    let filters = [
        register(&machine, "100.5", tell("middle")),
        register(&machine, "99", tell("low")),
        register_legacy(&machine, tell("legacy first")),
        register(&machine, "1000", tell("high")),
        register_legacy(&machine, tell("legacy second")),
    ];
    let app = machine.process("app.exe");
    let thread = app.enter();
    drop(thread.open_key(SYSTEM, KeyAccess::READ).unwrap());
    let down = ["legacy first", "legacy second", "high", "middle", "low"];
    let pre = down.iter().map(|name| format!("{name} pre"));
    let post = down.iter().rev().map(|name| format!("{name} post"));
    assert_eq!(log.take(), pre.chain(post).collect::<Vec<_>>());
    for filter in &filters {
        assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    }
    drop(thread.open_key(SYSTEM, KeyAccess::READ).unwrap());
    assert_eq!(log.take(), [""; 0]);
    assert_clean(&machine);
}

#[test]
fn r2_a_malformed_altitude_is_found() {
    let machine = machine();
    let refused = try_register(&machine, "38 0010", |_| Status::SUCCESS);
    assert_eq!(refused.err(), Some(Status::INVALID_PARAMETER));
    let finding = assert_only(&machine, Rule::R2, "CmRegisterCallbackEx");
    assert!(finding.detail.contains("38 0010"), "{finding}");
}

/// What the first notification of a callback finds where its cookie is to be.
fn cookie_at_first_notification(machine: &Machine) -> i64 {
    let first = Arc::new(AtomicI64::new(-1));
    let seen = Arc::clone(&first);
    let filter = register(machine, "1", move |event| {
        let _ = seen.compare_exchange(-1, event.cookie(), SeqCst, SeqCst);
        Status::SUCCESS
    });
    let app = machine.process("app.exe");
    drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
    let first = first.load(SeqCst);
    assert!(first == 0 || first == filter.cookie());
    first
}

#[test]
fn r3_the_cookie_is_there_before_the_first_notification() {
    assert_ne!(cookie_at_first_notification(&machine()), 0);
}

#[test]
fn r3_the_first_notification_can_come_before_the_cookie() {
    let machine = Machine::builder()
        .publish_cookie_late(true)
        .build()
        .unwrap();
    assert_eq!(cookie_at_first_notification(&machine), 0);
    assert_clean(&machine);
}

#[test]
fn r3_a_cookie_that_is_not_there_yet_is_refused() {
    let machine = Machine::builder()
        .publish_cookie_late(true)
        .build()
        .unwrap();
    let _filter = register(&machine, "1", |event| {
        if let Some(object) = event.opened_object()
            && event.cookie() == 0
        {
            let (status, _) = event.set_context(object, 0x1000);
            assert_eq!(status, Status::INVALID_PARAMETER);
        }
        Status::SUCCESS
    });
    assert_only(&machine, Rule::R3, "CmSetCallbackObjectContext");
}

#[test]
fn r4_an_unknown_cookie_is_refused() {
    let machine = machine();
    let filter = register(&machine, "1", |_| Status::SUCCESS);
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    assert_clean(&machine);
    assert_eq!(filter.unregister(&machine), Status::INVALID_PARAMETER);
    assert_only(&machine, Rule::R4, "CmUnRegisterCallback");
}

#[test]
fn r4_unregistering_waits_for_operations_in_flight() {
    let machine = machine();
    let inside = Arc::new(AtomicBool::new(false));
    let (entered, wait_entered) = mpsc::channel();
    let (release, wait_release) = mpsc::channel::<()>();
    let wait_release = std::sync::Mutex::new(wait_release);
    let filter = register(&machine, "1", {
        let inside = Arc::clone(&inside);
        move |event| {
            if event.class == RegNtPreOpenKeyEx {
                inside.store(true, SeqCst);
                entered.send(()).unwrap();
                wait_release.lock().unwrap().recv().unwrap();
            }
            if event.class == RegNtPostOpenKeyEx {
                inside.store(false, SeqCst);
            }
            Status::SUCCESS
        }
    });
    thread::scope(|scope| {
        let app = machine.process("app.exe");
        scope.spawn(move || drop(app.enter().open_key(SYSTEM, KeyAccess::READ)));
        wait_entered.recv().unwrap();
        let unregistering = scope.spawn(|| {
            assert_eq!(filter.unregister(&machine), Status::SUCCESS);
            // Not only the pre-notification: the post-notification that it was promised, too.
            assert!(!inside.load(SeqCst), "unregistered under a notification");
        });
        release.send(()).unwrap();
        unregistering.join().unwrap();
    });
    assert_clean(&machine);
}

#[test]
fn r4_unregistering_cleans_up_all_contexts() {
    let machine = machine();
    let cleaned = Arc::new(AtomicUsize::new(0));
    let filter = register(&machine, "1", {
        let cleaned = Arc::clone(&cleaned);
        move |event| {
            if let Some(object) = event.opened_object() {
                assert_eq!(event.set_context(object, 0x1000).0, Status::SUCCESS);
            }
            if event.class == RegNtCallbackObjectContextCleanup {
                assert_eq!(event.cleanup().ObjectContext.addr(), 0x1000);
                cleaned.fetch_add(1, SeqCst);
            }
            Status::SUCCESS
        }
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let keys: Vec<_> = (0..5)
        .map(|_| thread.open_key(SYSTEM, KeyAccess::READ).unwrap())
        .collect();
    assert_eq!(cleaned.load(SeqCst), 0);
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    assert_eq!(cleaned.load(SeqCst), 5);
    drop(keys);
    assert_eq!(cleaned.load(SeqCst), 5, "never called again");
    let counters = machine.report().counters;
    assert_eq!((counters.contexts_set, counters.contexts_released), (5, 5));
    assert_clean(&machine);
}

#[test]
fn r4_unregistering_inside_the_callback_is_found() {
    let machine = machine();
    let filter = register(&machine, "1", |event| {
        if event.class == RegNtPreOpenKeyEx {
            assert_eq!(unregister(event.cookie()), Status::POSSIBLE_DEADLOCK);
        }
        Status::SUCCESS
    });
    let app = machine.process("app.exe");
    drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
    assert_only(&machine, Rule::R4, "CmUnRegisterCallback");
    assert_eq!(filter.unregister(&machine), Status::SUCCESS, "it goes on");
}

#[test]
fn r4_unregistering_inside_the_callback_is_found_on_a_nested_thread_too() {
    let machine = machine();
    let inner = machine.clone();
    let _filter = register(&machine, "1", move |event| {
        if event.class == RegNtPreOpenKeyEx {
            let _thread = inner.system_process().enter();
            assert_eq!(unregister(event.cookie()), Status::POSSIBLE_DEADLOCK);
        }
        Status::SUCCESS
    });
    let app = machine.process("app.exe");
    drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
    assert_only(&machine, Rule::R4, "CmUnRegisterCallback");
}

#[test]
fn r4_unregistering_one_that_waits_further_up_is_found() {
    let machine = machine();
    let high = register(&machine, "2", |_| Status::SUCCESS);
    let cookie = high.cookie();
    let _low = register(&machine, "1", move |event| {
        if event.class == RegNtPreOpenKeyEx {
            assert_eq!(unregister(cookie), Status::POSSIBLE_DEADLOCK);
        }
        Status::SUCCESS
    });
    let app = machine.process("app.exe");
    drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
    assert_only(&machine, Rule::R4, "CmUnRegisterCallback");
}

#[test]
fn r5_the_version_is_1_1() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let (mut major, mut minor) = (0, 0);
    // SAFETY: both places are live.
    unsafe { CmGetCallbackVersion(&raw mut major, &raw mut minor) };
    assert_eq!((major, minor), (1, 1));
    // SAFETY: both are optional.
    unsafe { CmGetCallbackVersion(ptr::null_mut(), ptr::null_mut()) };
}

#[test]
fn r5_a_failed_open_has_no_object() {
    let machine = machine();
    let log = Log::default();
    let _filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            if event.class == RegNtPostOpenKeyEx {
                let post = event.post();
                log.note(format!("{} {:p}", Status(post.Status), post.Object));
            }
            Status::SUCCESS
        }
    });
    let app = machine.process("app.exe");
    let path = format!(r"{SYSTEM}\No such key");
    let refused = app.enter().open_key(&path, KeyAccess::READ).map(drop);
    assert_eq!(refused, Err(Status::OBJECT_NAME_NOT_FOUND));
    let not_found = Status::OBJECT_NAME_NOT_FOUND;
    assert_eq!(log.take(), [format!("{not_found} 0x0")]);
}
