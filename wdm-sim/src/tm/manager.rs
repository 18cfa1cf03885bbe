//! Transaction managers.

use std::sync::atomic::{AtomicI64, Ordering};

use uuid::Uuid;

/// A transaction manager object. All are volatile: what a log would be for, recovery after the
/// system stopped, does not happen here.
pub(crate) struct Manager {
    id: Uuid,
    /// Its name in the object namespace; empty without one.
    name: Vec<u16>,
    /// The virtual clock: it goes on with each notification, and never back.
    clock: AtomicI64,
}

impl Manager {
    pub(super) fn new(name: Vec<u16>) -> Self {
        Self {
            id: Uuid::new_v4(),
            name,
            clock: AtomicI64::new(0),
        }
    }

    /// Its identifier.
    pub(super) fn id(&self) -> Uuid {
        self.id
    }

    /// Its name; empty without one.
    pub(super) fn name(&self) -> &[u16] {
        &self.name
    }

    /// The virtual clock.
    pub(super) fn clock(&self) -> i64 {
        self.clock.load(Ordering::Acquire)
    }

    /// Has the clock go on; gives its value.
    pub(super) fn tick(&self) -> i64 {
        self.clock.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Sets the clock to what a component has seen elsewhere, unless that is in the past.
    pub(crate) fn set_clock(&self, value: i64) {
        self.clock.fetch_max(value, Ordering::AcqRel);
    }
}
