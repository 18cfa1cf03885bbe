//! What resource managers answer to notifications, each by a handle (Zw*) and by an object (Tm*).
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwpreparecomplete>,
//! `nf-wdm-tmpreparecomplete` and their neighbours.

use std::sync::Arc;

use wdm_sys::{HANDLE, NTSTATUS, PLARGE_INTEGER, PVOID};

use super::enlistments::{By, done, with};
use crate::exports::exports;
use crate::machine::Thread;
use crate::tm::{
    self, Answer, ENLISTMENT_SUBORDINATE_RIGHTS as SUBORDINATE,
    ENLISTMENT_SUPERIOR_RIGHTS as SUPERIOR, Enlistment, Step,
};

/// Defines pairs of routines that take an enlistment and a virtual clock: what they do, with which
/// rights of the handle.
macro_rules! pairs {
    ($(
        $(#[doc = $doc:literal])*
        $zw:ident, $tm:ident with $rights:expr => $work:expr;
    )*) => {
        exports! {
            $(
                $(#[doc = $doc])*
                [undeclared]
                fn $zw(handle: HANDLE, clock: PLARGE_INTEGER) -> NTSTATUS {
                    let work = |thread: &Thread, one: &Arc<Enlistment>| done($work(thread, CALL, one));
                    // SAFETY: the caller vouches for its parameters.
                    unsafe { with(CALL, By::Handle(handle, $rights), clock.cast(), work) }
                }

                $(#[doc = $doc])*
                [undeclared]
                fn $tm(enlistment: PVOID, clock: PLARGE_INTEGER) -> NTSTATUS {
                    let work = |thread: &Thread, one: &Arc<Enlistment>| done($work(thread, CALL, one));
                    // SAFETY: the caller vouches for its parameters.
                    unsafe { with(CALL, By::Object(enlistment), clock.cast(), work) }
                }
            )*
        }
    };
}

pairs! {
    /// Answers `TRANSACTION_NOTIFY_PREPREPARE`.
    ZwPrePrepareComplete, TmPrePrepareComplete with SUBORDINATE =>
        answer(Answer::Complete(Step::PrePrepare));
    /// Answers `TRANSACTION_NOTIFY_PREPARE`.
    ZwPrepareComplete, TmPrepareComplete with SUBORDINATE =>
        answer(Answer::Complete(Step::Prepare));
    /// Answers `TRANSACTION_NOTIFY_COMMIT`, or `TRANSACTION_NOTIFY_SINGLE_PHASE_COMMIT`.
    ZwCommitComplete, TmCommitComplete with SUBORDINATE =>
        answer(Answer::Complete(Step::Commit));
    /// Answers `TRANSACTION_NOTIFY_ROLLBACK`.
    ZwRollbackComplete, TmRollbackComplete with SUBORDINATE =>
        answer(Answer::Complete(Step::Rollback));
    /// Answers `TRANSACTION_NOTIFY_SINGLE_PHASE_COMMIT`: the commit is to have several phases.
    ZwSinglePhaseReject, TmSinglePhaseReject with SUBORDINATE =>
        answer(Answer::SinglePhaseReject);
    /// Takes an enlistment's part out of its transaction.
    ZwReadOnlyEnlistment, TmReadOnlyEnlistment with SUBORDINATE =>
        answer(Answer::ReadOnly);
    /// Rolls an enlistment's transaction back.
    ZwRollbackEnlistment, TmRollbackEnlistment with SUBORDINATE =>
        |_, _, one: &Arc<Enlistment>| tm::roll_back_enlistment(one);
    /// Begins the first phase of a commit, for a superior enlistment.
    ZwPrePrepareEnlistment, TmPrePrepareEnlistment with SUPERIOR =>
        |_, _, one: &Arc<Enlistment>| tm::begin(one, Step::PrePrepare);
    /// Begins the second phase of a commit, for a superior enlistment.
    ZwPrepareEnlistment, TmPrepareEnlistment with SUPERIOR =>
        |_, _, one: &Arc<Enlistment>| tm::begin(one, Step::Prepare);
    /// Commits, for a superior enlistment.
    ZwCommitEnlistment, TmCommitEnlistment with SUPERIOR =>
        |_, _, one: &Arc<Enlistment>| tm::begin(one, Step::Commit);
}

/// What gives an answer.
fn answer(
    answer: Answer,
) -> impl FnOnce(&Thread, &'static str, &Arc<Enlistment>) -> Result<(), crate::Status> {
    move |thread, call, enlistment| tm::answer(thread, call, enlistment, answer)
}
