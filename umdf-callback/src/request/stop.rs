//! Requests that the driver has while the device leaves its working state.

use core::marker::PhantomData;

use super::{Cancelable, Refused, Request, Sent, marker};
use crate::border::cancel::Mark;
use crate::border::framework::Framework;
use crate::raw::*;
use crate::{HRESULT, Result};

const E_INVALIDARG: HRESULT = HRESULT(0x8007_0057_u32 as i32);

/// A request that the driver has: a [`Request`]; a [`Cancelable`] one, unless it is being cancelled; or one that it has
/// [sent](Sent), until it is back.
pub trait Held: marker::Held {}

impl<K: marker::Kind, O: marker::Origin> Held for Request<K, O> {}

impl<K: marker::Kind, O: marker::Origin> marker::Held for Request<K, O> {
    fn while_held<R>(&self, act: impl FnOnce(&Framework<IWDFIoRequest>) -> R) -> Option<R> {
        self.owned.as_ref().map(act)
    }
}

impl<K: marker::Kind, O: marker::Origin> Held for Cancelable<K, O> {}

impl<K: marker::Kind, O: marker::Origin> marker::Held for Cancelable<K, O> {
    fn while_held<R>(&self, act: impl FnOnce(&Framework<IWDFIoRequest>) -> R) -> Option<R> {
        self.mark.as_ref()?.while_marked(act)
    }
}

impl Held for Sent {}

impl marker::Held for Sent {
    fn while_held<R>(&self, act: impl FnOnce(&Framework<IWDFIoRequest>) -> R) -> Option<R> {
        (!self.has_ended()).then(|| act(&self.request))
    }
}

/// Whether a request that the driver has is the one that a callback is about.
fn same(this: &Framework<IWDFIoRequest>, held: &impl Held) -> bool {
    held.while_held(|request| this.is(request)) == Some(true)
}

/// The request that [`QueueIoStop`](crate::callback::QueueIoStop) is about. The driver has the request itself, and completes it,
/// or says here that it is kept or given back.
#[derive(Debug)]
pub struct Stopped<'callback> {
    request: Framework<IWDFIoRequest>,
    during: PhantomData<&'callback ()>,
}

impl Stopped<'_> {
    pub(crate) fn new(request: Framework<IWDFIoRequest>) -> Self {
        Stopped {
            request,
            during: PhantomData,
        }
    }

    /// Whether it is this one.
    #[must_use]
    pub fn is(&self, request: &impl Held) -> bool {
        same(&self.request, request)
    }

    /// The driver keeps it and goes on when the device is back, as
    /// [`QueueIoResume`](crate::callback::QueueIoResume) says. From UMDF 1.9. Page: nf-wudfddi-iwdfiorequest2-stopacknowledge.
    ///
    /// One that was sent may come back meanwhile. A driver that keeps such ones completes them under a lock that it has here.
    ///
    /// # Errors
    /// `E_INVALIDARG` if `request` is another one, or the driver does not have it any more; the framework is older.
    pub fn keep(self, request: &impl Held) -> Result<()> {
        let kept = request.while_held(|request| {
            if !self.request.is(request) {
                return Err(E_INVALIDARG.into());
            }
            self.request.stop_acknowledge(false)
        });
        kept.unwrap_or_else(|| Err(E_INVALIDARG.into()))
    }

    /// The driver gives it back, and gets it again when the device is back. From UMDF 1.9. Page:
    /// nf-wudfddi-iwdfiorequest2-stopacknowledge.
    ///
    /// # Errors
    /// `E_INVALIDARG` if `request` is another one; the framework is older.
    pub fn requeue<K: marker::Kind, O: marker::Origin>(
        self,
        request: Request<K, O>,
    ) -> core::result::Result<(), Refused<Request<K, O>>> {
        let same = self.is(&request);
        request.give(|request| {
            if !same {
                return Err(E_INVALIDARG.into());
            }
            request.stop_acknowledge(true)
        })
    }
}

/// The request that [`QueueIoResume`](crate::callback::QueueIoResume) is about.
#[derive(Debug)]
pub struct Resumed<'callback> {
    request: Framework<IWDFIoRequest>,
    during: PhantomData<&'callback ()>,
}

impl Resumed<'_> {
    pub(crate) fn new(request: Framework<IWDFIoRequest>) -> Self {
        Resumed {
            request,
            during: PhantomData,
        }
    }

    /// Whether it is this one.
    #[must_use]
    pub fn is(&self, request: &impl Held) -> bool {
        same(&self.request, request)
    }
}

impl<K: marker::Kind, O: marker::Origin> Cancelable<K, O> {
    /// Whether it is this one, which [`RequestCancel::on_cancel`](crate::callback::RequestCancel::on_cancel) has got.
    #[must_use]
    pub fn is<L: marker::Kind, P: marker::Origin>(&self, request: &Request<L, P>) -> bool {
        let (mark, owned) = (
            self.mark.as_ref().map(Mark::request),
            request.owned.as_ref(),
        );
        mark.is_some_and(|mark| owned.is_some_and(|owned| mark.is(owned)))
    }
}

/// Why a request should stop (`WDF_REQUEST_STOP_ACTION_FLAGS`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopAction(pub(crate) u32);

impl StopAction {
    /// The device goes to sleep.
    #[must_use]
    pub fn is_suspend(self) -> bool {
        self.0 & WdfRequestStopActionSuspend as u32 != 0
    }

    /// The device is removed.
    #[must_use]
    pub fn is_purge(self) -> bool {
        self.0 & WdfRequestStopActionPurge as u32 != 0
    }

    /// The request is marked cancelable.
    #[must_use]
    pub fn is_cancelable(self) -> bool {
        self.0 & WdfRequestStopRequestCancelable as u32 != 0
    }
}
