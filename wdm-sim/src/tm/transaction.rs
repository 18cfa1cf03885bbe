//! A transaction's life.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::timer::Timer;
use crate::cm::watch::News;
use crate::registry::{Changes, Holder, Key};
use crate::status::Status;

/// A unit of work that is committed or rolled back as a whole.
pub(crate) struct Transaction {
    this: Weak<Self>,
    /// Held while the registry works for the transaction, so that it does not end meanwhile. Locks
    /// of keys are taken after it, never before.
    life: Mutex<Life>,
}

enum Life {
    Active(Active),
    Committed,
    Aborted,
}

#[derive(Default)]
struct Active {
    /// The registry's part, from the first time it is asked to work for the transaction.
    registry: Option<Changes>,
    /// What those who watch keys are told when it is committed.
    news: Vec<(Arc<Key>, News)>,
    /// Rolls the transaction back when its time is up.
    timer: Option<Timer>,
}

/// The status for whoever ended a transaction, and what is to be told of keys.
pub(crate) type Ended = (Status, Vec<(Arc<Key>, News)>);

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Commit,
    RollBack,
}

impl Transaction {
    /// Makes a transaction, which is rolled back if it is still active at `deadline`: 100 ns units
    /// since 1601, UTC.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn new(deadline: Option<u64>) -> Result<Arc<Self>, Status> {
        let new = Arc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            life: Mutex::new(Life::Active(Active::default())),
        });
        if let Some(deadline) = deadline {
            let timer = Timer::start(deadline, Arc::downgrade(&new))?;
            if let Life::Active(active) = &mut *new.lock() {
                active.timer = Some(timer);
            }
        }
        Ok(new)
    }

    /// Does registry work for the transaction.
    ///
    /// # Errors
    /// `STATUS_TRANSACTION_NOT_ACTIVE` after its end (T6), and what `work` fails with.
    pub(crate) fn registry<T>(
        &self,
        work: impl FnOnce(&mut Changes) -> Result<T, Status>,
    ) -> Result<T, Status> {
        match &mut *self.lock() {
            Life::Active(active) => work(active.registry.get_or_insert_with(|| {
                let this: Weak<Self> = Weak::clone(&self.this);
                Changes::new(this)
            })),
            Life::Committed | Life::Aborted => Err(Status::TRANSACTION_NOT_ACTIVE),
        }
    }

    /// Has those who watch keys told of a change when the transaction is committed.
    pub(crate) fn tell_later(&self, key: &Arc<Key>, news: News) {
        if let Life::Active(active) = &mut *self.lock() {
            active.news.push((Arc::clone(key), news));
        }
    }

    /// Commits the transaction (T2), and gives what is to be told of keys. It is done when this returns, though `STATUS_PENDING` says
    /// otherwise to a caller who would not `wait` for resource managers and has made one work.
    ///
    /// # Errors
    /// `STATUS_TRANSACTION_ALREADY_COMMITTED`, `STATUS_TRANSACTION_ALREADY_ABORTED`.
    pub(crate) fn commit(&self, wait: bool) -> Result<Ended, Status> {
        self.end(End::Commit, wait)
    }

    /// Rolls the transaction back, as [`commit`](Self::commit) commits it.
    ///
    /// # Errors
    /// `STATUS_TRANSACTION_ALREADY_COMMITTED`; `STATUS_TRANSACTION_REQUEST_NOT_VALID` if it has
    /// been rolled back, as the page of `ZwRollbackTransaction` names no status of its own for that.
    pub(crate) fn roll_back(&self, wait: bool) -> Result<Status, Status> {
        self.end(End::RollBack, wait).map(|(status, _)| status)
    }

    /// Rolls the transaction back if it is active still.
    pub(crate) fn abandon(&self) {
        // Whatever ended it before has had its effect.
        let _ = self.end(End::RollBack, true);
    }

    /// Ends the transaction: the one place where resource managers hear of it.
    fn end(&self, end: End, wait: bool) -> Result<Ended, Status> {
        let mut life = self.lock();
        let active = match (&mut *life, end) {
            (Life::Active(active), _) => std::mem::take(active),
            (Life::Committed, _) => return Err(Status::TRANSACTION_ALREADY_COMMITTED),
            (Life::Aborted, End::Commit) => return Err(Status::TRANSACTION_ALREADY_ABORTED),
            (Life::Aborted, End::RollBack) => return Err(Status::TRANSACTION_REQUEST_NOT_VALID),
        };
        let answer = match active.registry.is_some() && !wait {
            true => Status::PENDING,
            false => Status::SUCCESS,
        };
        *life = match end {
            End::Commit => Life::Committed,
            End::RollBack => Life::Aborted,
        };
        // Before `life` is unlocked, so that who waits for the end finds it complete.
        match (active.registry, end) {
            (Some(changes), End::Commit) => changes.commit(),
            (changes, _) => drop(changes),
        }
        Ok((answer, active.news))
    }

    fn lock(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Holder for Transaction {
    fn roll_back(&self) {
        self.abandon();
    }
}
