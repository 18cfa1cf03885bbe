//! How far a transaction has come, and what makes it go on (T11 to T17).
//!
//! A commit asks all enlistments for one step after the other. The transaction goes on when nobody
//! owes the answer to a step; what is to be done outside of its lock is collected in [`Effects`].

use std::sync::Arc;

use wdm_sys::{
    TRANSACTION_NOTIFY_COMMIT, TRANSACTION_NOTIFY_COMMIT_COMPLETE, TRANSACTION_NOTIFY_PREPARE,
    TRANSACTION_NOTIFY_PREPARE_COMPLETE, TRANSACTION_NOTIFY_PREPREPARE,
    TRANSACTION_NOTIFY_PREPREPARE_COMPLETE, TRANSACTION_NOTIFY_RM_DISCONNECTED,
    TRANSACTION_NOTIFY_ROLLBACK, TRANSACTION_NOTIFY_ROLLBACK_COMPLETE,
    TRANSACTION_NOTIFY_SINGLE_PHASE_COMMIT,
};

use super::effects::{Effects, Notice};
use super::timer::Timer;
use super::{Enlistment, Manager};
use crate::cm::watch::News;
use crate::object::Object;
use crate::registry::{Changes, Key};

/// What an enlistment is asked to do, and answers with the routine that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    PrePrepare,
    Prepare,
    Commit,
    SinglePhaseCommit,
    Rollback,
}

impl Step {
    /// The notification that asks for it.
    pub(super) fn notification(self) -> u32 {
        match self {
            Self::PrePrepare => TRANSACTION_NOTIFY_PREPREPARE,
            Self::Prepare => TRANSACTION_NOTIFY_PREPARE,
            Self::Commit => TRANSACTION_NOTIFY_COMMIT,
            Self::SinglePhaseCommit => TRANSACTION_NOTIFY_SINGLE_PHASE_COMMIT,
            Self::Rollback => TRANSACTION_NOTIFY_ROLLBACK,
        }
    }

    /// The step that a notification asks for, if it asks for one.
    pub(super) fn asked_by(notification: u32) -> Option<Self> {
        let all = [
            Self::PrePrepare,
            Self::Prepare,
            Self::Commit,
            Self::SinglePhaseCommit,
            Self::Rollback,
        ];
        all.into_iter()
            .find(|step| step.notification() == notification)
    }

    /// The notification's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PrePrepare => "TRANSACTION_NOTIFY_PREPREPARE",
            Self::Prepare => "TRANSACTION_NOTIFY_PREPARE",
            Self::Commit => "TRANSACTION_NOTIFY_COMMIT",
            Self::SinglePhaseCommit => "TRANSACTION_NOTIFY_SINGLE_PHASE_COMMIT",
            Self::Rollback => "TRANSACTION_NOTIFY_ROLLBACK",
        }
    }

    /// The routine that answers it.
    pub(super) fn answer(self) -> &'static str {
        match self {
            Self::PrePrepare => "TmPrePrepareComplete",
            Self::Prepare => "TmPrepareComplete",
            Self::Commit | Self::SinglePhaseCommit => "TmCommitComplete",
            Self::Rollback => "TmRollbackComplete",
        }
    }

    /// Whether an enlistment has no further part in the transaction after it.
    pub(super) fn is_last(self) -> bool {
        matches!(
            self,
            Self::Commit | Self::SinglePhaseCommit | Self::Rollback
        )
    }
}

/// How far a transaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Work is done in it.
    Active,
    PrePreparing,
    /// Waits for the superior enlistment.
    PrePrepared,
    Preparing,
    /// Waits for the superior enlistment.
    Prepared,
    /// One enlistment commits or not.
    CommittingAlone,
    /// The outcome is decided.
    Committing,
    /// The outcome is decided.
    RollingBack,
    Committed,
    Aborted,
}

/// An enlistment's part in its transaction.
pub(super) struct Member {
    /// The enlistment object, with a reference of the transaction's own.
    pub(super) object: Arc<Object>,
    pub(super) enlistment: Arc<Enlistment>,
    /// The step that it has been asked for and has not answered.
    pub(super) owes: Option<Step>,
    /// It cannot roll back any more.
    pub(super) prepared: bool,
    /// It has no part in the transaction any more.
    pub(super) left: bool,
    /// A handle to it is open.
    pub(super) open: bool,
}

impl Member {
    /// Whether it can answer: through its handle, or with the object that its callback gets.
    fn can_answer(&self) -> bool {
        self.open || self.enlistment.resource_manager().has_callback()
    }

    /// Tells the enlistment something, if it wants to know.
    fn tell(&self, notification: u32, step: Option<Step>, effects: &mut Effects) -> bool {
        let wants = self.enlistment.wants(notification);
        if wants {
            effects.notify(Notice::of(
                &self.object,
                &self.enlistment,
                notification,
                step,
            ));
        }
        wants
    }

    /// Asks the enlistment for a step, if it wants to be asked.
    fn ask(&mut self, step: Step, effects: &mut Effects) {
        let answers = self.can_answer();
        let asked = self.tell(step.notification(), answers.then_some(step), effects);
        if asked && answers {
            self.owes = Some(step);
        } else if step.is_last() {
            self.left = true;
        }
    }
}

/// How far a transaction has come, and what is needed to go on.
pub(super) struct Life {
    pub(super) phase: Phase,
    /// The registry's part, from the first time it is asked to work for the transaction.
    pub(super) registry: Option<Changes>,
    /// What those who watch keys are told when it is committed.
    pub(super) news: Vec<(Arc<Key>, News)>,
    /// Rolls the transaction back when its time is up.
    pub(super) timer: Option<Timer>,
    pub(super) members: Vec<Member>,
    /// The superior enlistment has been asked to commit: all phases follow when it does.
    pub(super) commit_requested: bool,
    /// Who rolled it back was not a resource manager, nor the transaction's client.
    pub(super) abandoned: bool,
    /// Counts what happens, for those who wait.
    pub(super) moves: u64,
    pub(super) manager: Option<Arc<Manager>>,
    pub(super) timeout: i64,
    pub(super) description: Vec<u16>,
}

impl Life {
    /// Whether the outcome is decided.
    pub(super) fn is_decided(&self) -> bool {
        self.phase >= Phase::Committing
    }

    /// Whether nothing is left to do.
    pub(super) fn is_over(&self) -> bool {
        self.phase >= Phase::Committed
    }

    /// Whether the registry, or an enlistment, has a part in the transaction.
    pub(super) fn has_parts(&self) -> bool {
        self.registry.is_some() || self.members.iter().any(|member| !member.left)
    }

    /// The part of an enlistment, until the transaction is over.
    pub(super) fn member(&mut self, enlistment: &Enlistment) -> Option<&mut Member> {
        let mut members = self.members.iter_mut();
        members.find(|member| member.enlistment.id() == enlistment.id())
    }

    /// The superior enlistment.
    pub(super) fn superior(&self) -> Option<&Member> {
        let mut members = self.members.iter();
        members.find(|member| member.enlistment.is_superior() && !member.left)
    }

    /// Begins a commit that a client asked for.
    pub(super) fn start_commit(&mut self, effects: &mut Effects) {
        match self.only_member() {
            Some(at) => {
                self.phase = Phase::CommittingAlone;
                self.members[at].ask(Step::SinglePhaseCommit, effects);
            }
            None => self.start(Step::PrePrepare, effects),
        }
        self.advance(effects);
    }

    /// The one enlistment that has a part, if it is to commit in a single phase (T15). The registry
    /// is a resource manager, too.
    fn only_member(&self) -> Option<usize> {
        let mut taking_part = self.members.iter().enumerate();
        let mut taking_part = taking_part.by_ref().filter(|(_, member)| !member.left);
        let (at, only) = taking_part.next()?;
        let single = taking_part.next().is_none()
            && self.registry.is_none()
            && only.can_answer()
            && !only.enlistment.is_superior()
            && only
                .enlistment
                .wants(TRANSACTION_NOTIFY_SINGLE_PHASE_COMMIT);
        single.then_some(at)
    }

    /// Begins a step of a commit in several phases.
    pub(super) fn start(&mut self, step: Step, effects: &mut Effects) {
        self.phase = match step {
            Step::PrePrepare => Phase::PrePreparing,
            Step::Prepare => Phase::Preparing,
            _ => Phase::Committing,
        };
        if self.phase == Phase::Committing {
            // Before anybody is told, and before the lock is released: who hears of the commit, and
            // who waits for the end, finds the registry's changes there.
            if let Some(changes) = self.registry.take() {
                changes.commit();
            }
            effects.tell_keys(std::mem::take(&mut self.news));
        }
        for member in &mut self.members {
            if !member.left && !member.enlistment.is_superior() {
                member.ask(step, effects);
            }
        }
    }

    /// Rolls back a transaction whose outcome is not decided.
    pub(super) fn roll_back(&mut self, effects: &mut Effects) {
        self.phase = Phase::RollingBack;
        self.registry = None;
        self.news.clear();
        for member in &mut self.members {
            if !member.left {
                member.enlistment.excuse(member.owes.take());
                member.ask(Step::Rollback, effects);
            }
        }
        self.advance(effects);
    }

    /// Goes on as far as nobody owes an answer.
    pub(super) fn advance(&mut self, effects: &mut Effects) {
        while self.members.iter().all(|member| member.owes.is_none()) {
            let waits_for_superior = self.superior().is_some() && !self.commit_requested;
            match self.phase {
                Phase::PrePreparing if waits_for_superior => {
                    self.phase = Phase::PrePrepared;
                    self.tell_superior(TRANSACTION_NOTIFY_PREPREPARE_COMPLETE, effects);
                }
                Phase::PrePreparing => self.start(Step::Prepare, effects),
                Phase::Preparing if waits_for_superior => {
                    self.phase = Phase::Prepared;
                    self.tell_superior(TRANSACTION_NOTIFY_PREPARE_COMPLETE, effects);
                }
                Phase::Preparing => self.start(Step::Commit, effects),
                Phase::CommittingAlone | Phase::Committing => {
                    self.tell_superior(TRANSACTION_NOTIFY_COMMIT_COMPLETE, effects);
                    self.end(Phase::Committed, effects);
                }
                Phase::RollingBack => {
                    for member in &self.members {
                        if member.enlistment.is_superior() {
                            member.tell(TRANSACTION_NOTIFY_ROLLBACK_COMPLETE, None, effects);
                        }
                    }
                    self.end(Phase::Aborted, effects);
                }
                Phase::Active
                | Phase::PrePrepared
                | Phase::Prepared
                | Phase::Committed
                | Phase::Aborted => return,
            }
        }
    }

    /// Tells the superior enlistment something.
    pub(super) fn tell_superior(&self, notification: u32, effects: &mut Effects) {
        if let Some(superior) = self.superior() {
            superior.tell(notification, None, effects);
        }
    }

    /// Tells all other enlistments that the one which was to commit has gone (T15).
    pub(super) fn tell_disconnected(&self, gone: &Enlistment, effects: &mut Effects) {
        for member in &self.members {
            if member.enlistment.id() != gone.id() {
                member.tell(TRANSACTION_NOTIFY_RM_DISCONNECTED, None, effects);
            }
        }
    }

    /// An enlistment has answered a step, or has no part any more.
    pub(super) fn answered(&mut self, enlistment: &Enlistment, step: Step, effects: &mut Effects) {
        if let Some(member) = self.member(enlistment) {
            member.owes = None;
            member.prepared |= step == Step::Prepare;
            member.left |= step.is_last();
        }
        self.advance(effects);
    }

    /// Goes on without those who owe an answer, and gives what they owe. A transaction that not
    /// everybody is prepared to commit is rolled back.
    pub(super) fn give_up(
        &mut self,
        effects: &mut Effects,
    ) -> Vec<(Arc<Enlistment>, Option<Step>)> {
        let mut late = Vec::new();
        for member in &mut self.members {
            if let Some(step) = member.owes.take() {
                member.enlistment.excuse(Some(step));
                member.left = true;
                late.push((Arc::clone(&member.enlistment), Some(step)));
            }
        }
        if late.is_empty() {
            for member in &mut self.members {
                if member.enlistment.is_superior() && !member.left {
                    member.left = true;
                    late.push((Arc::clone(&member.enlistment), None));
                }
            }
        }
        match self.is_decided() {
            true => self.advance(effects),
            false => self.roll_back(effects),
        }
        late
    }

    fn end(&mut self, phase: Phase, effects: &mut Effects) {
        self.phase = phase;
        self.timer = None;
        for member in self.members.drain(..) {
            effects.release(member.object);
        }
    }
}
