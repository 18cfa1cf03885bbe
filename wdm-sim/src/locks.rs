//! Locks whose state the kernel keeps: executive resources, push locks and spin locks.
//!
//! A driver owns a lock's memory, but only its address counts here: who has the lock, how often and
//! who waits is known apart from it, so that a lock which is released by the wrong thread, taken
//! twice or forgotten is seen whatever became of the memory.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::machine::{DriverId, Thread};

/// What kind a lock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `ERESOURCE`: taken several times by its owner, and to be deleted.
    Resource,
    /// `EX_PUSH_LOCK`.
    PushLock,
    /// `KSPIN_LOCK`.
    SpinLock,
}

impl Kind {
    /// Its name with an article.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Resource => "an executive resource",
            Self::PushLock => "a push lock",
            Self::SpinLock => "a spin lock",
        }
    }
}

/// How a lock is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// By one thread.
    Exclusive,
    /// With others; behind those who wait for exclusive access, unless the thread has it already.
    Shared,
    /// With others, before those who wait for exclusive access.
    SharedStarveExclusive,
    /// With others, behind those who wait for exclusive access in any case.
    SharedWaitForExclusive,
}

/// What came of an attempt to take a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// The thread has it.
    Yes,
    /// Others have it, and the thread did not want to wait.
    Busy,
    /// The thread would wait for itself.
    Deadlock,
    /// It is a resource that was not initialised.
    Uninitialized,
}

/// A lock that somebody has or waits for, or an initialised resource.
struct Lock {
    kind: Kind,
    driver: DriverId,
    exclusive: Option<(usize, u32)>,
    /// How often each thread has it, by the address of the thread's object.
    shared: HashMap<usize, u32>,
    exclusive_waiters: u32,
    shared_waiters: u32,
}

impl Lock {
    fn new(kind: Kind, driver: DriverId) -> Self {
        Self {
            kind,
            driver,
            exclusive: None,
            shared: HashMap::new(),
            exclusive_waiters: 0,
            shared_waiters: 0,
        }
    }

    fn is_held(&self) -> bool {
        self.exclusive.is_some() || !self.shared.is_empty()
    }

    fn is_idle(&self) -> bool {
        !self.is_held() && self.exclusive_waiters == 0 && self.shared_waiters == 0
    }

    /// Takes the lock if that is possible now.
    fn try_take(&mut self, me: usize, access: Access) -> bool {
        match &mut self.exclusive {
            // An owner of a resource has it exclusively once more, whatever it asks for.
            Some((owner, times)) if *owner == me && self.kind == Kind::Resource => {
                *times += 1;
                return true;
            }
            Some(_) => return false,
            None => {}
        }
        if access == Access::Exclusive {
            let free = self.shared.is_empty();
            if free {
                self.exclusive = Some((me, 1));
            }
            return free;
        }
        let passes = match access {
            Access::SharedStarveExclusive => true,
            Access::Shared => self.shared.contains_key(&me) || self.exclusive_waiters == 0,
            _ => self.exclusive_waiters == 0,
        };
        if passes {
            *self.shared.entry(me).or_default() += 1;
        }
        passes
    }

    /// Whether the thread would wait for itself.
    fn would_deadlock(&self, me: usize, access: Access) -> bool {
        let owner = self.exclusive.is_some_and(|(owner, _)| owner == me);
        owner || access == Access::Exclusive && self.shared.contains_key(&me)
    }

    fn release(&mut self, me: usize) -> bool {
        if let Some((owner, times)) = &mut self.exclusive {
            if *owner != me {
                return false;
            }
            *times -= 1;
            if *times == 0 {
                self.exclusive = None;
            }
            return true;
        }
        let Some(times) = self.shared.get_mut(&me) else {
            return false;
        };
        *times -= 1;
        if *times == 0 {
            self.shared.remove(&me);
        }
        true
    }
}

/// The locks of a machine, by address.
#[derive(Default)]
pub(crate) struct Locks {
    all: Mutex<HashMap<usize, Lock>>,
    changed: Condvar,
}

impl Locks {
    /// Makes a resource known; says whether it was known already.
    pub(crate) fn initialize(&self, address: usize, driver: DriverId) -> bool {
        let new = Lock::new(Kind::Resource, driver);
        self.lock().insert(address, new).is_some()
    }

    /// Forgets a resource: `None` if it is not known, else whether somebody has it.
    pub(crate) fn delete(&self, address: usize) -> Option<bool> {
        let deleted = self.lock().remove(&address);
        deleted.map(|lock| lock.is_held())
    }

    /// Takes a lock for a thread.
    pub(crate) fn take(
        &self,
        thread: &Thread,
        kind: Kind,
        address: usize,
        access: Access,
        wait: bool,
    ) -> Taken {
        let me = thread.address();
        let mut all = self.lock();
        if kind == Kind::Resource && !all.contains_key(&address) {
            return Taken::Uninitialized;
        }
        let driver = thread.caller().driver;
        let new = || Lock::new(kind, driver);
        let mut waits = false;
        loop {
            // A lock whose driver is gone while a thread waits for it begins anew.
            let lock = all.entry(address).or_insert_with(new);
            let waiters = match access {
                Access::Exclusive => &mut lock.exclusive_waiters,
                _ => &mut lock.shared_waiters,
            };
            // Those who wait do not stand in their own way.
            if waits {
                *waiters = waiters.saturating_sub(1);
            }
            if lock.try_take(me, access) {
                return Taken::Yes;
            }
            if lock.would_deadlock(me, access) {
                return if wait { Taken::Deadlock } else { Taken::Busy };
            }
            if !wait {
                return Taken::Busy;
            }
            match access {
                Access::Exclusive => lock.exclusive_waiters += 1,
                _ => lock.shared_waiters += 1,
            }
            waits = true;
            all = self
                .changed
                .wait(all)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Releases a lock once; says whether the thread had it.
    pub(crate) fn release(&self, thread: usize, address: usize) -> bool {
        let mut all = self.lock();
        let Some(lock) = all.get_mut(&address) else {
            return false;
        };
        let released = lock.release(thread);
        if lock.kind != Kind::Resource && lock.is_idle() {
            all.remove(&address);
        }
        self.changed.notify_all();
        released
    }

    /// Turns a thread's exclusive access into shared; says whether it had that.
    pub(crate) fn convert_to_shared(&self, thread: usize, address: usize) -> bool {
        let mut all = self.lock();
        let lock = all.get_mut(&address);
        let Some((lock, (owner, times))) = lock.and_then(|it| it.exclusive.map(|by| (it, by)))
        else {
            return false;
        };
        if owner != thread {
            return false;
        }
        lock.exclusive = None;
        lock.shared.insert(thread, times);
        self.changed.notify_all();
        true
    }

    /// How often a thread has a lock: exclusively, and in any way.
    pub(crate) fn times(&self, thread: usize, address: usize) -> (u32, u32) {
        let all = self.lock();
        let Some(lock) = all.get(&address) else {
            return (0, 0);
        };
        let exclusive = match lock.exclusive {
            Some((owner, times)) if owner == thread => times,
            _ => 0,
        };
        let shared = lock.shared.get(&thread).copied().unwrap_or_default();
        (exclusive, exclusive + shared)
    }

    /// Whether anybody has a lock.
    pub(crate) fn is_held(&self, address: usize) -> bool {
        self.lock().get(&address).is_some_and(Lock::is_held)
    }

    /// How many threads wait: for exclusive access, and for shared.
    pub(crate) fn waiters(&self, address: usize) -> (u32, u32) {
        let all = self.lock();
        let waiters = all.get(&address);
        waiters.map_or((0, 0), |it| (it.exclusive_waiters, it.shared_waiters))
    }

    /// Takes away the locks of a driver that is gone: their kinds, and whether somebody has them.
    pub(crate) fn take_all_of(&self, driver: DriverId) -> Vec<(Kind, bool)> {
        let mut all = self.lock();
        let taken = all.extract_if(|_, lock| lock.driver == driver);
        let taken = taken.map(|(_, lock)| (lock.kind, lock.is_held()));
        let taken = taken.collect();
        self.changed.notify_all();
        taken
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<usize, Lock>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
