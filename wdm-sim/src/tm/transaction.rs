//! A transaction's life, as its client and the registry see it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use uuid::Uuid;
use wdm_sys::TRANSACTION_NOTIFY_COMMIT_REQUEST;

use super::effects::{Effects, On};
use super::enlistment::{Enlistment, Wanted};
use super::life::{Life, Member, Phase};
use super::timer::Timer;
use super::{Manager, ResourceManager};
use crate::cm::watch::News;
use crate::machine::Kernel;
use crate::object::{Body, ObjectRef};
use crate::registry::{Changes, Holder, Key};
use crate::status::Status;
use crate::verifier::Rule;

/// A unit of work that is committed or rolled back as a whole.
pub(crate) struct Transaction {
    this: Weak<Self>,
    kernel: Weak<Kernel>,
    id: Uuid,
    /// Held while the registry works for the transaction, so that it does not end meanwhile. Locks
    /// of keys, of resource managers and of objects are taken after it, never before.
    life: Mutex<Life>,
    moved: Condvar,
}

/// What a transaction is made with.
pub(crate) struct New {
    /// Its identifier.
    pub(crate) id: Uuid,
    /// Its transaction manager, if one is named.
    pub(crate) manager: Option<Arc<Manager>>,
    /// The time-out as it was given.
    pub(crate) timeout: i64,
    /// What its client calls it.
    pub(crate) description: Vec<u16>,
}

impl Transaction {
    /// Makes a transaction.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn new(kernel: &Arc<Kernel>, new: New) -> Result<Arc<Self>, Status> {
        let timeout = new.timeout;
        let made = Arc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            kernel: Arc::downgrade(kernel),
            id: new.id,
            life: Mutex::new(Life {
                phase: Phase::Active,
                registry: None,
                news: Vec::new(),
                timer: None,
                members: Vec::new(),
                commit_requested: false,
                abandoned: false,
                moves: 0,
                manager: new.manager,
                timeout: 0,
                description: new.description,
            }),
            moved: Condvar::new(),
        });
        made.set_timeout(timeout)?;
        Ok(made)
    }

    /// Its identifier, the unit of work.
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// Sets when the transaction is rolled back if its outcome is not decided: a negative number of
    /// 100 ns units counts from now, a positive one from 1601; 0 is never.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(super) fn set_timeout(&self, timeout: i64) -> Result<(), Status> {
        let timer = match super::timer::deadline(timeout) {
            Some(deadline) => Some(Timer::start(deadline, Weak::clone(&self.this))?),
            None => None,
        };
        let mut life = self.lock();
        life.timeout = timeout;
        if !life.is_decided() {
            life.timer = timer;
        }
        Ok(())
    }

    /// Does registry work for the transaction. It goes on while resource managers prepare to
    /// prepare (T11), unless the registry would have to enlist for it.
    ///
    /// # Errors
    /// `STATUS_TRANSACTION_NOT_ACTIVE` after its end (T6), and what `work` fails with.
    pub(crate) fn registry<T>(
        &self,
        work: impl FnOnce(&mut Changes) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let mut life = self.lock();
        match (life.phase, &mut life.registry) {
            (Phase::Active | Phase::PrePreparing, Some(changes)) => work(changes),
            (Phase::Active, registry) => work(registry.get_or_insert_with(|| {
                let this: Weak<Self> = Weak::clone(&self.this);
                Changes::new(this)
            })),
            _ => Err(Status::TRANSACTION_NOT_ACTIVE),
        }
    }

    /// Has those who watch keys told of a change when the transaction is committed.
    pub(crate) fn tell_later(&self, key: &Arc<Key>, news: News) {
        let mut life = self.lock();
        if life.registry.is_some() {
            life.news.push((Arc::clone(key), news));
        }
    }

    /// Whether no commit or rollback has begun.
    pub(crate) fn is_active(&self) -> bool {
        self.lock().phase == Phase::Active
    }

    /// Commits the transaction (T2, T11). Who does not `wait` is told `STATUS_PENDING` if anybody
    /// takes part, though it may be done already.
    ///
    /// # Errors
    /// `STATUS_TRANSACTION_ALREADY_COMMITTED`, `STATUS_TRANSACTION_ALREADY_ABORTED`, also if an
    /// enlistment rolls it back meanwhile; `STATUS_TRANSACTION_REQUEST_NOT_VALID` if a commit is
    /// under way, `STATUS_TRANSACTION_SUPERIOR_EXISTS`.
    pub(crate) fn commit(&self, wait: bool) -> Result<Status, Status> {
        let has_parts = self.change(On::ThisThread, |life, effects| {
            match life.phase {
                Phase::Active if !life.commit_requested => {}
                Phase::Committed => return Err(Status::TRANSACTION_ALREADY_COMMITTED),
                Phase::RollingBack | Phase::Aborted => {
                    return Err(Status::TRANSACTION_ALREADY_ABORTED);
                }
                _ => return Err(Status::TRANSACTION_REQUEST_NOT_VALID),
            }
            let has_parts = life.has_parts();
            match life.superior() {
                None => life.start_commit(effects),
                Some(superior) if superior.enlistment.wants(TRANSACTION_NOTIFY_COMMIT_REQUEST) => {
                    life.tell_superior(TRANSACTION_NOTIFY_COMMIT_REQUEST, effects);
                    life.commit_requested = true;
                }
                Some(_) => return Err(Status::TRANSACTION_SUPERIOR_EXISTS),
            }
            Ok(has_parts)
        })?;
        match wait {
            false if has_parts => Ok(Status::PENDING),
            false => Ok(Status::SUCCESS),
            true => match self.wait() {
                Phase::Committed => Ok(Status::SUCCESS),
                _ => Err(Status::TRANSACTION_ALREADY_ABORTED),
            },
        }
    }

    /// Rolls the transaction back, as [`commit`](Self::commit) commits it.
    ///
    /// # Errors
    /// `STATUS_TRANSACTION_ALREADY_COMMITTED`; `STATUS_TRANSACTION_REQUEST_NOT_VALID` if its end has
    /// begun, as the page of `ZwRollbackTransaction` names no status of its own for that.
    pub(crate) fn roll_back(&self, wait: bool) -> Result<Status, Status> {
        let has_parts = self.change(On::ThisThread, |life, effects| {
            match life.phase {
                Phase::Active if !life.commit_requested => {}
                Phase::Committing | Phase::Committed => {
                    return Err(Status::TRANSACTION_ALREADY_COMMITTED);
                }
                _ => return Err(Status::TRANSACTION_REQUEST_NOT_VALID),
            }
            let has_parts = life.has_parts();
            life.roll_back(effects);
            Ok(has_parts)
        })?;
        if wait {
            self.wait();
        }
        match has_parts && !wait {
            true => Ok(Status::PENDING),
            false => Ok(Status::SUCCESS),
        }
    }

    /// Rolls the transaction back if nobody has begun to commit it: its last handle is closed.
    pub(crate) fn last_handle_closed(&self) {
        self.change(On::ThisThread, |life, effects| {
            if life.phase == Phase::Active && !life.commit_requested {
                life.roll_back(effects);
            }
        });
    }

    /// Rolls the transaction back if its outcome is not decided: its time is up, or somebody else
    /// writes where it has written (T5). Enlistments hear of it on another thread.
    pub(crate) fn abandon(&self) {
        self.change(On::SystemThread, |life, effects| {
            if !life.is_decided() {
                life.abandoned = true;
                life.roll_back(effects);
            }
        });
    }

    /// Enlists a resource manager (T9).
    ///
    /// # Errors
    /// `STATUS_TRANSACTION_NOT_ACTIVE`, `STATUS_TRANSACTION_SUPERIOR_EXISTS`,
    /// `STATUS_TRANSACTIONMANAGER_NOT_ONLINE` if the resource manager has no open handle.
    pub(super) fn enlist<'k>(
        &self,
        kernel: &'k Kernel,
        resource_manager: &Arc<ResourceManager>,
        wanted: Wanted,
    ) -> Result<ObjectRef<'k>, Status> {
        let this = self.this.upgrade().ok_or(Status::TRANSACTION_NOT_ACTIVE)?;
        let mut life = self.lock();
        if life.phase != Phase::Active {
            return Err(Status::TRANSACTION_NOT_ACTIVE);
        }
        if wanted.superior && life.superior().is_some() {
            return Err(Status::TRANSACTION_SUPERIOR_EXISTS);
        }
        // Before it is asked: who closes it looks through the list afterwards.
        kernel.unfinished.add(this.clone());
        if !resource_manager.is_online() {
            return Err(Status::TRANSACTIONMANAGER_NOT_ONLINE);
        }
        let manager = resource_manager.manager();
        life.manager.get_or_insert_with(|| Arc::clone(manager));
        let enlistment = Arc::new(Enlistment::new(&this, resource_manager, wanted));
        let body = Body::Enlistment(Arc::clone(&enlistment));
        let object = kernel.objects.create(kernel, body);
        life.members.push(Member {
            object: object.clone().into_counted(),
            enlistment,
            owes: None,
            prepared: false,
            left: false,
            open: true,
        });
        Ok(object)
    }

    /// Whether it has ended, and its client or a resource manager has ended it, so that who works
    /// for it could know.
    pub(super) fn has_ended_openly(&self) -> bool {
        let life = self.lock();
        life.is_over() && !life.abandoned
    }

    /// Whether it belongs to a transaction manager, which it does from its making or from the first
    /// enlistment on.
    pub(super) fn belongs_to(&self, manager: &Arc<Manager>) -> bool {
        let life = self.lock();
        life.manager
            .as_ref()
            .is_some_and(|own| Arc::ptr_eq(own, manager))
    }

    /// The resource managers that have a part in it.
    pub(super) fn resource_managers(&self) -> Vec<Arc<ResourceManager>> {
        let life = self.lock();
        let members = life.members.iter();
        members
            .map(|member| Arc::clone(member.enlistment.resource_manager()))
            .collect()
    }

    /// Changes the transaction, and does what follows from it.
    pub(super) fn change<T>(&self, on: On, body: impl FnOnce(&mut Life, &mut Effects) -> T) -> T {
        let mut effects = Effects::default();
        let mut life = self.lock();
        let result = body(&mut life, &mut effects);
        life.moves += 1;
        let over = life.is_over();
        drop(life);
        self.moved.notify_all();
        if let Some(kernel) = self.kernel.upgrade() {
            effects.run(&kernel, self.id, on);
            if over {
                kernel.unfinished.remove(self.id);
            }
        }
        result
    }

    /// Waits until nothing is left to do; says how it ended. What takes longer than the machine has
    /// patience for is reported and waited for no more.
    fn wait(&self) -> Phase {
        let Some(kernel) = self.kernel.upgrade() else {
            return Phase::Aborted;
        };
        let patience = kernel.options.transaction_patience;
        let mut life = self.lock();
        while !life.is_over() {
            let before = life.moves;
            let waited = self.moved.wait_timeout(life, patience);
            let (now, waited) = waited.unwrap_or_else(PoisonError::into_inner);
            life = now;
            if waited.timed_out() && life.moves == before && !life.is_over() {
                drop(life);
                let late = self.change(On::ThisThread, Life::give_up);
                for (enlistment, step) in late {
                    let driver = enlistment.resource_manager().owner();
                    let (call, detail) = super::answers::never_answered(step);
                    kernel.finding(driver, Rule::T11, call, detail);
                }
                life = self.lock();
            }
        }
        life.phase
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Holder for Transaction {
    fn roll_back(&self) {
        self.abandon();
    }
}

/// The transactions that resource managers have a part in, until they are over: what keeps them
/// when their objects are gone.
#[derive(Default)]
pub(crate) struct Unfinished {
    list: Mutex<Vec<Arc<Transaction>>>,
    naming: Mutex<()>,
}

impl Unfinished {
    fn add(&self, transaction: Arc<Transaction>) {
        let mut list = self.lock();
        if !list.iter().any(|one| one.id == transaction.id) {
            list.push(transaction);
        }
    }

    fn remove(&self, id: Uuid) {
        self.lock().retain(|one| one.id != id);
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Arc<Transaction>> {
        self.lock().clone()
    }

    /// The right to look whether an object's name or identifier is taken, and to take it.
    pub(super) fn naming(&self) -> MutexGuard<'_, ()> {
        self.naming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Transaction>>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
