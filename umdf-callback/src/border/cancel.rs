//! Requests that are marked cancelable: whose they are, the driver's or `OnCancel`'s (F6).
//!
//! `UnmarkCancelable` must not be called once `OnCancel` has completed the request (page:
//! nf-wudfddi-iwdfiorequest-unmarkcancelable). So a mark knows whether `OnCancel` has come, and unmarking and that exclude each other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::framework::Framework;
use crate::raw::{IRequestCallbackCancel, IWDFIoRequest};

/// Whether `OnCancel` has come.
type Canceled = Arc<Mutex<bool>>;

/// The marks of all requests, by the address of the request's `IUnknown`, which stays its own as long as the framework has it.
static MARKS: Mutex<BTreeMap<usize, Canceled>> = Mutex::new(BTreeMap::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request that is marked cancelable.
#[derive(Debug)]
pub(crate) struct Mark {
    request: Framework<IWDFIoRequest>,
    canceled: Canceled,
}

impl Mark {
    /// Marks a request that the driver owns. `OnCancel` may come before this returns, so no lock is held.
    pub(crate) fn new(
        request: Framework<IWDFIoRequest>,
        callback: &IRequestCallbackCancel,
    ) -> Self {
        let canceled = Canceled::default();
        if let Some(address) = request.address() {
            lock(&MARKS).insert(address, canceled.clone());
        }
        request.mark_cancelable(callback);
        Mark { request, canceled }
    }

    /// The request, or `None` if it is `OnCancel`'s.
    pub(crate) fn unmark(self) -> Option<Framework<IWDFIoRequest>> {
        let canceled = lock(&self.canceled);
        if *canceled || !self.request.unmark_cancelable() {
            return None;
        }
        drop(canceled);
        if let Some(address) = self.request.address() {
            lock(&MARKS).remove(&address);
        }
        Some(self.request)
    }

    /// Does something with the request, which is not cancelled meanwhile; `None` if it is `OnCancel`'s.
    pub(crate) fn while_marked<R>(
        &self,
        act: impl FnOnce(&Framework<IWDFIoRequest>) -> R,
    ) -> Option<R> {
        let canceled = lock(&self.canceled);
        (!*canceled).then(|| act(&self.request))
    }

    /// The request, to be compared.
    pub(crate) fn request(&self) -> &Framework<IWDFIoRequest> {
        &self.request
    }
}

/// `OnCancel` has come for a request: from here on it is not unmarked.
pub(super) fn arrived(request: &Framework<IWDFIoRequest>) {
    let canceled = request
        .address()
        .and_then(|address| lock(&MARKS).remove(&address));
    if let Some(canceled) = canceled {
        *lock(&canceled) = true;
    }
}
