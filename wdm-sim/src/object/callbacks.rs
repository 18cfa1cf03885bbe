//! The registrations of callbacks for handles to processes, threads and desktops.
//!
//! Nothing here opens such handles, so they are kept, ordered and checked, and never called.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cm::Altitude;
use crate::machine::DriverId;

struct Registration {
    handle: usize,
    altitude: Altitude,
    driver: DriverId,
}

#[derive(Default)]
struct State {
    registrations: Vec<Registration>,
    registered: usize,
}

/// The registrations of a machine.
#[derive(Default)]
pub(crate) struct ObjectCallbacks(Mutex<State>);

impl ObjectCallbacks {
    /// The handle of the first registration: an address that no memory backs.
    const FIRST_HANDLE: usize = 0xFFFF_A100_0000_0000;

    /// Registers callbacks at an altitude; gives the registration's handle, or `None` if the altitude
    /// is taken.
    pub(crate) fn register(&self, altitude: Altitude, driver: DriverId) -> Option<usize> {
        let mut state = self.lock();
        if state
            .registrations
            .iter()
            .any(|other| other.altitude == altitude)
        {
            return None;
        }
        let handle = Self::FIRST_HANDLE + state.registered * 16;
        state.registered += 1;
        state.registrations.push(Registration {
            handle,
            altitude,
            driver,
        });
        Some(handle)
    }

    /// Ends a registration; says whether there was one.
    pub(crate) fn unregister(&self, handle: usize) -> bool {
        let mut state = self.lock();
        let before = state.registrations.len();
        state.registrations.retain(|other| other.handle != handle);
        state.registrations.len() < before
    }

    /// Ends the registrations of a driver that is gone; gives their number.
    pub(crate) fn take_all_of(&self, driver: DriverId) -> usize {
        let mut state = self.lock();
        let before = state.registrations.len();
        state.registrations.retain(|other| other.driver != driver);
        before - state.registrations.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
