//! The generic tables that drivers have: sorted elements, by the table's address.
//!
//! NT links the elements into a tree through headers in front of them. Nobody but the kernel looks at
//! those, so here the kernel keeps a list of its own, and the headers stay empty.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::machine::DriverId;

/// A table: the addresses of its elements' headers, in order. Whoever reads has its own reference, since
/// a driver's comparison runs meanwhile.
pub(crate) struct Table {
    pub(crate) elements: Arc<Vec<usize>>,
    /// Where the enumeration that the table remembers goes on.
    pub(crate) next: usize,
    driver: DriverId,
}

/// The generic tables of a machine.
#[derive(Default)]
pub(crate) struct GenericTables(Mutex<HashMap<usize, Table>>);

impl GenericTables {
    /// Makes an empty table.
    pub(crate) fn initialize(&self, address: usize, driver: DriverId) {
        let table = Table {
            elements: Arc::default(),
            next: 0,
            driver,
        };
        self.lock().insert(address, table);
    }

    /// Does something with a table; `None` if it was not initialised.
    pub(crate) fn with<T>(&self, address: usize, body: impl FnOnce(&mut Table) -> T) -> Option<T> {
        self.lock().get_mut(&address).map(body)
    }

    /// Forgets the tables of a driver that is gone.
    pub(crate) fn forget_all_of(&self, driver: DriverId) {
        self.lock().retain(|_, table| table.driver != driver);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<usize, Table>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
