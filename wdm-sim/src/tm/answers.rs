//! What resource managers answer to notifications (T11 to T15), and what they do unasked.

use wdm_sys::NTSTATUS;

use super::Enlistment;
use super::effects::On;
use super::life::Step;
use crate::machine::{Kernel, Thread};
use crate::status::Status;
use crate::verifier::Rule;

/// The callback routine's name, as its page has it.
pub(crate) const CALLBACK: &str = "ResourceManagerNotification";

/// What a resource manager does for an enlistment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has done what it was asked for.
    Complete(Step),
    /// It does not commit in a single phase.
    SinglePhaseReject,
    /// It has no part in the transaction any more.
    ReadOnly,
}

/// Gives an enlistment's answer.
///
/// # Errors
/// `STATUS_TRANSACTION_NOT_REQUESTED` if it was not asked. That is a finding, unless the question
/// was taken back, of which it may not have heard.
pub(crate) fn answer(
    thread: &Thread,
    call: &'static str,
    enlistment: &Enlistment,
    answer: Answer,
) -> Result<(), Status> {
    let Some(transaction) = enlistment.transaction() else {
        return Err(refuse(thread, call, enlistment, answer, None));
    };
    let refused = transaction.change(On::ThisThread, |life, effects| {
        let undecided = !life.is_decided();
        let member = life.member(enlistment).ok_or(None)?;
        let owes = member.owes;
        match answer {
            Answer::Complete(step) if owes.is_some_and(|owed| answers(step, owed)) => {
                life.answered(enlistment, owes.unwrap_or(step), effects);
            }
            Answer::SinglePhaseReject if owes == Some(Step::SinglePhaseCommit) => {
                member.owes = None;
                life.start(Step::PrePrepare, effects);
                life.advance(effects);
            }
            Answer::ReadOnly
                if undecided && !enlistment.is_superior() && !member.prepared && !member.left =>
            {
                member.owes = None;
                member.left = true;
                life.advance(effects);
            }
            _ => return Err(owes),
        }
        Ok(())
    });
    refused.map_err(|owes| refuse(thread, call, enlistment, answer, owes))
}

/// Refuses an answer that was not asked for, and reports it unless it is excused.
fn refuse(
    thread: &Thread,
    call: &'static str,
    enlistment: &Enlistment,
    answer: Answer,
    owes: Option<Step>,
) -> Status {
    let excused = enlistment.excused().is_some_and(|excused| match answer {
        Answer::Complete(step) => answers(step, excused),
        Answer::SinglePhaseReject => excused == Step::SinglePhaseCommit,
        Answer::ReadOnly => true,
    });
    // A rollback may have come without a question before it.
    let overtaken = answer == Answer::ReadOnly && owes == Some(Step::Rollback);
    if !excused && !overtaken {
        let what = match answer {
            Answer::Complete(_) => "answers a notification that was not sent, or was answered",
            Answer::SinglePhaseReject => "rejects a single-phase commit that was not asked for",
            Answer::ReadOnly => "an enlistment that is superior, prepared or done is not read-only",
        };
        let why = match owes {
            Some(step) => format!("{} is to be answered with {}", step.name(), step.answer()),
            None => "the enlistment owes no answer".to_owned(),
        };
        thread.finding(Rule::T11, call, format!("{what}: {why}"));
    }
    Status::TRANSACTION_NOT_REQUESTED
}

/// Whether a routine that completes `given` answers `owed`: a single-phase commit is answered as a
/// commit is.
fn answers(given: Step, owed: Step) -> bool {
    given == owed || (given, owed) == (Step::Commit, Step::SinglePhaseCommit)
}

/// Rolls an enlistment's transaction back (T12).
///
/// # Errors
/// `STATUS_TRANSACTION_REQUEST_NOT_VALID` after the enlistment was prepared, had left, or the outcome
/// was decided.
pub(crate) fn roll_back(enlistment: &Enlistment) -> Result<(), Status> {
    let transaction = enlistment.transaction();
    let transaction = transaction.ok_or(Status::TRANSACTION_REQUEST_NOT_VALID)?;
    transaction.change(On::ThisThread, |life, effects| {
        let undecided = !life.is_decided();
        match life.member(enlistment) {
            Some(member) if undecided && !member.prepared && !member.left => {
                life.roll_back(effects);
                Ok(())
            }
            _ => Err(Status::TRANSACTION_REQUEST_NOT_VALID),
        }
    })
}

/// Whether an enlistment is still to do a step.
pub(super) fn owes(enlistment: &Enlistment, step: Step) -> bool {
    let Some(transaction) = enlistment.transaction() else {
        return false;
    };
    let mut life = transaction.lock();
    let member = life.member(enlistment);
    member.is_some_and(|member| member.owes == Some(step))
}

/// Looks at what a callback routine returned for a notification (T13).
pub(super) fn called_back(
    kernel: &Kernel,
    enlistment: &Enlistment,
    step: Option<Step>,
    status: NTSTATUS,
) {
    let status = Status(status);
    let driver = enlistment.resource_manager().owner();
    let report = |detail: String| kernel.finding(driver, Rule::T13, CALLBACK, detail);
    let Some(step) = step else {
        if status == Status::PENDING {
            report("STATUS_PENDING was returned for a notification that no routine completes; return STATUS_SUCCESS".to_owned());
        }
        return;
    };
    if status == Status::PENDING || !owes(enlistment, step) {
        return;
    }
    let Some(transaction) = enlistment.transaction() else {
        return;
    };
    let (name, routine) = (step.name(), step.answer());
    if status.is_success() {
        report(format!(
            "{status} was returned for {name}, which is not completed; call {routine}, or return \
             STATUS_PENDING and call it later"
        ));
    } else if step.is_last() && step != Step::SinglePhaseCommit {
        report(format!(
            "{status} was returned for {name}, when the outcome is decided; do it, and call {routine}"
        ));
    }
    transaction.change(On::ThisThread, |life, effects| {
        let Some(member) = life.member(enlistment) else {
            return;
        };
        if member.owes != Some(step) {
            return;
        }
        if status.is_success() || life.is_decided() {
            enlistment.excuse(Some(step));
            life.answered(enlistment, step, effects);
        } else {
            life.roll_back(effects);
        }
    });
}

/// The finding about an answer that does not come: the routine, and what is missing.
pub(super) fn never_answered(step: Option<Step>) -> (&'static str, String) {
    match step {
        Some(step) => {
            let (name, routine) = (step.name(), step.answer());
            let detail = format!(
                "{name} is not completed, and a thread waits for it; call {routine} for each one"
            );
            (routine, detail)
        }
        None => (
            "TmCommitEnlistment",
            "a superior enlistment neither goes on with its transaction nor rolls it back, and a \
             thread waits for it"
                .to_owned(),
        ),
    }
}
