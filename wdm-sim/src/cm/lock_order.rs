//! Unregistering a callback while holding a lock that the callback takes (R4).
//!
//! Unregistering waits for the callback's calls in flight, and such a call waits for the lock: neither
//! goes on, ever. So each lock that a callback wants is remembered, and a thread that has one of them
//! when it unregisters the callback is told, whether a call is in flight then or not.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cm::callbacks::Registration;
use crate::machine::Thread;
use crate::verifier::Rule;

/// What the kernel remembers of one callback and locks.
#[derive(Default)]
pub(crate) struct LockOrder(Mutex<State>);

#[derive(Default)]
struct State {
    /// The addresses of the locks that the callback has wanted.
    wanted: HashSet<usize>,
    /// The address of the thread that unregisters the callback.
    unregistering: Option<usize>,
}

impl LockOrder {
    /// Takes note of the thread that unregisters the callback, unless it has one of the callback's
    /// locks: says whether it may go on.
    pub(super) fn begin(&self, thread: &Thread) -> bool {
        let mut state = self.lock();
        if state.wanted.iter().any(|&lock| thread.has_lock(lock)) {
            return false;
        }
        state.unregistering = Some(thread.address());
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The finding about a callback whose unregistering would not end.
pub(super) fn report(thread: &Thread, registration: &Registration) {
    let detail = "called by a thread that has a lock which the callback takes: a call in flight waits \
                  for the lock, and this call for it; release the lock first";
    let driver = registration.driver();
    let kernel = thread.kernel();
    kernel.finding(driver, Rule::R4, "CmUnRegisterCallback", detail);
}

/// Takes note that a thread is about to wait for a lock, and says whether that would never end: the
/// thread runs a callback, and whom it waits for is unregistering the callback. `has_it` tells whether
/// a thread has the lock, by the thread's address.
pub(crate) fn waits_forever(
    thread: &Thread,
    lock: usize,
    has_it: impl FnOnce(usize) -> bool,
) -> bool {
    let Some((cookie, _)) = thread.cm.running() else {
        return false;
    };
    let Some(registration) = thread.kernel().cm.callbacks.find(cookie) else {
        return false;
    };
    let mut state = registration.locks().lock();
    state.wanted.insert(lock);
    let forever = state.unregistering.is_some_and(has_it);
    drop(state);
    if forever {
        report(thread, &registration);
    }
    forever
}
