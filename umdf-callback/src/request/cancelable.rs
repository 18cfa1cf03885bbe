//! Requests that the framework may cancel while the driver has them.

use core::fmt;
use core::marker::PhantomData;

use super::{Delivered, Request, marker};
use crate::border::cancel::Mark;

/// A request that the framework may cancel at any time.
///
/// Dropping it unmarks it and completes it with [`DROPPED`](super::DROPPED), unless it is being cancelled.
#[must_use = "a request that is dropped is completed with an error"]
pub struct Cancelable<K: marker::Kind, O: marker::Origin = Delivered> {
    /// Until it is unmarked.
    pub(super) mark: Option<Mark>,
    pub(super) is: PhantomData<fn() -> (K, O)>,
}

/// A request is being cancelled: [`RequestCancel::on_cancel`](crate::callback::RequestCancel::on_cancel) has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeingCanceled;

impl<K: marker::Kind, O: marker::Origin> Cancelable<K, O> {
    /// The request, to be completed or given away. Page: nf-wudfddi-iwdfiorequest-unmarkcancelable.
    ///
    /// # Errors
    /// It is being cancelled; [`RequestCancel::on_cancel`](crate::callback::RequestCancel::on_cancel) completes it.
    pub fn unmark(mut self) -> Result<Request<K, O>, BeingCanceled> {
        self.take().ok_or(BeingCanceled)
    }

    fn take(&mut self) -> Option<Request<K, O>> {
        self.mark.take()?.unmark().map(Request::new)
    }
}

impl<K: marker::Kind, O: marker::Origin> Drop for Cancelable<K, O> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl<K: marker::Kind, O: marker::Origin> fmt::Debug for Cancelable<K, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cancelable").field(&self.mark).finish()
    }
}
