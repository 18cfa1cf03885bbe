//! Superior enlistments, and recovery.

use wdm_sim::{Machine, Status};
use wdm_sys::*;

use super::managers::*;
use super::*;
use crate::support::*;

/// What a superior enlistment asks for.
const ENDS: u32 = TRANSACTION_NOTIFY_PREPREPARE_COMPLETE
    | TRANSACTION_NOTIFY_PREPARE_COMPLETE
    | TRANSACTION_NOTIFY_COMMIT_COMPLETE
    | TRANSACTION_NOTIFY_ROLLBACK_COMPLETE
    | TRANSACTION_NOTIFY_REQUEST_OUTCOME
    | ROLLBACK;

/// Runs a test with a transaction that "s" coordinates, with that mask, and "a" takes part in. The
/// test gets the transaction and the enlistments' objects.
fn with_superior(mask: u32, test: impl FnOnce(HANDLE, [PVOID; 2], &Log)) {
    let machine = machine();
    let thread = machine.system_process().enter();
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    let log = Log::default();
    let [s, a] = ["s", "a"].map(|name| Manager::obedient(name, &log));
    let superior = s.enlist_with(transaction, SUPERIOR, mask, 0).unwrap();
    let second = a.enlist_with(transaction, SUPERIOR, mask, 0);
    assert_eq!(second, Err(Status::TRANSACTION_SUPERIOR_EXISTS));
    let handles = [superior, a.enlist(transaction, STEPS)];
    let objects = handles.map(|handle| KernelKeyless(handle).object());
    test(transaction, objects, &log);
    objects.into_iter().for_each(dereference);
    close(transaction);
    handles.into_iter().for_each(close);
    drop((s, a));
    drop(thread);
    assert_clean(&machine);
}

#[test]
fn t17_a_superior_enlistment_begins_each_phase() {
    with_superior(ENDS, |transaction, [superior, other], log| {
        let exists = Status::TRANSACTION_SUPERIOR_EXISTS;
        assert_eq!(commit(transaction, true), exists);
        let not_valid = Status::TRANSACTION_REQUEST_NOT_VALID;
        assert_eq!(prepare_enlistment(superior), not_valid);
        assert_eq!(commit_enlistment(superior), not_valid);
        let not_superior = Status::ENLISTMENT_NOT_SUPERIOR;
        assert_eq!(preprepare_enlistment(other), not_superior);

        assert_eq!(preprepare_enlistment(superior), Status::SUCCESS);
        assert_eq!(log.take(), ["a: preprepare", "s: preprepare complete"]);
        assert_eq!(preprepare_enlistment(superior), not_valid);
        assert_eq!(prepare_enlistment(superior), Status::SUCCESS);
        assert_eq!(log.take(), ["a: prepare", "s: prepare complete"]);
        assert_eq!(commit_enlistment(superior), Status::SUCCESS);
        assert_eq!(log.take(), ["a: commit", "s: commit complete"]);
        assert_eq!(
            commit(transaction, true),
            Status::TRANSACTION_ALREADY_COMMITTED
        );
    });
}

#[test]
fn t17_who_does_not_want_to_hear_of_a_phases_end_cannot_begin_it() {
    with_superior(ROLLBACK, |_, [superior, _], _| {
        for begin in [preprepare_enlistment, prepare_enlistment, commit_enlistment] {
            assert_eq!(begin(superior), Status::TRANSACTION_RESPONSE_NOT_ENLISTED);
        }
    });
}

#[test]
fn t17_a_superior_enlistment_rolls_back_until_it_commits() {
    with_superior(ENDS, |transaction, [superior, _], log| {
        assert_eq!(preprepare_enlistment(superior), Status::SUCCESS);
        assert_eq!(prepare_enlistment(superior), Status::SUCCESS);
        log.take();
        assert_eq!(roll_back_enlistment(superior), Status::SUCCESS);
        assert_eq!(
            log.take(),
            ["s: rollback", "a: rollback", "s: rollback complete"]
        );
        let aborted = Status::TRANSACTION_ALREADY_ABORTED;
        assert_eq!(commit(transaction, true), aborted);
        // Its transaction is over, and gone from it.
        let refused = roll_back_enlistment(superior);
        assert_eq!(refused, Status::TRANSACTION_REQUEST_NOT_VALID);
    });
}

#[test]
fn t17_a_clients_commit_is_a_request_to_who_wants_it() {
    let mask = ENDS | TRANSACTION_NOTIFY_COMMIT_REQUEST;
    with_superior(mask, |transaction, [superior, _], log| {
        assert_eq!(commit(transaction, false), Status::PENDING);
        assert_eq!(log.take(), ["s: commit request"]);
        let not_valid = Status::TRANSACTION_REQUEST_NOT_VALID;
        assert_eq!(commit(transaction, true), not_valid);
        assert_eq!(roll_back(transaction, true), not_valid);
        assert_eq!(commit_enlistment(superior), Status::SUCCESS);
        let expected = [
            "a: preprepare",
            "a: prepare",
            "a: commit",
            "s: commit complete",
        ];
        assert_eq!(log.take(), expected);
        assert_eq!(
            commit(transaction, true),
            Status::TRANSACTION_ALREADY_COMMITTED
        );
    });
}

#[test]
fn t17_a_superior_enlistment_is_never_read_only() {
    let machine = Machine::builder().build().unwrap();
    let _thread = machine.system_process().enter();
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    let manager = Manager::with_queue();
    let superior = manager.enlist_with(transaction, SUPERIOR, ENDS, 0).unwrap();
    assert_eq!(zw_read_only(superior), Status::TRANSACTION_NOT_REQUESTED);
    close(superior);
    assert_only(&machine, wdm_sim::Rule::T11, "ZwReadOnlyEnlistment");
}

#[test]
fn t17_who_asks_for_the_outcome_asks_the_superior_enlistment() {
    with_superior(ENDS, |_, [superior, other], log| {
        let refused = request_outcome(superior);
        assert_eq!(refused, Status::TRANSACTION_REQUEST_NOT_VALID);
        assert_eq!(preprepare_enlistment(superior), Status::SUCCESS);
        assert_eq!(prepare_enlistment(superior), Status::SUCCESS);
        log.take();
        assert_eq!(request_outcome(other), Status::SUCCESS);
        assert_eq!(log.take(), ["s: request outcome"]);
    });
}

#[test]
fn t17_a_superior_enlistment_that_does_nothing_is_not_waited_for() {
    let machine = Machine::builder().transaction_patience(std::time::Duration::from_millis(1));
    let machine = machine.build().unwrap();
    let _thread = machine.system_process().enter();
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    let manager = Manager::new(|_| Status::SUCCESS);
    let mask = ROLLBACK | TRANSACTION_NOTIFY_COMMIT_REQUEST;
    let superior = manager.enlist_with(transaction, SUPERIOR, mask, 0).unwrap();
    assert_eq!(
        commit(transaction, true),
        Status::TRANSACTION_ALREADY_ABORTED
    );
    assert_only(&machine, wdm_sim::Rule::T11, "TmCommitEnlistment");
    close(superior);
    close(transaction);
}

unsafe extern "system" {
    fn ZwRecoverResourceManager(handle: HANDLE) -> NTSTATUS;
}

#[test]
fn t19_a_recovery_asks_for_each_enlistment_and_ends() {
    let machine = machine();
    let thread = machine.system_process().enter();
    let log = Log::default();
    let manager = Manager::new({
        let log = log.clone();
        move |told| {
            let (key, length) = (told.key, told.argument.len());
            log.note(format!(
                "{key}: {}, {length} bytes",
                name(told.notification)
            ));
            Status::SUCCESS
        }
    });
    let transactions = [0, 1].map(|_| create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap());
    let mask = STEPS | TRANSACTION_NOTIFY_RECOVER | TRANSACTION_NOTIFY_INDOUBT;
    let enlist = |at: usize| {
        manager
            .enlist_with(transactions[at], 0, mask, at + 1)
            .unwrap()
    };
    let enlistments = [enlist(0), enlist(1)];
    // SAFETY: any number can be given.
    let status = unsafe { ZwRecoverResourceManager(manager.handle) };
    assert_eq!(Status(status), Status::SUCCESS);
    let expected = [
        "1: recover, 32 bytes",
        "2: recover, 32 bytes",
        "0: last recover, 0 bytes",
    ];
    assert_eq!(log.take(), expected);
    // They are not prepared.
    let not_valid = Status::TRANSACTION_REQUEST_NOT_VALID;
    assert_eq!(recover_enlistment(enlistments[0]), not_valid);
    for handle in enlistments {
        assert_eq!(zw_read_only(handle), Status::SUCCESS);
        close(handle);
    }
    transactions.into_iter().for_each(close);
    drop(manager);
    drop(thread);
    assert_clean(&machine);
}

#[test]
fn t19_an_enlistment_is_told_again_what_it_owes_or_that_nobody_knows() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let transaction = create(TRANSACTION_ALL_ACCESS, 0, 0).unwrap();
    let [asked, other] = [0, 1].map(|_| Manager::with_queue());
    let mask = STEPS | TRANSACTION_NOTIFY_INDOUBT;
    let one = asked.enlist(transaction, mask);
    let two = other.enlist(transaction, PREPARE | COMMIT | ROLLBACK);
    assert_eq!(commit(transaction, false), Status::PENDING);
    assert_eq!(zw_prepreparecomplete(one), Status::SUCCESS);
    assert_eq!(zw_prepare_complete(one), Status::SUCCESS);
    assert_eq!(recover_enlistment(one), Status::PENDING, "in doubt");
    assert_eq!(zw_prepare_complete(two), Status::SUCCESS);
    assert_eq!(recover_enlistment(one), Status::PENDING, "commit again");
    assert_eq!(zw_commit_complete(one), Status::SUCCESS);
    assert_eq!(zw_commit_complete(two), Status::SUCCESS);
    let log = Log::default();
    let enabled = asked.enable({
        let log = log.clone();
        move |told| {
            log.note(name(told.notification));
            Status::SUCCESS
        }
    });
    assert_eq!(enabled, Status::SUCCESS);
    assert_eq!(
        log.take(),
        ["preprepare", "prepare", "in doubt", "commit", "commit"]
    );
    close(one);
    close(two);
    close(transaction);
    drop((asked, other));
    assert_clean(&machine);
}
