//! The lookaside lists that drivers have, by address.
//!
//! NT chains them together to adjust their depths, so one that goes with its driver, undeleted, leaves
//! the chain broken.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::machine::DriverId;

/// The lookaside lists of a machine.
#[derive(Default)]
pub(crate) struct Lookasides(Mutex<HashMap<usize, DriverId>>);

impl Lookasides {
    /// Makes a list known; says whether it was known already.
    pub(crate) fn add(&self, address: usize, driver: DriverId) -> bool {
        self.lock().insert(address, driver).is_some()
    }

    /// Forgets a list; says whether it was known.
    pub(crate) fn remove(&self, address: usize) -> bool {
        self.lock().remove(&address).is_some()
    }

    /// Forgets the lists of a driver that is gone; gives their number.
    pub(crate) fn take_all_of(&self, driver: DriverId) -> usize {
        let mut all = self.lock();
        let before = all.len();
        all.retain(|_, owner| *owner != driver);
        before - all.len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<usize, DriverId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
