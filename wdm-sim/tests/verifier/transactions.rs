//! T9 to T13: what resource managers owe to transactions.

use std::ptr::null_mut;

use wdm_sim::Status;
use wdm_sys::*;

use crate::cm::{Log, attributes, dereference};
use crate::subject::{Subject, call, cases};

#[allow(
    dead_code,
    reason = "the rest is for the transaction manager's own tests"
)]
#[path = "../cm/transactions/managers.rs"]
mod managers;

use managers::*;

cases! {
    enlistment_that_comes_late: T9 at "ZwCreateEnlistment" = Subject::entry(|_, wrong| {
        let manager = Manager::with_queue();
        let transaction = transaction();
        if wrong {
            commit(transaction);
        }
        let enlisted = manager.enlist_with(transaction, 0, STEPS, 0);
        assert_eq!(enlisted.is_ok(), !wrong);
        enlisted.into_iter().for_each(close);
        close(transaction);
    });

    enlistment_without_rollback: T9 at "ZwCreateEnlistment" = Subject::entry(|_, wrong| {
        let manager = Manager::with_queue();
        let transaction = transaction();
        close(manager.enlist(transaction, if wrong { COMMIT } else { COMMIT | ROLLBACK }));
        close(transaction);
    });

    second_callback_routine: T10 at "TmEnableCallbacks" = Subject::entry(|_, wrong| {
        let manager = Manager::new(|_| Status::SUCCESS);
        if wrong {
            assert_eq!(manager.enable(|_| Status::SUCCESS), Status::UNSUCCESSFUL);
        }
    });

    notification_that_is_completed_twice: T11 at "TmCommitComplete" = Subject::entry(|_, wrong| {
        let manager = Manager::obedient("a", &Log::default());
        let transaction = transaction();
        let enlistment = manager.enlist(transaction, STEPS);
        let object = KernelKeyless(enlistment).object();
        commit(transaction);
        if wrong {
            assert_eq!(commit_complete(object), Status::TRANSACTION_NOT_REQUESTED);
        }
        dereference(object);
        close(enlistment);
        close(transaction);
    });

    notification_that_another_routine_completes: T11 at "TmCommitComplete" = Subject::entry(
        |_, wrong| take_part(move |told| {
            if wrong && told.notification == PREPARE {
                let refused = commit_complete(told.enlistment);
                assert_eq!(refused, Status::TRANSACTION_NOT_REQUESTED);
            }
            answer(told.enlistment, told.notification)
        }),
    );

    success_without_an_answer: T13 at "ResourceManagerNotification" = Subject::entry(
        |_, wrong| take_part(move |told| match told.notification {
            PREPARE if wrong => Status::SUCCESS,
            other => answer(told.enlistment, other),
        }),
    );

    failure_after_the_decision: T13 at "ResourceManagerNotification" = Subject::entry(
        |_, wrong| take_part(move |told| match told.notification {
            COMMIT if wrong => Status::INSUFFICIENT_RESOURCES,
            other => answer(told.enlistment, other),
        }),
    );
}

/// Commits a transaction that a resource manager with this callback routine is enlisted in.
fn take_part(routine: impl Fn(&Told) -> Status + Send + Sync + 'static) {
    let manager = Manager::new(routine);
    let transaction = transaction();
    let enlistment = manager.enlist(transaction, STEPS);
    commit(transaction);
    close(enlistment);
    close(transaction);
}

/// `ZwCreateTransaction` with a kernel handle.
fn transaction() -> HANDLE {
    let mut attributes = attributes(null_mut(), null_mut());
    let mut handle = null_mut();
    let (place, access) = (&raw mut handle, TRANSACTION_ALL_ACCESS);
    let (attributes, id, manager) = (&raw mut attributes, null_mut(), null_mut());
    let (timeout, description) = (null_mut(), null_mut());
    let status = call!(ZwCreateTransaction(
        place,
        access,
        attributes,
        id,
        manager,
        0,
        0,
        0,
        timeout,
        description
    ));
    assert_eq!(Status(status), Status::SUCCESS);
    handle
}

/// `ZwCommitTransaction`.
fn commit(transaction: HANDLE) {
    assert_eq!(
        Status(call!(ZwCommitTransaction(transaction, 1))),
        Status::SUCCESS
    );
}

/// `ZwClose`.
fn close(handle: HANDLE) {
    call!(ZwClose(handle));
}
