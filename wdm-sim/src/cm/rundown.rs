//! Rundown protection: what makes `CmUnRegisterCallback` wait (R4).
//!
//! Whoever is about to call into a registration [acquires](Rundown::acquire) it first and lets go
//! when the call will not come back to it: for an operation that is after the post-notification,
//! because a callback that passed a pre-notification is promised its post-notification. Once
//! [`close`](Rundown::close) has returned nobody holds it and nobody can acquire it again.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use crate::machine::thread_number;

/// A count on a cache line of its own, so that threads on different shards do not meet.
#[derive(Default)]
#[repr(align(128))]
struct Shard(AtomicUsize);

const SHARDS: usize = 8;

/// Counts the holders of something that will go away. See the [module](self).
#[derive(Default)]
pub(crate) struct Rundown {
    shards: [Shard; SHARDS],
    closing: AtomicBool,
    lock: Mutex<()>,
    changed: Condvar,
}

/// Keeps a [`Rundown`] from closing.
#[must_use = "it lets go when it is dropped"]
pub(crate) struct Held<'a> {
    rundown: &'a Rundown,
    shard: usize,
}

impl Rundown {
    /// Holds the rundown open; `None` once it is closing.
    pub(crate) fn acquire(&self) -> Option<Held<'_>> {
        let shard = thread_number() % SHARDS;
        // Count first and look second; `close` marks first and counts second. With sequential
        // consistency at least one of the two sees the other.
        self.shards[shard].0.fetch_add(1, Ordering::SeqCst);
        let held = Held {
            rundown: self,
            shard,
        };
        (!self.closing.load(Ordering::SeqCst)).then_some(held)
    }

    /// Lets nobody in any more and waits until everybody is out. `false` if another thread has
    /// begun to close it before.
    pub(crate) fn close(&self) -> bool {
        if self.closing.swap(true, Ordering::SeqCst) {
            return false;
        }
        self.wait_until(|| self.holders() == 0);
        true
    }

    /// Waits until `done` is true, looking again after each [`wake`](Self::wake).
    pub(crate) fn wait_until(&self, done: impl Fn() -> bool) {
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while !done() {
            guard = self
                .changed
                .wait(guard)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets [`wait_until`](Self::wait_until) look again.
    pub(crate) fn wake(&self) {
        // Taking the lock makes sure that a waiter is either before its look or already asleep.
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    fn holders(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.0.load(Ordering::SeqCst))
            .sum()
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.rundown.shards[self.shard]
            .0
            .fetch_sub(1, Ordering::SeqCst);
        if self.rundown.closing.load(Ordering::SeqCst) {
            self.rundown.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    #[test]
    fn a_closed_rundown_lets_nobody_in_and_closes_once() {
        let rundown = Rundown::default();
        drop(rundown.acquire().unwrap());
        assert!(rundown.close());
        assert!(rundown.acquire().is_none());
        assert!(!rundown.close());
    }

    #[test]
    fn close_waits_for_the_last_holder() {
        let rundown = Arc::new(Rundown::default());
        let done = Arc::new(AtomicBool::new(false));
        let held = rundown.acquire().unwrap();
        let closer = thread::spawn({
            let (rundown, done) = (Arc::clone(&rundown), Arc::clone(&done));
            move || {
                rundown.close();
                assert!(done.load(Ordering::SeqCst), "closed under a holder");
            }
        });
        // Whether the closer waits already or comes later, it must find `done`.
        while rundown.acquire().is_some() {
            thread::yield_now();
        }
        done.store(true, Ordering::SeqCst);
        drop(held);
        closer.join().unwrap();
    }
}
