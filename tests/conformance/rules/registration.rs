//! R1 to R5.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::SeqCst};
use std::thread;

use wdm_sim::{KeyAccess, Machine, Profile, Rule, Status};
use wdm_sys::*;

use crate::support::*;

#[test]
fn r1_an_altitude_is_held_by_one_callback() {
    let machine = machine();
    let first = register(&machine, "320000", |_| Status::SUCCESS);
    let second = try_register(&machine, "320000", |_| Status::SUCCESS);
    assert_eq!(second.err(), Some(Status::FLT_INSTANCE_ALTITUDE_COLLISION));
    unregister_all(&machine, [first]);
    unregister_all(
        &machine,
        [register(&machine, "320000", |_| Status::SUCCESS)],
    );
    assert_only(&machine, Rule::R2, "CmRegisterCallbackEx");
}

#[test]
fn r1_registering_is_allowed_up_to_apc_level() {
    const APC_LEVEL: u8 = 1;
    const DISPATCH_LEVEL: u8 = 2;
    for (level, allowed) in [(APC_LEVEL, true), (DISPATCH_LEVEL, false)] {
        let machine = machine();
        let thread = machine.system_process().enter();
        let filter = at_irql(level, || register_here("320000", |_| Status::SUCCESS)).unwrap();
        drop(thread);
        unregister_all(&machine, [filter]);
        match allowed {
            true => assert_clean(&machine),
            false => drop(assert_only(&machine, Rule::Irql, "CmRegisterCallbackEx")),
        }
    }
}

#[test]
fn r1_the_routine_came_with_vista() {
    for profile in Profile::ALL {
        let machine = machine_like(profile);
        let _thread = machine.system_process().enter();
        let mut name = Wide::new("CmRegisterCallbackEx");
        // SAFETY: the name is live.
        let routine = unsafe { MmGetSystemRoutineAddress(name.as_ptr()) };
        assert_eq!(!routine.is_null(), profile >= Profile::Vista, "{profile}");
    }
}

/// The order in which callbacks at these altitudes hear of an open's two notifications.
fn order(machine: &Machine, altitudes: &[&'static str]) -> Vec<String> {
    let log = Log::default();
    let note = |altitude: &'static str| {
        let log = log.clone();
        move |event: &Event<'_>| {
            match event.class {
                RegNtPreOpenKeyEx => log.note(format!("pre {altitude}")),
                RegNtPostOpenKeyEx => log.note(format!("post {altitude}")),
                _ => {}
            }
            Status::SUCCESS
        }
    };
    let filters: Vec<_> = altitudes
        .iter()
        .map(|altitude| match *altitude {
            legacy if legacy.starts_with("none") => register_legacy(machine, note(legacy)),
            altitude => register(machine, altitude, note(altitude)),
        })
        .collect();
    let app = machine.process("app.exe");
    drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
    let heard = log.take();
    unregister_all(machine, filters);
    heard
}

#[test]
fn r2_higher_is_nearer_the_caller() {
    const LONG: &str = "99999999999999999999999999999999999999999.00000000000000000000000001";
    let machine = machine();
    let heard = order(
        &machine,
        &[
            "380020",
            "none, first",
            "380020.5",
            "40000",
            LONG,
            "none, second",
        ],
    );
    let down = [
        "none, first",
        "none, second",
        LONG,
        "380020.5",
        "380020",
        "40000",
    ];
    let pre = down.iter().map(|altitude| format!("pre {altitude}"));
    let post = down.iter().rev().map(|altitude| format!("post {altitude}"));
    assert_eq!(heard, pre.chain(post).collect::<Vec<_>>());
    assert_clean(&machine);
}

#[test]
fn r3_a_notification_can_come_before_the_cookie() {
    let machine = Machine::builder()
        .publish_cookie_late(true)
        .build()
        .unwrap();
    let seen = Arc::new([const { AtomicI64::new(-1) }; 2]);
    let filter = register(&machine, "1", {
        let seen = Arc::clone(&seen);
        move |event| {
            let _ = seen[0].compare_exchange(-1, event.cookie(), SeqCst, SeqCst);
            seen[1].store(event.cookie(), SeqCst);
            Status::SUCCESS
        }
    });
    let app = machine.process("app.exe");
    drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
    let seen = seen.each_ref().map(|cookie| cookie.load(SeqCst));
    assert_eq!(seen, [0, filter.cookie()], "first none, at last its own");
    unregister_all(&machine, [filter]);
    assert_clean(&machine);
}

#[test]
fn r4_unregistering_waits_and_afterwards_nothing_comes() {
    let machine = machine();
    let inside = Arc::new(AtomicBool::new(false));
    let calls = Arc::new(AtomicUsize::new(0));
    let filter = register(&machine, "1", {
        let (inside, calls) = (Arc::clone(&inside), Arc::clone(&calls));
        move |event| {
            calls.fetch_add(1, SeqCst);
            inside.store(!event.is_post(), SeqCst);
            // Gives the other thread every chance to be wrong.
            (0..50).for_each(|_| thread::yield_now());
            Status::SUCCESS
        }
    });
    thread::scope(|scope| {
        let app = machine.process("app.exe");
        scope.spawn(move || {
            let thread = app.enter();
            for _ in 0..20 {
                drop(thread.open_key(SYSTEM, KeyAccess::READ).unwrap());
            }
        });
        while calls.load(SeqCst) == 0 {
            thread::yield_now();
        }
        assert_eq!(filter.unregister(&machine), Status::SUCCESS);
        assert!(!inside.load(SeqCst), "a post-notification was owed");
        let then = calls.load(SeqCst);
        let app = machine.process("other.exe");
        drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
        assert_eq!(calls.load(SeqCst), then);
    });
    assert_clean(&machine);
}

#[test]
fn r4_contexts_are_cleaned_up_before_unregistering_returns() {
    let machine = machine();
    let cleaned = Arc::new(AtomicUsize::new(0));
    let filter = register(&machine, "1", {
        let cleaned = Arc::clone(&cleaned);
        move |event| {
            if let Some(object) = event.opened_object() {
                assert_eq!(event.set_context(object, 0x1000).0, Status::SUCCESS);
            }
            if event.class == RegNtCallbackObjectContextCleanup {
                cleaned.fetch_add(1, SeqCst);
            }
            Status::SUCCESS
        }
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let keys = [(); 3].map(|()| thread.open_key(SYSTEM, KeyAccess::READ).unwrap());
    assert_eq!(cleaned.load(SeqCst), 0);
    unregister_all(&machine, [filter]);
    assert_eq!(cleaned.load(SeqCst), keys.len());
    assert_clean(&machine);
}

#[test]
fn r4_an_unknown_cookie_is_refused() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    assert_eq!(unregister(0x1234), Status::INVALID_PARAMETER);
    assert_only(&machine, Rule::R4, "CmUnRegisterCallback");
}

#[test]
fn r4_inside_the_callback_it_would_wait_for_itself() {
    let machine = machine();
    let _filter = register(&machine, "1", |event| {
        if event.class == RegNtPreOpenKeyEx {
            assert_eq!(unregister(event.cookie()), Status::POSSIBLE_DEADLOCK);
        }
        Status::SUCCESS
    });
    let app = machine.process("app.exe");
    drop(app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap());
    assert_only(&machine, Rule::R4, "CmUnRegisterCallback");
}

#[test]
fn r5_the_version_is_1_0_on_vista_and_1_1_later() {
    for profile in [
        Profile::Vista,
        Profile::Win7,
        Profile::Win10,
        Profile::Win11,
    ] {
        let machine = machine_like(profile);
        let _thread = machine.system_process().enter();
        let (mut major, mut minor) = (9, 9);
        // SAFETY: both places are live.
        unsafe { CmGetCallbackVersion(&raw mut major, &raw mut minor) };
        let expected = (1, u32::from(profile > Profile::Vista));
        assert_eq!((major, minor), expected, "{profile}");
    }
}

#[test]
fn r5_a_failed_open_has_no_object_in_1_1() {
    // The way to see the older version's object is that of regfltr: a lower callback blocks.
    for (profile, has_object) in [(Profile::Vista, true), (Profile::Win7, false)] {
        let machine = machine_like(profile);
        let seen = Arc::new(AtomicUsize::new(usize::MAX));
        let high = register(&machine, "2", {
            let seen = Arc::clone(&seen);
            at(RegNtPostOpenKeyEx, move |event| {
                assert_eq!(Status(event.post().Status), Status::ACCESS_DENIED);
                seen.store(event.post().Object.addr(), SeqCst);
                Status::SUCCESS
            })
        });
        let low = register(
            &machine,
            "1",
            at(RegNtPreOpenKeyEx, |_| Status::ACCESS_DENIED),
        );
        let app = machine.process("app.exe");
        let refused = app.enter().open_key(SYSTEM, KeyAccess::READ).map(drop);
        assert_eq!(refused, Err(Status::ACCESS_DENIED));
        assert_eq!(seen.load(SeqCst) != 0, has_object, "{profile}");
        unregister_all(&machine, [high, low]);
    }
}

#[test]
fn r5_an_exception_out_of_a_callback_stops_the_machine() {
    unsafe extern "system" {
        fn ExRaiseStatus(status: NTSTATUS) -> !;
    }
    let name = "rules::registration::r5_an_exception_out_of_a_callback_stops_the_machine";
    if let Some(said) = run_again(name) {
        assert!(said.contains("bug check 0x"), "{said}");
        assert!(said.contains("raised in the callback"), "{said}");
        return;
    }
    let hook = |bug: &wdm_sim::BugCheck| eprintln!("bug check {:#x}", bug.code);
    let machine = Machine::builder().on_bug_check(hook).build().unwrap();
    let _filter = register(&machine, "1", |_| {
        eprintln!("raised in the callback");
        // SAFETY: it takes a number.
        unsafe { ExRaiseStatus(Status::ACCESS_DENIED.0) }
    });
    let app = machine.process("app.exe");
    let _ = app.enter().open_key(SYSTEM, KeyAccess::READ);
    std::process::exit(0);
}

#[test]
fn r1_a_registration_needs_memory() {
    let machine = machine();
    machine.fail_allocation(1);
    let refused = try_register(&machine, "1", |_| Status::SUCCESS);
    assert_eq!(refused.err(), Some(Status::INSUFFICIENT_RESOURCES));
}
