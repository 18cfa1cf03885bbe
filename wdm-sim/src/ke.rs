//! What the dispatcher needs: waiting on memory that drivers own.
//!
//! Events and fast mutexes live in a driver's memory. Their state is read and changed under a lock
//! of the machine that is chosen by their address, and waiters sleep on that lock's condition.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

const SHARDS: usize = 64;

#[derive(Default)]
#[repr(align(128))]
struct Shard {
    lock: Mutex<()>,
    changed: Condvar,
}

/// Locks and conditions for dispatcher objects.
pub(crate) struct Dispatcher {
    shards: Box<[Shard]>,
}

impl Default for Dispatcher {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
        }
    }
}

/// The right to read and change the objects of one shard.
pub(crate) struct Locked<'a> {
    shard: &'a Shard,
    guard: MutexGuard<'a, ()>,
}

impl Dispatcher {
    /// Locks the dispatcher object at an address.
    pub(crate) fn lock(&self, address: usize) -> Locked<'_> {
        let shard = &self.shards[(address >> 4) % SHARDS];
        Locked {
            shard,
            guard: shard.lock.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

impl<'a> Locked<'a> {
    /// Waits until `done` says so; gives `None` when `deadline` passes before that. `done` is asked
    /// with the lock held.
    pub(crate) fn wait_until(
        mut self,
        deadline: Option<Instant>,
        mut done: impl FnMut() -> bool,
    ) -> Option<Locked<'a>> {
        while !done() {
            let changed = &self.shard.changed;
            self.guard = match deadline {
                None => changed
                    .wait(self.guard)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.checked_duration_since(Instant::now())?;
                    changed
                        .wait_timeout(self.guard, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
        Some(self)
    }

    /// Wakes those who wait: the state has changed.
    pub(crate) fn wake(&self) {
        self.shard.changed.notify_all();
    }
}
