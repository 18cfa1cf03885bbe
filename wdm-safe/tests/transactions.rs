//! Transactions as a driver's client of the registry uses them.

use std::time::Duration;

use wdm_safe::registry::{
    Disposition, KeyAccess, KeyOptions, KeyRequest, RegKey, Transaction, ValueRef,
};
use wdm_safe::{NtError, Passive, Result, UnicodeStr, unicode};
use wdm_sim::Machine;

const HOME: &UnicodeStr = unicode!(r"\Registry\Machine\SYSTEM\Home");
const NEW: &UnicodeStr = unicode!(r"\Registry\Machine\SYSTEM\Home\New");
const NUMBER: &UnicodeStr = unicode!("Number");
const ALL: KeyAccess = KeyAccess::ALL;

/// Runs on a thread of `machine`, and checks that nothing is left open or allocated.
fn run(machine: &Machine, test: impl FnOnce(Passive<'_>)) {
    let process = machine.process("test");
    let thread = process.enter();
    // SAFETY: tests run at PASSIVE_LEVEL.
    test(unsafe { Passive::new_unchecked() });
    drop(thread);
    let report = machine.report();
    assert_eq!(report.counters.pool_allocations, report.counters.pool_frees);
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
}

/// As [`run`], in a machine of its own with a key at `HOME`, which has the value `Number` 1.
fn with_key(test: impl FnOnce(&RegKey, Passive<'_>)) {
    let machine = Machine::builder()
        .build()
        .expect("the demonstration hive mounts");
    run(&machine, |at| {
        let (key, _) = RegKey::create(HOME, ALL, at).expect("it is created");
        set(&key, 1, at).expect("it is set");
        test(&key, at);
    });
}

fn set(key: &RegKey, number: u32, at: Passive<'_>) -> Result<()> {
    key.set_value(NUMBER, ValueRef::Dword(number), at)
}

fn number(key: &RegKey, at: Passive<'_>) -> Result<Option<u32>> {
    Ok(key.value(NUMBER, at)?.as_u32())
}

#[test]
fn a_commit_makes_changes_everybodys() {
    with_key(|outside, at| {
        let transaction = Transaction::new(at).expect("it begins");
        let inside = RegKey::open_in(&transaction, HOME, ALL, at).expect("it is there");
        set(&inside, 2, at).expect("it is set");
        let (new, disposition) =
            RegKey::create_in(&transaction, NEW, ALL, at).expect("it is created");
        assert_eq!(disposition, Disposition::Created);
        set(&new, 3, at).expect("it is set");
        assert_eq!(number(&inside, at), Ok(Some(2)));
        assert_eq!(number(outside, at), Ok(Some(1)));
        assert_eq!(
            RegKey::open(NEW, ALL, at).err(),
            Some(NtError::OBJECT_NAME_NOT_FOUND)
        );
        transaction.commit(at).expect("nobody was in the way");
        assert_eq!(number(outside, at), Ok(Some(2)));
        let new = RegKey::open(NEW, ALL, at).expect("it is there now");
        assert_eq!(number(&new, at), Ok(Some(3)));
    });
}

#[test]
fn a_rollback_and_a_drop_undo_changes() {
    with_key(|outside, at| {
        for roll_back in [true, false] {
            let transaction = Transaction::new(at).expect("it begins");
            let (new, _) = KeyRequest::new(unicode!("New"), ALL)
                .below(outside)
                .inside(&transaction)
                .create(at)
                .expect("it is created");
            let inside = KeyRequest::new(unicode!(""), ALL)
                .below(outside)
                .inside(&transaction)
                .open(at)
                .expect("it is there");
            set(&inside, 2, at).expect("it is set");
            assert_eq!(inside.subkeys(at).count(), 1);
            match roll_back {
                true => transaction.rollback(at).expect("it is active"),
                false => drop(transaction),
            }
            assert_eq!(number(outside, at), Ok(Some(1)));
            assert_eq!(outside.subkeys(at).count(), 0);
            assert_eq!(set(&new, 4, at), Err(NtError::TRANSACTION_NOT_ACTIVE));
        }
    });
}

#[test]
fn below_a_key_of_a_transaction_everything_is_in_it() {
    with_key(|outside, at| {
        let transaction = Transaction::new(at).expect("it begins");
        let inside = RegKey::open_in(&transaction, HOME, ALL, at).expect("it is there");
        let (new, _) = inside
            .create_below(unicode!("New"), ALL, KeyOptions::empty(), at)
            .expect("it is created");
        set(&new, 2, at).expect("it is set");
        new.rename(unicode!("Newer"), at).expect("it is renamed");
        let found = inside
            .open_below(unicode!("Newer"), ALL, at)
            .expect("it is there");
        assert_eq!(number(&found, at), Ok(Some(2)));
        assert_eq!(outside.subkeys(at).count(), 0);
        found.delete(at).expect("it has no subkeys");
        transaction.commit(at).expect("nobody was in the way");
        assert_eq!(outside.subkeys(at).count(), 0);
    });
}

#[test]
fn keys_outlive_their_transaction_and_say_so() {
    with_key(|_, at| {
        let transaction = Transaction::new(at).expect("it begins");
        let inside = RegKey::open_in(&transaction, HOME, ALL, at).expect("it is there");
        transaction.commit(at).expect("nobody was in the way");
        let ended = Some(NtError::TRANSACTION_NOT_ACTIVE);
        assert_eq!(number(&inside, at).err(), ended);
        assert_eq!(inside.path(at).err(), ended);
        assert_eq!(inside.open_below(unicode!(""), ALL, at).err(), ended);
    });
}

#[test]
fn who_writes_outside_wins_and_another_transaction_does_not() {
    with_key(|outside, at| {
        let [first, second] = [0, 1].map(|_| Transaction::new(at).expect("it begins"));
        let inside = RegKey::open_in(&first, HOME, ALL, at).expect("it is there");
        let other = RegKey::open_in(&second, HOME, ALL, at).expect("it is there");
        set(&inside, 2, at).expect("it is set");
        assert_eq!(set(&other, 3, at), Err(NtError::TRANSACTIONAL_CONFLICT));
        assert_eq!(
            KeyRequest::new(unicode!(""), ALL)
                .below(&inside)
                .inside(&second)
                .open(at)
                .err(),
            Some(NtError::TRANSACTIONAL_CONFLICT)
        );
        set(outside, 4, at).expect("it is set");
        assert_eq!(first.commit(at), Err(NtError::TRANSACTION_ALREADY_ABORTED));
        set(&other, 3, at).expect("nobody else has a claim now");
        second.commit(at).expect("nobody was in the way");
        assert_eq!(number(outside, at), Ok(Some(3)));
    });
}

#[test]
fn a_transaction_whose_time_is_up_is_rolled_back() {
    with_key(|_, at| {
        let patient = Transaction::with_timeout(Duration::MAX, at).expect("it begins");
        let late = Transaction::with_timeout(Duration::ZERO, at).expect("it begins");
        while let Ok(key) = RegKey::open_in(&late, HOME, ALL, at) {
            drop(key);
            std::thread::yield_now();
        }
        assert_eq!(late.commit(at), Err(NtError::TRANSACTION_ALREADY_ABORTED));
        patient.commit(at).expect("it has time");
    });
}

#[test]
fn p5_each_allocation_in_a_transaction_may_fail() {
    let mut failed = 0;
    for nth in 1.. {
        let machine = Machine::builder()
            .build()
            .expect("the demonstration hive mounts");
        let mut done = Ok(());
        run(&machine, |at| {
            let (key, _) = RegKey::create(HOME, ALL, at).expect("it is created");
            key.set_value(NUMBER, ValueRef::Binary(&[7; 3000]), at)
                .expect("it is set");
            machine.fail_allocation(nth);
            done = double(at);
            machine.fail_allocation(0);
            let length = key.value(NUMBER, at).expect("it is there").data().len();
            let copies = key.subkeys(at).count();
            match done {
                Ok(()) => assert_eq!((length, copies), (6000, 1)),
                Err(error) => {
                    assert_eq!(error, NtError::INSUFFICIENT_RESOURCES);
                    assert_eq!((length, copies), (3000, 0), "all of it is undone");
                }
            }
        });
        match done {
            Ok(()) => break,
            Err(_) => failed += 1,
        }
    }
    assert!(failed > 1, "{failed} allocations failed");
}

/// Doubles the value and makes a key named after the path, in one transaction.
fn double(at: Passive<'_>) -> Result<()> {
    let transaction = Transaction::new(at)?;
    let key = RegKey::open_in(&transaction, HOME, ALL, at)?;
    key.create_below(unicode!("Copy"), ALL, KeyOptions::empty(), at)?;
    let data = key.value(NUMBER, at)?;
    let twice = [data.data(), data.data()].concat();
    key.set_value(NUMBER, ValueRef::Binary(&twice), at)?;
    assert!(key.path(at)?.len() > 10);
    transaction.commit(at)
}
