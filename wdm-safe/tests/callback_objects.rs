//! Callback objects: who is told of what, when, and until when.

mod support;

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

use support::{State, assert_clean, machine, with_driver};
use wdm_safe::bug_check::Bug;
use wdm_safe::callback_object::{
    Callbacks, Notification, Notifier, NotifyObject, NotifyRegistration, POWER_STATE,
    PROCESSOR_ADD, PowerChange, SET_SYSTEM_TIME,
};
use wdm_safe::{Init, NtError, Passive, Result, UnicodeStr, unicode};
use wdm_sim::{FaultPlan, LoadDriverError, Machine, Status, SystemCallback};

const NAME: &UnicodeStr = unicode!(r"\Callback\Contoso");

type Log<T> = Arc<Mutex<Vec<T>>>;

fn take<T>(log: &Log<T>) -> Vec<T> {
    std::mem::take(&mut log.lock().expect("nobody panics"))
}

/// Runs at PASSIVE_LEVEL on a thread of its own.
fn in_kernel<T>(machine: &Machine, body: impl FnOnce(Passive<'_>) -> T) -> T {
    let _thread = machine.system_process().enter();
    // SAFETY: a thread enters a machine at PASSIVE_LEVEL, and the tests restore the level.
    body(unsafe { Passive::new_unchecked() })
}

/// A callback that notes its arguments after a number.
fn noting(log: &Log<(u32, usize, usize)>, number: u32) -> impl Fn(&Notification<'_>) + use<> {
    let log = Arc::clone(log);
    move |told| {
        let note = (number, told.first(), told.second());
        log.lock().expect("nobody panics").push(note);
    }
}

fn keep<T: Send + Sync + 'static>(state: T) -> Result<State> {
    Ok(Box::new(state))
}

#[test]
fn what_is_created_can_be_opened_until_it_is_dropped() {
    let machine = machine();
    in_kernel(&machine, |at| {
        let absent = Err(NtError::OBJECT_NAME_NOT_FOUND);
        assert_eq!(NotifyObject::open(NAME, at).map(drop), absent);
        let made = NotifyObject::create(NAME, Callbacks::Many, at).expect("it is made");
        let opened = NotifyObject::open(unicode!(r"\callback\CONTOSO"), at).expect("it is there");
        let again = NotifyObject::create(NAME, Callbacks::Many, at).map(drop);
        assert_eq!(again, Err(NtError::OBJECT_NAME_COLLISION));
        drop(made);
        assert_eq!(NotifyObject::open(NAME, at).map(drop), absent);
        let again = NotifyObject::create(NAME, Callbacks::Many, at).expect("the name is free");
        drop((opened, again));
    });
    assert_clean(&machine);
}

#[test]
fn names_are_checked_and_the_kernels_own_are_taken() {
    let machine = machine();
    in_kernel(&machine, |at| {
        let status = |name| NotifyObject::create(name, Callbacks::One, at).map(drop);
        for name in [SET_SYSTEM_TIME, POWER_STATE, PROCESSOR_ADD] {
            assert_eq!(status(name), Err(NtError::OBJECT_NAME_COLLISION));
            drop(NotifyObject::open(name, at).expect("every Windows has it"));
        }
        let relative = status(unicode!("Contoso"));
        assert_eq!(relative, Err(NtError::OBJECT_PATH_SYNTAX_BAD));
        let nowhere = status(unicode!(r"\NoSuchDirectory\Contoso"));
        assert_eq!(nowhere, Err(NtError::OBJECT_PATH_NOT_FOUND));
    });
    assert_clean(&machine);
}

#[test]
fn callbacks_hear_in_the_order_of_their_registration_until_they_are_dropped() {
    let machine = machine();
    let log = Log::default();
    let start = {
        let log = Arc::clone(&log);
        move |init: &Init<'_>| {
            let made = NotifyObject::create(NAME, Callbacks::Many, init.passive())?;
            made.notify(0, 0);
            let first = made.register(init, noting(&log, 1))?;
            let second = made.register(init, noting(&log, 2))?;
            made.notify(7, usize::MAX);
            assert_eq!(take(&log), [(1, 7, usize::MAX), (2, 7, usize::MAX)]);
            drop(first);
            made.notify(8, 0);
            assert_eq!(take(&log), [(2, 8, 0)]);
            assert_eq!(second.missed(), 0);
            keep((second, made))
        }
    };
    with_driver(&machine, start, || {}).expect("it loads");
    assert_eq!(take(&log), []);
    assert_clean(&machine);
}

#[test]
fn an_object_for_one_callback_takes_one() {
    let machine = machine();
    let start = |init: &Init<'_>| {
        let made = NotifyObject::create(NAME, Callbacks::One, init.passive())?;
        let first = made.register(init, |_| {})?;
        let second = made.register(init, |_| {}).map(drop);
        assert_eq!(second, Err(NtError::INSUFFICIENT_RESOURCES));
        drop(first);
        keep((made.register(init, |_| {})?, made))
    };
    with_driver(&machine, start, || {}).expect("it loads");
    assert_clean(&machine);
}

#[test]
fn the_kernel_tells_of_time_and_power() {
    let machine = machine();
    let (changes, times) = (Log::default(), Arc::new(AtomicU64::new(0)));
    let start = {
        let (changes, times) = (Arc::clone(&changes), Arc::clone(&times));
        move |init: &Init<'_>| {
            let time = NotifyObject::open(SET_SYSTEM_TIME, init.passive())?;
            let time = time.register(init, move |told| {
                assert!(told.level().passive().is_some());
                times.fetch_add(1, SeqCst);
            })?;
            let power = NotifyObject::open(POWER_STATE, init.passive())?;
            let power = power.register(init, move |told| {
                changes
                    .lock()
                    .expect("nobody panics")
                    .push(PowerChange::of(told));
            })?;
            keep((time, power))
        }
    };
    with_driver(&machine, start, || {
        machine.notify_system_callback(SystemCallback::SetSystemTime, 0, 0);
        for (constant, is) in [(0, 0), (1, 1), (2, 1), (3, 0), (4, 1), (5, 0), (99, 7)] {
            machine.notify_system_callback(SystemCallback::PowerState, constant, is);
        }
    })
    .expect("it loads");
    machine.notify_system_callback(SystemCallback::SetSystemTime, 0, 0);
    assert_eq!(times.load(SeqCst), 1);
    let expected = [
        PowerChange::SystemPolicy,
        PowerChange::AcPower(true),
        PowerChange::Other(2, 1),
        PowerChange::Working(false),
        PowerChange::LidOpen(true),
        PowerChange::ProcessorPolicy,
        PowerChange::Other(99, 7),
    ];
    assert_eq!(take(&changes), expected);
    assert_clean(&machine);
}

#[test]
fn a_notification_above_apc_level_is_counted_and_not_delivered() {
    unsafe extern "system" {
        fn KfRaiseIrql(level: u8) -> u8;
        fn KeLowerIrql(level: u8);
    }
    let machine = machine();
    let log = Log::default();
    let start = {
        let log = Arc::clone(&log);
        move |init: &Init<'_>| {
            let made = NotifyObject::create(NAME, Callbacks::Many, init.passive())?;
            let registration = made.register(init, noting(&log, 1))?;
            for level in 0..=2 {
                // SAFETY: another driver would notify at this level.
                let before = unsafe { KfRaiseIrql(level) };
                made.notify(usize::from(level), 0);
                // SAFETY: as above.
                unsafe { KeLowerIrql(before) };
            }
            assert_eq!(registration.missed(), 1);
            keep((registration, made))
        }
    };
    with_driver(&machine, start, || {}).expect("it loads");
    assert_eq!(take(&log), [(1, 0, 0), (1, 1, 0)]);
    assert_clean(&machine);
}

#[test]
fn what_a_callback_owns_is_dropped_with_its_registration() {
    let machine = machine();
    let owned = Arc::new(());
    let start = {
        let owned = Arc::clone(&owned);
        move |init: &Init<'_>| {
            let made = NotifyObject::create(NAME, Callbacks::Many, init.passive())?;
            let mine = Arc::clone(&owned);
            let registration = made.register(init, move |_| drop(Arc::clone(&mine)))?;
            made.notify(0, 0);
            assert_eq!(Arc::strong_count(&owned), 3);
            drop(registration);
            assert_eq!(Arc::strong_count(&owned), 2);
            keep(made)
        }
    };
    with_driver(&machine, start, || {}).expect("it loads");
    assert_eq!(Arc::strong_count(&owned), 1);
    assert_clean(&machine);
}

#[test]
fn every_allocation_can_fail() {
    let owned = Arc::new(());
    let mut failures = 0;
    for number in 1.. {
        let machine = machine();
        let start = {
            let owned = Arc::clone(&owned);
            move |init: &Init<'_>| {
                let made = NotifyObject::create(NAME, Callbacks::Many, init.passive())?;
                let registration = made.register(init, move |_| drop(Arc::clone(&owned)))?;
                made.notify(0, 0);
                keep((registration, made))
            }
        };
        machine.fail_allocation(number);
        let loaded = with_driver(&machine, start, || {});
        machine.fail_allocation(0);
        assert_clean(&machine);
        assert_eq!(Arc::strong_count(&owned), 1);
        match loaded {
            Ok(()) => break,
            Err(LoadDriverError::Init { status, .. }) => {
                assert_eq!(status, Status::INSUFFICIENT_RESOURCES);
                failures += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    // The driver's extension and state; looking for the object, making it, and registering twice.
    assert!(failures >= 6, "{failures}");
}

#[test]
fn each_call_of_the_kernel_can_fail() {
    let owned = Arc::new(());
    let plan = FaultPlan::new();
    while plan.next_run() {
        let machine = Machine::builder()
            .fail_each(&plan)
            .build()
            .expect("it builds");
        let start = {
            let owned = Arc::clone(&owned);
            move |init: &Init<'_>| {
                let made = NotifyObject::create(NAME, Callbacks::Many, init.passive())?;
                let opened = NotifyObject::open(NAME, init.passive())?;
                let registration = opened.register(init, move |_| drop(Arc::clone(&owned)))?;
                made.notify(0, 0);
                keep((registration, opened, made))
            }
        };
        let loaded = with_driver(&machine, start, || {});
        assert_clean(&machine);
        let fault = machine.report().fault;
        // It can do without some of them.
        assert!(fault.is_some() || loaded.is_ok(), "{loaded:?}");
        assert_eq!(Arc::strong_count(&owned), 1, "{fault:?}");
    }
    let faults = plan.faults();
    for routine in [
        "ExCreateCallback",
        "ExRegisterCallback",
        "ObOpenObjectByPointer",
    ] {
        assert!(
            faults.iter().any(|fault| fault.routine == routine),
            "{routine}: {faults:#?}"
        );
    }
}

/// Counts how many calls are inside the callback, and whether one was after its registration.
#[derive(Default)]
struct Watched {
    alive: AtomicBool,
    calls: AtomicUsize,
    late: AtomicUsize,
}

#[test]
fn no_call_outlives_its_registration_however_many_threads_notify() {
    const ROUNDS: usize = 200;
    let machine = machine();
    let started: Arc<Mutex<Option<Arc<Notifier>>>> = Arc::default();
    let stop = Arc::new(AtomicBool::new(false));
    let calls = Arc::new(AtomicUsize::new(0));
    let start = {
        let (started, stop) = (Arc::clone(&started), Arc::clone(&stop));
        let calls = Arc::clone(&calls);
        move |init: &Init<'_>| {
            let made = NotifyObject::create(NAME, Callbacks::Many, init.passive())?;
            let made = Arc::new(made);
            *started.lock().expect("nobody panics") = Some(Arc::clone(&made));
            for round in 0..ROUNDS {
                let watched = Arc::new(Watched::default());
                watched.alive.store(true, SeqCst);
                let seen = Arc::clone(&watched);
                let registration: NotifyRegistration = made.register(init, move |_| {
                    seen.calls.fetch_add(1, SeqCst);
                    thread::yield_now();
                    if !seen.alive.load(SeqCst) {
                        seen.late.fetch_add(1, SeqCst);
                    }
                })?;
                // At least one call each, on this thread or another.
                made.notify(round, 0);
                drop(registration);
                watched.alive.store(false, SeqCst);
                assert_eq!(watched.late.load(SeqCst), 0);
                assert_eq!(Arc::strong_count(&watched), 1, "the callback is gone");
                calls.fetch_add(watched.calls.load(SeqCst), SeqCst);
            }
            stop.store(true, SeqCst);
            keep(made)
        }
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let _thread = machine.system_process().enter();
                let made = loop {
                    if let Some(made) = &*started.lock().expect("nobody panics") {
                        break Arc::clone(made);
                    }
                    thread::yield_now();
                };
                while !stop.load(SeqCst) {
                    made.notify(1, 2);
                }
            });
        }
        with_driver(&machine, start, || {
            // The notifying threads give the object back before the driver goes.
            let mine = started.lock().expect("nobody panics").take();
            let mine = mine.expect("the driver has started");
            while Arc::strong_count(&mine) > 2 {
                thread::yield_now();
            }
        })
        .expect("it loads");
    });
    assert!(calls.load(SeqCst) >= ROUNDS);
    assert_clean(&machine);
}

/// Set in the process that stops.
const INSIDE: &str = "WDM_TEST_INSIDE";

/// A registration that its own callback finds.
static OWN: Mutex<Option<NotifyRegistration>> = Mutex::new(None);

#[test]
fn dropping_a_registration_inside_its_callback_is_a_named_bug_check() {
    if std::env::var_os(INSIDE).is_some() {
        let hook = |bug: &wdm_sim::BugCheck| eprintln!("code {:#010X}", bug.code);
        let machine = Machine::builder().on_bug_check(hook).build();
        let start = |init: &Init<'_>| {
            let made = NotifyObject::create(NAME, Callbacks::Many, init.passive())?;
            let registration = made.register(init, |_| drop(OWN.lock().map(|mut it| it.take())))?;
            *OWN.lock().expect("nobody panics") = Some(registration);
            made.notify(0, 0);
            keep(made)
        };
        with_driver(&machine.expect("it builds"), start, || {}).expect("it loads");
        eprintln!("the machine went on");
        return;
    }
    let this = std::env::current_exe().expect("a test knows its file");
    let name = "dropping_a_registration_inside_its_callback_is_a_named_bug_check";
    let again = Command::new(this)
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("the test runs itself");
    assert!(!again.status.success());
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    // Where the host cannot walk its stack by name, the simulated kernel stops the machine.
    let code = match cfg!(target_os = "linux") {
        true => Bug::UnregisteredInsideCallback as u32,
        false => 0xEA,
    };
    assert!(said.contains(&format!("code {code:#010X}")), "{said}");
    assert!(!said.contains("went on"), "{said}");
}
