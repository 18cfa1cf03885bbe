//! How a commit and a rollback go, with resource managers at work.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wdm_sim::{Machine, Rule, Status};

use super::managers::*;
use super::*;
use crate::support::*;

/// Runs a test in a thread of the System process, with a transaction; then nothing may be found.
fn with_transaction(test: impl FnOnce(&Machine, HANDLE)) {
    let machine = machine();
    let thread = machine.system_process().enter();
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    test(&machine, transaction);
    close(transaction);
    drop(thread);
    assert_clean(&machine);
}

/// As [`with_transaction`], for a test after which exactly one rule is broken.
fn finding(rule: Rule, call: &str, test: impl FnOnce(HANDLE)) -> String {
    let machine = Machine::builder().transaction_patience(Duration::from_millis(1));
    let machine = machine.build().unwrap();
    let thread = machine.system_process().enter();
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    test(transaction);
    close(transaction);
    drop(thread);
    assert_only(&machine, rule, call).detail
}

#[test]
fn t11_a_commit_asks_everybody_for_each_step_in_turn() {
    with_transaction(|_, transaction| {
        let log = Log::default();
        let [a, b, c] = ["a", "b", "c"].map(|name| Manager::obedient(name, &log));
        let handles = [
            a.enlist(transaction, STEPS),
            b.enlist(transaction, COMMIT | ROLLBACK),
            c.enlist(transaction, STEPS),
        ];
        assert_eq!(log.take(), [""; 0]);
        assert_eq!(commit(transaction, true), Status::SUCCESS);
        let expected = [
            "a: preprepare",
            "c: preprepare",
            "a: prepare",
            "c: prepare",
            "a: commit",
            "b: commit",
            "c: commit",
        ];
        assert_eq!(log.take(), expected);
        handles.into_iter().for_each(close);
        assert_eq!(log.take(), [""; 0], "it is committed");
    });
}

#[test]
fn t11_the_registrys_changes_are_everybodys_before_commit_is_told() {
    with_transaction(|_, transaction| {
        let key = create_key(ptr::null_mut(), TEST, transaction).unwrap();
        let key = Mutex::new(Some(std::mem::ManuallyDrop::new(key).0.addr()));
        let log = Log::default();
        let manager = {
            let log = log.clone();
            Manager::new(move |told| {
                let handle = key.lock().unwrap().take_if(|_| told.notification == COMMIT);
                if let Some(handle) = handle {
                    close(ptr::without_provenance_mut(handle));
                } else if let Some(handle) = *key.lock().unwrap() {
                    let key = KernelKey(ptr::without_provenance_mut(handle));
                    let key = std::mem::ManuallyDrop::new(key);
                    log.note(format!("{} inside", key.set_dword("Number", 1)));
                }
                let there = KernelKey::open(TEST).is_ok();
                log.note(format!("{}: {there}", name(told.notification)));
                answer(told.enlistment, told.notification)
            })
        };
        let enlistment = manager.enlist(transaction, STEPS);
        assert_eq!(commit(transaction, true), Status::SUCCESS);
        let expected = [
            "0x00000000 STATUS_SUCCESS inside",
            "preprepare: false",
            "0xC0190003 STATUS_TRANSACTION_NOT_ACTIVE inside",
            "prepare: false",
            "commit: true",
        ];
        assert_eq!(log.take(), expected);
        close(enlistment);
    });
}

#[test]
fn t11_the_registry_does_not_begin_to_take_part_after_the_active_state() {
    with_transaction(|_, transaction| {
        let address = transaction.addr();
        let manager = Manager::new(move |told| {
            let transaction = ptr::without_provenance_mut(address);
            let refused = open_key(SYSTEM, 0, transaction).map(drop);
            assert_eq!(refused, Err(Status::TRANSACTION_NOT_ACTIVE));
            answer(told.enlistment, told.notification)
        });
        let enlistment = manager.enlist(transaction, STEPS);
        assert_eq!(commit(transaction, true), Status::SUCCESS);
        close(enlistment);
    });
}

#[test]
fn t11_an_answer_may_come_later_and_from_another_thread() {
    with_transaction(|machine, transaction| {
        let (sender, receiver) = mpsc::channel();
        let manager = Manager::new(move |told| {
            sender
                .send((told.enlistment.addr(), told.notification))
                .unwrap();
            Status::PENDING
        });
        let enlistment = manager.enlist(transaction, STEPS);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let _thread = machine.system_process().enter();
                for step in [PREPREPARE, PREPARE, COMMIT] {
                    let (object, asked) = receiver.recv().unwrap();
                    assert_eq!(asked, step);
                    let object = ptr::without_provenance_mut(object);
                    assert_eq!(answer(object, step), Status::SUCCESS);
                }
            });
            assert_eq!(commit(transaction, true), Status::SUCCESS);
        });
        close(enlistment);
    });
}

#[test]
fn t2_who_does_not_wait_goes_on_while_resource_managers_work() {
    with_transaction(|_, transaction| {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let manager = {
            let asked = Arc::clone(&asked);
            Manager::new(move |told| {
                asked.lock().unwrap().push(told.notification);
                Status::PENDING
            })
        };
        let enlistment = manager.enlist(transaction, STEPS);
        let object = KernelKeyless(enlistment).object();
        let active = || is_active(transaction);
        assert!(active());
        assert_eq!(commit(transaction, false), Status::PENDING);
        assert!(!active());
        let again = Status::TRANSACTION_REQUEST_NOT_VALID;
        assert_eq!(commit(transaction, true), again);
        assert_eq!(roll_back(transaction, true), again);
        assert_eq!(prepreparecomplete(object), Status::SUCCESS);
        assert_eq!(prepare_complete(object), Status::SUCCESS);
        assert_eq!(commit(transaction, true), again, "it is under way still");
        let committed = Status::TRANSACTION_ALREADY_COMMITTED;
        assert_eq!(roll_back(transaction, true), committed, "this is decided");
        assert_eq!(commit_complete(object), Status::SUCCESS);
        assert_eq!(commit(transaction, true), committed);
        assert_eq!(*asked.lock().unwrap(), [PREPREPARE, PREPARE, COMMIT]);
        dereference(object);
        close(enlistment);
    });
}

#[test]
fn t11_an_answer_that_nobody_asked_for_is_found() {
    let not_requested = Status::TRANSACTION_NOT_REQUESTED;
    let detail = finding(Rule::T11, "ZwCommitComplete", |transaction| {
        let log = Log::default();
        let manager = Manager::obedient("a", &log);
        let enlistment = manager.enlist(transaction, STEPS);
        assert_eq!(zw_commit_complete(enlistment), not_requested);
        assert_eq!(zw_read_only(enlistment), Status::SUCCESS);
        close(enlistment);
    });
    assert!(detail.contains("owes no answer"), "{detail}");
    let detail = finding(Rule::T11, "TmCommitComplete", |transaction| {
        let manager = Manager::new(move |told| {
            if told.notification == PREPARE {
                assert_eq!(commit_complete(told.enlistment), not_requested);
            }
            answer(told.enlistment, told.notification)
        });
        let enlistment = manager.enlist(transaction, STEPS);
        assert_eq!(commit(transaction, true), Status::SUCCESS);
        close(enlistment);
    });
    assert!(
        detail.contains("is to be answered with TmPrepareComplete"),
        "{detail}"
    );
    let detail = finding(Rule::T11, "TmCommitComplete", |transaction| {
        let log = Log::default();
        let manager = Manager::obedient("a", &log);
        let enlistment = manager.enlist(transaction, STEPS);
        let object = KernelKeyless(enlistment).object();
        assert_eq!(commit(transaction, true), Status::SUCCESS);
        assert_eq!(commit_complete(object), not_requested, "a second time");
        dereference(object);
        close(enlistment);
    });
    assert!(detail.contains("was answered"), "{detail}");
}

#[test]
fn t11_an_answer_that_never_comes_is_found_and_not_waited_for() {
    let silent = || Manager::new(|_| Status::PENDING);
    for (step, call, outcome) in [
        (
            PREPREPARE,
            "TmPrePrepareComplete",
            Status::TRANSACTION_ALREADY_ABORTED,
        ),
        (
            PREPARE,
            "TmPrepareComplete",
            Status::TRANSACTION_ALREADY_ABORTED,
        ),
        (COMMIT, "TmCommitComplete", Status::SUCCESS),
    ] {
        let detail = finding(Rule::T11, call, |transaction| {
            let manager = silent();
            let enlistment = manager.enlist(transaction, step | ROLLBACK);
            assert_eq!(commit(transaction, true), outcome);
            // It is late, but that has been reported.
            let object = KernelKeyless(enlistment).object();
            let late = answer(object, step);
            assert_eq!(late, Status::TRANSACTION_NOT_REQUESTED);
            dereference(object);
            close(enlistment);
        });
        assert!(detail.contains("is not completed"), "{detail}");
    }
    finding(Rule::T11, "TmRollbackComplete", |transaction| {
        let manager = silent();
        let enlistment = manager.enlist(transaction, STEPS);
        assert_eq!(roll_back(transaction, true), Status::SUCCESS);
        close(enlistment);
    });
}

#[test]
fn t12_an_enlistment_rolls_back_until_it_is_prepared() {
    for step in [PREPREPARE, PREPARE] {
        with_transaction(|_, transaction| {
            let key = create_key(ptr::null_mut(), TEST, transaction).unwrap();
            let log = Log::default();
            let a = Manager::obedient("a", &log);
            let b = {
                let log = log.clone();
                Manager::new(move |told| {
                    log.note(format!("b: {}", name(told.notification)));
                    if told.notification != step {
                        return answer(told.enlistment, told.notification);
                    }
                    assert_eq!(roll_back_enlistment(told.enlistment), Status::SUCCESS);
                    // The question has been taken back: this is late, but not wrong.
                    let late = answer(told.enlistment, step);
                    assert_eq!(late, Status::TRANSACTION_NOT_REQUESTED);
                    Status::SUCCESS
                })
            };
            let handles = [a.enlist(transaction, STEPS), b.enlist(transaction, STEPS)];
            let aborted = Status::TRANSACTION_ALREADY_ABORTED;
            assert_eq!(commit(transaction, true), aborted);
            assert_eq!(commit(transaction, true), aborted);
            let mut expected = vec!["a: preprepare", "b: preprepare"];
            if step == PREPARE {
                expected.extend(["a: prepare", "b: prepare"]);
            }
            expected.extend(["a: rollback", "b: rollback"]);
            assert_eq!(log.take(), expected);
            drop(key);
            let missing = KernelKey::open(TEST).map(drop);
            assert_eq!(missing, Err(Status::OBJECT_NAME_NOT_FOUND));
            handles.into_iter().for_each(close);
        });
    }
}

#[test]
fn t12_who_is_prepared_cannot_roll_back() {
    with_transaction(|_, transaction| {
        let manager = Manager::new(|told| {
            let answered = answer(told.enlistment, told.notification);
            if told.notification == PREPARE {
                let refused = roll_back_enlistment(told.enlistment);
                assert_eq!(refused, Status::TRANSACTION_REQUEST_NOT_VALID);
            }
            answered
        });
        let enlistment = manager.enlist(transaction, STEPS);
        assert_eq!(commit(transaction, true), Status::SUCCESS);
        let refused = zw_roll_back_enlistment(enlistment);
        assert_eq!(refused, Status::TRANSACTION_REQUEST_NOT_VALID);
        close(enlistment);
    });
}

#[test]
fn t12_an_active_transaction_is_rolled_back_by_its_enlistments_too() {
    with_transaction(|_, transaction| {
        let log = Log::default();
        let [a, b] = ["a", "b"].map(|name| Manager::obedient(name, &log));
        let handles = [a.enlist(transaction, STEPS), b.enlist(transaction, STEPS)];
        assert_eq!(zw_roll_back_enlistment(handles[1]), Status::SUCCESS);
        assert_eq!(log.take(), ["a: rollback", "b: rollback"]);
        assert_eq!(
            commit(transaction, true),
            Status::TRANSACTION_ALREADY_ABORTED
        );
        handles.into_iter().for_each(close);
    });
}

#[test]
fn t13_a_callback_that_succeeds_has_answered() {
    let detail = finding(Rule::T13, "ResourceManagerNotification", |transaction| {
        let manager = Manager::new(|told| match told.notification {
            PREPARE => Status::SUCCESS,
            other => answer(told.enlistment, other),
        });
        let enlistment = manager.enlist(transaction, STEPS);
        assert_eq!(commit(transaction, true), Status::SUCCESS);
        close(enlistment);
    });
    assert!(
        detail.contains("call TmPrepareComplete, or return STATUS_PENDING"),
        "{detail}"
    );
}

#[test]
fn t13_a_callback_that_fails_rolls_back_what_is_not_decided() {
    with_transaction(|_, transaction| {
        let log = Log::default();
        let manager = {
            let log = log.clone();
            Manager::new(move |told| {
                log.note(name(told.notification));
                match told.notification {
                    PREPARE => Status::INSUFFICIENT_RESOURCES,
                    other => answer(told.enlistment, other),
                }
            })
        };
        let enlistment = manager.enlist(transaction, STEPS);
        assert_eq!(
            commit(transaction, true),
            Status::TRANSACTION_ALREADY_ABORTED
        );
        assert_eq!(log.take(), ["preprepare", "prepare", "rollback"]);
        close(enlistment);
    });
    let detail = finding(Rule::T13, "ResourceManagerNotification", |transaction| {
        let manager = Manager::new(|told| match told.notification {
            COMMIT => Status::INSUFFICIENT_RESOURCES,
            other => answer(told.enlistment, other),
        });
        let enlistment = manager.enlist(transaction, STEPS);
        assert_eq!(commit(transaction, true), Status::SUCCESS);
        close(enlistment);
    });
    assert!(detail.contains("when the outcome is decided"), "{detail}");
}

#[test]
fn t13_pending_is_for_what_a_routine_completes() {
    finding(Rule::T13, "ResourceManagerNotification", |transaction| {
        let manager = Manager::new(|told| match told.notification {
            COMMIT => answer(told.enlistment, COMMIT),
            _ => Status::PENDING,
        });
        let mask = COMMIT
            | ROLLBACK
            | TRANSACTION_NOTIFY_PREPREPARE_COMPLETE
            | TRANSACTION_NOTIFY_COMMIT_COMPLETE
            | TRANSACTION_NOTIFY_COMMIT_REQUEST;
        let enlistment = manager.enlist_with(transaction, SUPERIOR, mask, 0).unwrap();
        let object = KernelKeyless(enlistment).object();
        assert_eq!(commit(transaction, false), Status::PENDING);
        assert_eq!(commit_enlistment(object), Status::SUCCESS);
        dereference(object);
        close(enlistment);
    });
}

#[test]
fn t14_a_read_only_enlistment_hears_no_more() {
    with_transaction(|_, transaction| {
        let log = Log::default();
        let [a, b] = ["a", "b"].map(|name| Manager::obedient(name, &log));
        let c = {
            let log = log.clone();
            Manager::new(move |told| {
                log.note(format!("c: {}", name(told.notification)));
                match told.notification {
                    PREPARE => read_only(told.enlistment),
                    other => answer(told.enlistment, other),
                }
            })
        };
        let handles = [&a, &b, &c].map(|manager| manager.enlist(transaction, STEPS));
        assert_eq!(zw_read_only(handles[0]), Status::SUCCESS);
        // It has no part, so closing it changes nothing.
        close(handles[0]);
        assert_eq!(commit(transaction, true), Status::SUCCESS);
        let expected = [
            "b: preprepare",
            "c: preprepare",
            "b: prepare",
            "c: prepare",
            "b: commit",
        ];
        assert_eq!(log.take(), expected);
        close(handles[1]);
        close(handles[2]);
    });
}

#[test]
fn t14_it_is_too_late_after_the_answer_to_prepare() {
    finding(Rule::T11, "TmReadOnlyEnlistment", |transaction| {
        let manager = Manager::new(|told| {
            let answered = answer(told.enlistment, told.notification);
            if told.notification == PREPARE {
                let late = read_only(told.enlistment);
                assert_eq!(late, Status::TRANSACTION_NOT_REQUESTED);
            }
            answered
        });
        let enlistment = manager.enlist(transaction, STEPS);
        assert_eq!(commit(transaction, true), Status::SUCCESS);
        close(enlistment);
    });
}

#[test]
fn t15_a_lonely_enlistment_commits_in_a_single_phase_if_it_wants_to() {
    with_transaction(|_, transaction| {
        let log = Log::default();
        let [a, b] = ["a", "b"].map(|name| Manager::obedient(name, &log));
        let handles = [
            a.enlist(transaction, STEPS | SINGLE),
            b.enlist(transaction, STEPS | SINGLE),
        ];
        assert_eq!(zw_read_only(handles[1]), Status::SUCCESS);
        assert_eq!(commit(transaction, true), Status::SUCCESS);
        assert_eq!(log.take(), ["a: single-phase commit"]);
        handles.into_iter().for_each(close);
    });
    with_transaction(|_, transaction| {
        let log = Log::default();
        let manager = {
            let log = log.clone();
            Manager::new(move |told| {
                log.note(name(told.notification));
                match told.notification {
                    SINGLE => single_phase_reject(told.enlistment),
                    other => answer(told.enlistment, other),
                }
            })
        };
        let enlistment = manager.enlist(transaction, STEPS | SINGLE);
        assert_eq!(commit(transaction, true), Status::SUCCESS);
        let expected = ["single-phase commit", "preprepare", "prepare", "commit"];
        assert_eq!(log.take(), expected);
        close(enlistment);
    });
}

#[test]
fn t15_with_the_registry_an_enlistment_is_not_alone() {
    with_transaction(|_, transaction| {
        let key = create_key(ptr::null_mut(), TEST, transaction).unwrap();
        let log = Log::default();
        let manager = Manager::obedient("a", &log);
        let enlistment = manager.enlist(transaction, STEPS | SINGLE);
        assert_eq!(commit(transaction, true), Status::SUCCESS);
        assert_eq!(log.take(), ["a: preprepare", "a: prepare", "a: commit"]);
        drop(key);
        close(enlistment);
    });
}

#[test]
fn t15_others_hear_of_who_goes_without_an_answer() {
    finding(Rule::T11, "ZwClose", |transaction| {
        let log = Log::default();
        let handle = Arc::new(Mutex::new(0));
        let a = {
            let (log, handle) = (log.clone(), Arc::clone(&handle));
            Manager::new(move |told| {
                log.note(format!("a: {}", name(told.notification)));
                if told.notification == SINGLE {
                    close(ptr::without_provenance_mut(*handle.lock().unwrap()));
                    return Status::PENDING;
                }
                answer(told.enlistment, told.notification)
            })
        };
        let b = Manager::obedient("b", &log);
        *handle.lock().unwrap() = a.enlist(transaction, STEPS | SINGLE).addr();
        let mask = STEPS | TRANSACTION_NOTIFY_RM_DISCONNECTED;
        let enlistment = b.enlist(transaction, mask);
        assert_eq!(zw_read_only(enlistment), Status::SUCCESS);
        assert_eq!(
            commit(transaction, true),
            Status::TRANSACTION_ALREADY_ABORTED
        );
        let expected = ["a: single-phase commit", "b: disconnected", "a: rollback"];
        assert_eq!(log.take(), expected);
        close(enlistment);
    });
}

#[test]
fn t16_closing_the_last_handle_of_an_enlistment_rolls_back() {
    with_transaction(|_, transaction| {
        let log = Log::default();
        let [a, b] = ["a", "b"].map(|name| Manager::obedient(name, &log));
        let handles = [a.enlist(transaction, STEPS), b.enlist(transaction, STEPS)];
        close(handles[0]);
        assert_eq!(log.take(), ["a: rollback", "b: rollback"]);
        assert_eq!(
            commit(transaction, true),
            Status::TRANSACTION_ALREADY_ABORTED
        );
        close(handles[1]);
    });
}

#[test]
fn t16_closing_the_last_handle_of_a_resource_manager_rolls_back() {
    with_transaction(|_, transaction| {
        let log = Log::default();
        let [a, b] = ["a", "b"].map(|name| Manager::obedient(name, &log));
        let handles = [a.enlist(transaction, STEPS), b.enlist(transaction, STEPS)];
        let object = KernelKeyless(a.handle).object();
        drop(a);
        assert_eq!(log.take(), ["a: rollback", "b: rollback"]);
        assert_eq!(
            roll_back(transaction, true),
            Status::TRANSACTION_REQUEST_NOT_VALID
        );
        // It is there still, but enlists no more.
        let other = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
        let refused = enlist_object(object, other);
        assert_eq!(refused, Err(Status::TRANSACTIONMANAGER_NOT_ONLINE));
        close(other);
        dereference(object);
        handles.into_iter().for_each(close);
    });
}

#[test]
fn t1_closing_a_transaction_tells_its_enlistments() {
    with_transaction(|_, other| {
        let log = Log::default();
        let manager = Manager::obedient("a", &log);
        let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
        let handles = [transaction, other].map(|one| manager.enlist(one, STEPS));
        close(transaction);
        assert_eq!(log.take(), ["a: rollback"]);
        assert_eq!(roll_back(other, true), Status::SUCCESS);
        assert_eq!(log.take(), ["a: rollback"]);
        handles.into_iter().for_each(close);
    });
}

#[test]
fn t1_a_commit_under_way_outlives_its_clients_handle() {
    with_transaction(|_, _| {
        let manager = Manager::new(|_| Status::PENDING);
        let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
        let key = create_key(ptr::null_mut(), TEST, transaction).unwrap();
        let enlistment = manager.enlist(transaction, STEPS);
        assert_eq!(commit(transaction, false), Status::PENDING);
        close(transaction);
        drop(key);
        assert!(KernelKey::open(TEST).is_err());
        assert_eq!(zw_prepreparecomplete(enlistment), Status::SUCCESS);
        assert_eq!(zw_prepare_complete(enlistment), Status::SUCCESS);
        assert!(KernelKey::open(TEST).is_ok());
        assert_eq!(zw_commit_complete(enlistment), Status::SUCCESS);
        close(enlistment);
    });
}

#[test]
fn t1_what_ktm_rolls_back_itself_is_told_on_a_system_thread() {
    let machine = machine();
    let thread = machine.system_process().enter();
    // SAFETY: a thread of the machine asks.
    let here = unsafe { PsGetCurrentThreadId() }.addr();
    let (sender, receiver) = mpsc::channel();
    let manager = Manager::new(move |told| {
        // SAFETY: as above.
        let there = unsafe { PsGetCurrentThreadId() }.addr();
        sender.send((told.notification, there)).unwrap();
        answer(told.enlistment, told.notification)
    });
    // Its time is up.
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    let first = manager.enlist(transaction, STEPS);
    set_timeout(transaction, -1);
    let (notification, there) = receiver.recv().unwrap();
    assert_eq!(notification, ROLLBACK);
    assert_ne!(there, here);
    close(transaction);
    // Somebody else writes where it has written (T5).
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    let key = open_key(SYSTEM, 0, transaction).unwrap();
    assert_eq!(key.set_dword("Number", 1), Status::SUCCESS);
    let second = manager.enlist(transaction, STEPS);
    assert_eq!(
        KernelKey::open(SYSTEM).unwrap().set_dword("Number", 2),
        Status::SUCCESS
    );
    assert_eq!(receiver.recv().unwrap().0, ROLLBACK);
    // Who enlists meanwhile could not know.
    let refused = manager.enlist_with(transaction, 0, STEPS, 0);
    assert_eq!(refused, Err(Status::TRANSACTION_NOT_ACTIVE));
    close(transaction);
    drop(key);
    close(first);
    close(second);
    drop(manager);
    drop(thread);
    assert_clean(&machine);
}
