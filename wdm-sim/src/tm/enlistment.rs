//! Enlistments.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use uuid::Uuid;

use super::life::Step;
use super::{ResourceManager, Transaction};
use crate::status::Status;

/// An enlistment object: a resource manager's part in a transaction. How far it has come, its
/// transaction knows.
pub(crate) struct Enlistment {
    id: Uuid,
    transaction: Weak<Transaction>,
    transaction_id: Uuid,
    resource_manager: Arc<ResourceManager>,
    mask: u32,
    superior: bool,
    key: usize,
    /// A step that it may still answer, late but not wrongly: a rollback came between, or what it
    /// did instead has been reported.
    excused: Mutex<Option<Step>>,
    /// How often the key is referenced; its creation counts once.
    key_references: Mutex<u32>,
    /// What the resource manager wants to find again after a recovery.
    recovery: Mutex<Vec<u8>>,
}

/// What a resource manager enlists with.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    /// The bits of `TRANSACTION_NOTIFY_*` that it asks for.
    pub(crate) mask: u32,
    /// Whether it coordinates the commit.
    pub(crate) superior: bool,
    /// What it is told with each notification.
    pub(crate) key: usize,
}

impl Enlistment {
    pub(super) fn new(
        transaction: &Arc<Transaction>,
        resource_manager: &Arc<ResourceManager>,
        wanted: Wanted,
    ) -> Self {
        Self {
            id: Uuid::new_v4(),
            transaction: Arc::downgrade(transaction),
            transaction_id: transaction.id(),
            resource_manager: Arc::clone(resource_manager),
            mask: wanted.mask,
            superior: wanted.superior,
            key: wanted.key,
            excused: Mutex::new(None),
            key_references: Mutex::new(1),
            recovery: Mutex::default(),
        }
    }

    /// Its identifier.
    pub(super) fn id(&self) -> Uuid {
        self.id
    }

    /// Its transaction, which is there at least until it has ended.
    pub(super) fn transaction(&self) -> Option<Arc<Transaction>> {
        self.transaction.upgrade()
    }

    /// Its transaction's identifier.
    pub(super) fn transaction_id(&self) -> Uuid {
        self.transaction_id
    }

    /// Whose it is.
    pub(crate) fn resource_manager(&self) -> &Arc<ResourceManager> {
        &self.resource_manager
    }

    /// Whether it asks for a notification.
    pub(super) fn wants(&self, notification: u32) -> bool {
        self.mask & notification != 0
    }

    /// Whether it coordinates the commit (T17).
    pub(super) fn is_superior(&self) -> bool {
        self.superior
    }

    /// What its resource manager knows it by.
    pub(super) fn key(&self) -> usize {
        self.key
    }

    /// Excuses a late answer.
    pub(super) fn excuse(&self, step: Option<Step>) {
        if step.is_some() {
            *lock(&self.excused) = step;
        }
    }

    /// The step whose late answer is excused.
    pub(super) fn excused(&self) -> Option<Step> {
        *lock(&self.excused)
    }

    /// References the key, and gives it.
    ///
    /// # Errors
    /// `STATUS_UNSUCCESSFUL` if nobody refers to it any more, `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn reference_key(&self) -> Result<usize, Status> {
        let mut references = lock(&self.key_references);
        *references = match *references {
            0 => return Err(Status::UNSUCCESSFUL),
            count => count.checked_add(1).ok_or(Status::INSUFFICIENT_RESOURCES)?,
        };
        Ok(self.key)
    }

    /// Gives back a reference to the key; says whether it was the last.
    ///
    /// # Errors
    /// `STATUS_UNSUCCESSFUL` if there is none.
    pub(crate) fn dereference_key(&self) -> Result<bool, Status> {
        let mut references = lock(&self.key_references);
        *references = references.checked_sub(1).ok_or(Status::UNSUCCESSFUL)?;
        Ok(*references == 0)
    }

    /// The recovery information, as it was set last.
    pub(super) fn recovery(&self) -> Vec<u8> {
        lock(&self.recovery).clone()
    }

    /// Sets the recovery information.
    pub(super) fn set_recovery(&self, bytes: &[u8]) {
        *lock(&self.recovery) = bytes.to_vec();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
