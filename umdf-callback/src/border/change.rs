//! Changes of a queue's or a target's state, of which one may be in progress at a time.
//!
//! Pages: nf-wudfddi-iwdfioqueue-stop, nf-wudfddi-iwdfiotargetstatemanagement-stop.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use windows_core::{HRESULT, Interface};

use super::framework::Framework;
use crate::Result;

/// What a change gives while another is in progress: `HRESULT_FROM_WIN32(ERROR_BUSY)`.
const ERROR_BUSY: HRESULT = HRESULT::from_win32(170);

/// The objects that are changing, by the address of their `IUnknown`.
static CHANGING: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());

fn changing() -> MutexGuard<'static, BTreeSet<usize>> {
    CHANGING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A change that is in progress until this is dropped.
#[derive(Debug)]
pub(crate) struct Change(Option<usize>);

impl Change {
    /// # Errors
    /// Another change of the object is in progress.
    pub(crate) fn begin<I: Interface>(object: &Framework<I>) -> Result<Self> {
        let address = object.address();
        if address.is_some_and(|address| !changing().insert(address)) {
            return Err(ERROR_BUSY.into());
        }
        Ok(Change(address))
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        if let Some(address) = self.0 {
            changing().remove(&address);
        }
    }
}
