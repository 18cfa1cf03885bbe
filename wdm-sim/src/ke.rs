//! What the dispatcher needs: waiting on memory that drivers own.
//!
//! Events and fast mutexes live in a driver's memory. Their state is read and changed under a lock
//! of the machine that is chosen by their address, and waiters sleep on that lock's condition. Those
//! who wait for several objects sleep until any object changes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
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
    any: AnyChange,
}

/// Changes of whatever object.
#[derive(Default)]
struct AnyChange {
    /// How many threads want to know.
    waiters: AtomicUsize,
    /// How many there were while somebody wanted to know.
    count: Mutex<u64>,
    changed: Condvar,
}

impl AnyChange {
    fn count(&self) -> MutexGuard<'_, u64> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Dispatcher {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            any: AnyChange::default(),
        }
    }
}

/// The shard of the object at an address.
fn shard_of(address: usize) -> usize {
    (address >> 4) % SHARDS
}

/// The right to read and change the objects of one shard.
pub(crate) struct Locked<'a> {
    any: &'a AnyChange,
    shard: &'a Shard,
    guard: MutexGuard<'a, ()>,
}

impl Dispatcher {
    /// Locks the dispatcher object at an address.
    pub(crate) fn lock(&self, address: usize) -> Locked<'_> {
        self.lock_shard(shard_of(address))
    }

    /// Locks several dispatcher objects.
    pub(crate) fn lock_all(&self, addresses: impl Iterator<Item = usize>) -> Vec<Locked<'_>> {
        // In one order for all, and none twice.
        let shards: BTreeSet<usize> = addresses.map(shard_of).collect();
        shards
            .into_iter()
            .map(|shard| self.lock_shard(shard))
            .collect()
    }

    fn lock_shard(&self, index: usize) -> Locked<'_> {
        let shard = &self.shards[index];
        Locked {
            any: &self.any,
            shard,
            guard: shard.lock.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Waits until `done` gives something, which is asked whenever any object has changed; `None` when
    /// `deadline` passes before that. No lock is held while it is asked.
    pub(crate) fn wait_for_any_change<T>(
        &self,
        deadline: Option<Instant>,
        mut done: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        self.any.waiters.fetch_add(1, Ordering::SeqCst);
        let result = loop {
            let before = *self.any.count();
            if let Some(result) = done() {
                break Some(result);
            }
            let mut count = self.any.count();
            let mut late = false;
            while *count == before && !late {
                count = match deadline {
                    None => self
                        .any
                        .changed
                        .wait(count)
                        .unwrap_or_else(PoisonError::into_inner),
                    Some(deadline) => {
                        let left = deadline.saturating_duration_since(Instant::now());
                        late = left.is_zero();
                        let waited = self.any.changed.wait_timeout(count, left);
                        waited.unwrap_or_else(PoisonError::into_inner).0
                    }
                };
            }
            if late && *count == before {
                break None;
            }
        };
        self.any.waiters.fetch_sub(1, Ordering::SeqCst);
        result
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
        if self.any.waiters.load(Ordering::SeqCst) > 0 {
            *self.any.count() += 1;
            self.any.changed.notify_all();
        }
    }
}
