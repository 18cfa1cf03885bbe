//! Workers: every record is handled, dropped or given back, and counted.

mod support;

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

use support::{State, assert_clean, machine, with_driver};
use wdm_safe::bug_check::Bug;
use wdm_safe::{Delivery, Init, Result, Worker};
use wdm_sim::{FaultPlan, LoadDriverError, Machine, Status};

fn keep<T: Send + Sync + 'static>(state: T) -> Result<State> {
    Ok(Box::new(state))
}

/// What a handler got.
#[derive(Default)]
struct Got {
    records: Mutex<Vec<(usize, usize)>>,
    dropped: AtomicU64,
}

impl Got {
    fn take(&self, delivery: Delivery<(usize, usize)>) {
        match delivery {
            Delivery::Record(record) => self.records.lock().expect("nobody panics").push(record),
            Delivery::Dropped(count) => {
                assert_ne!(count, 0);
                self.dropped.fetch_add(count, SeqCst);
            }
        }
    }
}

#[test]
fn records_of_one_thread_come_in_order_on_another() {
    let machine = machine();
    let got = Arc::new(Got::default());
    let start = {
        let got = Arc::clone(&got);
        move |init: &Init<'_>| {
            let mine = thread::current().id();
            let worker = Worker::start(init, 100, move |delivery, _| {
                assert_ne!(thread::current().id(), mine);
                got.take(delivery);
            })?;
            assert_eq!(worker.capacity(), 128);
            for number in 0..100 {
                assert_eq!(worker.push((0, number)), Ok(()));
            }
            assert_eq!(worker.dropped(), 0);
            keep(worker)
        }
    };
    with_driver(&machine, start, || {}).expect("it loads");
    let records = std::mem::take(&mut *got.records.lock().expect("nobody panics"));
    let expected: Vec<_> = (0..100).map(|number| (0, number)).collect();
    assert_eq!(
        records, expected,
        "what was left is handled when the worker goes"
    );
    assert_clean(&machine);
}

#[test]
fn a_worker_handles_records_while_it_lives() {
    let machine = machine();
    let handled = Arc::new(AtomicUsize::new(0));
    let start = {
        let handled = Arc::clone(&handled);
        move |init: &Init<'_>| {
            let seen = Arc::clone(&handled);
            let worker = Worker::start(init, 2, move |_, _| {
                seen.fetch_add(1, SeqCst);
            })?;
            // The worker sleeps and is woken each time.
            for number in 1..=100 {
                assert_eq!(worker.push(number), Ok(()));
                while handled.load(SeqCst) < number {
                    thread::yield_now();
                }
            }
            keep(worker)
        }
    };
    with_driver(&machine, start, || {}).expect("it loads");
    assert_eq!(handled.load(SeqCst), 100);
    assert_clean(&machine);
}

#[test]
fn what_finds_no_room_comes_back_and_the_handler_is_told() {
    let machine = machine();
    let got = Arc::new(Got::default());
    let start = {
        let got = Arc::clone(&got);
        move |init: &Init<'_>| {
            let (busy, go) = (
                Arc::new(AtomicBool::new(false)),
                Arc::new(AtomicBool::new(false)),
            );
            let worker = {
                let (busy, go) = (Arc::clone(&busy), Arc::clone(&go));
                Worker::start(init, 4, move |delivery, _| {
                    busy.store(true, SeqCst);
                    while !go.load(SeqCst) {
                        thread::yield_now();
                    }
                    got.take(delivery);
                })?
            };
            assert_eq!(worker.push((0, 0)), Ok(()));
            while !busy.load(SeqCst) {
                thread::yield_now();
            }
            for number in 1..=4 {
                assert_eq!(worker.push((0, number)), Ok(()));
            }
            for number in 5..=7 {
                assert_eq!(worker.push((0, number)), Err((0, number)));
            }
            assert_eq!(worker.dropped(), 3);
            go.store(true, SeqCst);
            keep(worker)
        }
    };
    with_driver(&machine, start, || {}).expect("it loads");
    let records = got.records.lock().expect("nobody panics").clone();
    assert_eq!(records, [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4)]);
    assert_eq!(got.dropped.load(SeqCst), 3);
    assert_clean(&machine);
}

#[test]
fn many_producers_and_a_slow_consumer_add_up() {
    const PRODUCERS: usize = 8;
    const EACH: usize = 2000;
    let machine = machine();
    let got = Arc::new(Got::default());
    let lost = Arc::new(AtomicU64::new(0));
    let start = {
        let (got, lost, machine) = (Arc::clone(&got), Arc::clone(&lost), machine.clone());
        move |init: &Init<'_>| {
            let worker = Worker::start(init, 64, move |delivery, _| {
                thread::yield_now();
                got.take(delivery);
            })?;
            thread::scope(|scope| {
                for producer in 0..PRODUCERS {
                    let (worker, lost, machine) = (&worker, &lost, &machine);
                    scope.spawn(move || {
                        let process = machine.process("producer");
                        let _thread = process.enter();
                        for number in 0..EACH {
                            if let Err(back) = worker.push((producer, number)) {
                                assert_eq!(back, (producer, number));
                                lost.fetch_add(1, SeqCst);
                            }
                        }
                    });
                }
            });
            assert_eq!(worker.dropped(), lost.load(SeqCst));
            keep(worker)
        }
    };
    with_driver(&machine, start, || {}).expect("it loads");
    let records = std::mem::take(&mut *got.records.lock().expect("nobody panics"));
    let dropped = got.dropped.load(SeqCst);
    assert_eq!(dropped, lost.load(SeqCst));
    assert_eq!(records.len() as u64 + dropped, (PRODUCERS * EACH) as u64);
    for producer in 0..PRODUCERS {
        let its = records.iter().filter(|record| record.0 == producer);
        let numbers: Vec<_> = its.map(|record| record.1).collect();
        assert!(
            numbers.is_sorted_by(|one, next| one < next),
            "each once, in order"
        );
    }
    assert_clean(&machine);
}

#[test]
fn the_handler_runs_at_passive_level_in_the_system_process_and_is_dropped() {
    let machine = machine();
    let owned = Arc::new(());
    let process = Arc::new(AtomicUsize::new(0));
    let start = {
        let (owned, process) = (Arc::clone(&owned), Arc::clone(&process));
        move |init: &Init<'_>| {
            let worker = Worker::start(init, 2, move |delivery: Delivery<Arc<()>>, at| {
                let _mine = &owned;
                assert!(wdm_safe::ApcLevel::from(at).passive().is_some());
                process.store(wdm_safe::requestor::process_id(), SeqCst);
                drop(delivery);
            })?;
            let _ = worker.push(Arc::new(()));
            keep(worker)
        }
    };
    with_driver(&machine, start, || {}).expect("it loads");
    assert_eq!(process.load(SeqCst), 4);
    assert_eq!(Arc::strong_count(&owned), 1);
    assert_clean(&machine);
}

#[test]
fn every_allocation_can_fail_and_so_can_the_thread() {
    let owned = Arc::new(());
    let mut failures = 0;
    for number in 1.. {
        let machine = machine();
        let start = {
            let owned = Arc::clone(&owned);
            move |init: &Init<'_>| {
                let worker = Worker::start(init, 8, move |_, _| drop(Arc::clone(&owned)))?;
                let _ = worker.push(1);
                keep(worker)
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
    // The driver's extension and state; the queue, the worker, its start, the thread.
    assert_eq!(failures, 6);
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
                let worker = Worker::start(init, 8, move |_, _| drop(Arc::clone(&owned)))?;
                let _ = worker.push(1);
                keep(worker)
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
    for routine in ["PsCreateSystemThread", "ObReferenceObjectByHandle"] {
        assert!(
            faults.iter().any(|fault| fault.routine == routine),
            "{routine}: {faults:#?}"
        );
    }
}

/// Set in the process that stops.
const INSIDE: &str = "WDM_TEST_INSIDE";

/// Runs a test again, in a process of its own that must stop with `bug`.
fn stops_with(name: &str, bug: Bug) {
    let this = std::env::current_exe().expect("a test knows its file");
    let again = Command::new(this)
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("the test runs itself");
    assert!(!again.status.success());
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    let code = bug as u32;
    assert!(said.contains(&format!("code {code:#010X}")), "{said}");
    assert!(!said.contains("went on"), "{said}");
}

/// Runs a driver that is to stop its machine.
fn stop_inside(start: impl FnOnce(&Init<'_>) -> Result<State> + 'static) {
    let hook = |bug: &wdm_sim::BugCheck| eprintln!("code {:#010X}", bug.code);
    let machine = Machine::builder().on_bug_check(hook).build();
    with_driver(&machine.expect("it builds"), start, || {}).expect("it loads");
    eprintln!("the machine went on");
}

/// A worker that its own handler finds.
static OWN: Mutex<Option<Worker<u32>>> = Mutex::new(None);

#[test]
fn dropping_a_worker_inside_its_handler_is_a_named_bug_check() {
    if std::env::var_os(INSIDE).is_none() {
        let name = "dropping_a_worker_inside_its_handler_is_a_named_bug_check";
        return stops_with(name, Bug::StoppedInsideHandler);
    }
    stop_inside(|init| {
        let worker = Worker::start(init, 2, |_, _| drop(OWN.lock().map(|mut it| it.take())))?;
        let mut own = OWN.lock().expect("nobody panics");
        let _ = own.insert(worker).push(1);
        drop(own);
        // The machine stops while this waits; if the handler returned, it would go on.
        while OWN.lock().expect("nobody panics").is_some() {
            thread::yield_now();
        }
        thread::park_timeout(std::time::Duration::from_secs(20));
        keep(())
    });
}

#[test]
fn a_worker_that_is_forgotten_is_a_named_bug_check() {
    if std::env::var_os(INSIDE).is_none() {
        let name = "a_worker_that_is_forgotten_is_a_named_bug_check";
        return stops_with(name, Bug::LeftBehind);
    }
    stop_inside(|init| {
        std::mem::forget(Worker::start(init, 2, |_: Delivery<u32>, _| {})?);
        keep(())
    });
}
