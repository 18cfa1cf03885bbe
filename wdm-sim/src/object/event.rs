//! Event objects: what `ZwCreateEvent` makes, known by handles. Events in a driver's own memory are
//! the business of `exports/ke/event.rs`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::machine::Kernel;

/// An event. Its state is read and changed under the dispatcher's lock of its address.
pub(crate) struct EventObject {
    /// Reset by the wait that it ends (`SynchronizationEvent`).
    auto_reset: bool,
    signalled: AtomicBool,
}

impl EventObject {
    /// An event; `auto_reset` makes a synchronisation event of it.
    pub(crate) fn new(auto_reset: bool, signalled: bool) -> Self {
        Self {
            auto_reset,
            signalled: AtomicBool::new(signalled),
        }
    }

    /// Signals the event, or resets it; gives its state before.
    pub(crate) fn set(&self, kernel: &Kernel, signalled: bool) -> bool {
        let locked = kernel.dispatcher.lock(self.address());
        let before = self.signalled.swap(signalled, Ordering::AcqRel);
        locked.wake();
        before
    }

    /// Whether it is signalled.
    pub(crate) fn is_set(&self) -> bool {
        self.signalled.load(Ordering::Acquire)
    }

    /// Waits until it is signalled, or until `deadline`; says whether it was.
    pub(crate) fn wait(&self, kernel: &Kernel, deadline: Option<Instant>) -> bool {
        let locked = kernel.dispatcher.lock(self.address());
        let Some(_locked) = locked.wait_until(deadline, || self.is_set()) else {
            return false;
        };
        self.take();
        true
    }

    /// Ends a wait for it, whose lock is held: a synchronisation event is reset.
    pub(crate) fn take(&self) {
        if self.auto_reset {
            self.signalled.store(false, Ordering::Release);
        }
    }

    /// What its state is locked by.
    pub(crate) fn address(&self) -> usize {
        (&raw const *self).addr()
    }
}
