//! Superior enlistments, which coordinate a commit (T17), and recovery (T19).

use std::sync::Arc;

use wdm_sys::{
    HANDLE, TRANSACTION_NOTIFY_COMMIT_COMPLETE, TRANSACTION_NOTIFY_INDOUBT,
    TRANSACTION_NOTIFY_LAST_RECOVER, TRANSACTION_NOTIFY_PREPARE_COMPLETE,
    TRANSACTION_NOTIFY_PREPREPARE_COMPLETE, TRANSACTION_NOTIFY_RECOVER,
    TRANSACTION_NOTIFY_RECOVER_QUERY, TRANSACTION_NOTIFY_REQUEST_OUTCOME,
};

use super::effects::{Effects, Notice, On};
use super::life::{Phase, Step};
use super::service::manager_by_handle;
use super::types::TRANSACTIONMANAGER_RECOVER;
use super::{Enlistment, ResourceManager};
use crate::cm::ops::Outcome;
use crate::machine::{Kernel, Thread};
use crate::status::Status;

/// Begins a phase of the commit, which only a superior enlistment does.
///
/// # Errors
/// `STATUS_ENLISTMENT_NOT_SUPERIOR`; `STATUS_TRANSACTION_RESPONSE_NOT_ENLISTED` if the enlistment did
/// not ask to be told of the phase's end; `STATUS_TRANSACTION_REQUEST_NOT_VALID` if the phase before
/// has not ended; of a commit also `STATUS_TRANSACTION_NOT_ACTIVE` if it has begun, and
/// `STATUS_TRANSACTION_ALREADY_ABORTED`.
pub(crate) fn begin(enlistment: &Enlistment, step: Step) -> Result<(), Status> {
    if !enlistment.is_superior() {
        return Err(Status::ENLISTMENT_NOT_SUPERIOR);
    }
    let (end, after) = match step {
        Step::PrePrepare => (TRANSACTION_NOTIFY_PREPREPARE_COMPLETE, Phase::Active),
        Step::Prepare => (TRANSACTION_NOTIFY_PREPARE_COMPLETE, Phase::PrePrepared),
        _ => (TRANSACTION_NOTIFY_COMMIT_COMPLETE, Phase::Prepared),
    };
    if !enlistment.wants(end) {
        return Err(Status::TRANSACTION_RESPONSE_NOT_ENLISTED);
    }
    let transaction = enlistment.transaction();
    let transaction = transaction.ok_or(Status::TRANSACTION_REQUEST_NOT_VALID)?;
    transaction.change(On::ThisThread, |life, effects| {
        let commits = step == Step::Commit;
        match life.phase {
            phase if phase == after => life.start(step, effects),
            // What its client asked for is done in one go.
            Phase::Active if commits && life.commit_requested => {
                life.start(Step::PrePrepare, effects);
            }
            Phase::Committing | Phase::Committed if commits => {
                return Err(Status::TRANSACTION_NOT_ACTIVE);
            }
            Phase::RollingBack | Phase::Aborted if commits => {
                return Err(Status::TRANSACTION_ALREADY_ABORTED);
            }
            _ => return Err(Status::TRANSACTION_REQUEST_NOT_VALID),
        }
        life.advance(effects);
        Ok(())
    })
}

/// Asks for the outcome: a transaction that not everybody is prepared to commit is rolled back, and
/// the superior enlistment of one that is prepared is asked.
///
/// # Errors
/// `STATUS_TRANSACTION_REQUEST_NOT_VALID` for a superior enlistment.
pub(crate) fn request_outcome(enlistment: &Enlistment) -> Result<(), Status> {
    if enlistment.is_superior() {
        return Err(Status::TRANSACTION_REQUEST_NOT_VALID);
    }
    if let Some(transaction) = enlistment.transaction() {
        transaction.change(On::ThisThread, |life, effects| match life.phase {
            Phase::Preparing => life.roll_back(effects),
            Phase::Prepared => life.tell_superior(TRANSACTION_NOTIFY_REQUEST_OUTCOME, effects),
            _ => {}
        });
    }
    Ok(())
}

/// Tells an enlistment again what it was to do, or that nobody knows yet. Says `STATUS_PENDING` if
/// the notification waits in a queue.
///
/// # Errors
/// `STATUS_TRANSACTION_REQUEST_NOT_VALID` if it is not prepared.
pub(crate) fn recover_enlistment(enlistment: &Arc<Enlistment>) -> Result<Status, Status> {
    let transaction = enlistment.transaction();
    let transaction = transaction.ok_or(Status::TRANSACTION_REQUEST_NOT_VALID)?;
    transaction.change(On::ThisThread, |life, effects| {
        let decided = life.is_decided();
        let member = life.member(enlistment);
        let member = member.ok_or(Status::TRANSACTION_REQUEST_NOT_VALID)?;
        let (notification, step) = match member.owes {
            Some(step) if decided => (step.notification(), Some(step)),
            None if member.prepared && !decided => (TRANSACTION_NOTIFY_INDOUBT, None),
            _ => return Err(Status::TRANSACTION_REQUEST_NOT_VALID),
        };
        if enlistment.wants(notification) {
            effects.notify(Notice::of(&member.object, enlistment, notification, step));
        }
        Ok(match enlistment.resource_manager().has_callback() {
            true => Status::SUCCESS,
            false => Status::PENDING,
        })
    })
}

/// Has a resource manager recover its enlistments, and tells it of the last one.
pub(crate) fn recover_resource_manager(kernel: &Arc<Kernel>, of: &Arc<ResourceManager>) {
    let mut effects = Effects::default();
    for transaction in kernel.unfinished.all() {
        let life = transaction.lock();
        for member in &life.members {
            let enlistment = &member.enlistment;
            if member.left || !Arc::ptr_eq(enlistment.resource_manager(), of) {
                continue;
            }
            let notification = match enlistment.is_superior() {
                true => TRANSACTION_NOTIFY_RECOVER_QUERY,
                false => TRANSACTION_NOTIFY_RECOVER,
            };
            if !enlistment.wants(notification) {
                continue;
            }
            // `TRANSACTION_NOTIFICATION_RECOVERY_ARGUMENT`.
            let ids = [enlistment.id(), enlistment.transaction_id()];
            let argument = ids.map(|id| id.to_bytes_le()).concat();
            let notice = Notice::of(&member.object, enlistment, notification, None);
            effects.notify(notice.with_argument(argument));
        }
    }
    effects.notify(Notice::without_enlistment(
        of,
        TRANSACTION_NOTIFY_LAST_RECOVER,
    ));
    effects.run(kernel, of.id(), On::ThisThread);
}

/// Has a transaction manager read its log: none has one.
///
/// # Errors
/// `STATUS_TM_VOLATILE`.
pub(crate) fn recover_manager(thread: &Thread, call: &'static str, handle: HANDLE) -> Outcome {
    manager_by_handle(thread, call, handle, TRANSACTIONMANAGER_RECOVER)?;
    Err(Status::TM_VOLATILE)
}
