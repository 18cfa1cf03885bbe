//! Requests that the driver has while the device leaves its working state.

use core::marker::PhantomData;

use super::{Cancelable, Refused, Request, Sent, marker};
use crate::border::cancel::Mark;
use crate::border::framework::Framework;
use crate::raw::*;
use crate::{HRESULT, Result};

/// Whether a request that the driver has is the one that a callback is about.
fn same(this: &Framework<IWDFIoRequest>, other: Option<&Framework<IWDFIoRequest>>) -> bool {
    other.is_some_and(|other| this.is(other))
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
    pub fn is<K: marker::Kind, O: marker::Origin>(&self, request: &Request<K, O>) -> bool {
        same(&self.request, request.owned.as_ref())
    }

    /// Whether it is this one, which is marked cancelable.
    #[must_use]
    pub fn is_cancelable<K: marker::Kind, O: marker::Origin>(
        &self,
        request: &Cancelable<K, O>,
    ) -> bool {
        same(&self.request, request.mark.as_ref().map(Mark::request))
    }

    /// Whether it is this one, which was sent.
    #[must_use]
    pub fn is_sent(&self, request: &Sent) -> bool {
        same(&self.request, Some(&request.request))
    }

    /// The driver keeps it and goes on when the device is back, as
    /// [`QueueIoResume`](crate::callback::QueueIoResume) says. From UMDF 1.9. Page: nf-wudfddi-iwdfiorequest2-stopacknowledge.
    ///
    /// The driver still has the request when it says so: if other threads complete requests, look for it where it is kept, and hold the
    /// lock of that place meanwhile.
    ///
    /// # Errors
    /// The framework is older.
    pub fn keep(self) -> Result<()> {
        self.request.stop_acknowledge(false)
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
        const E_INVALIDARG: HRESULT = HRESULT(0x8007_0057_u32 as i32);
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
    pub fn is<K: marker::Kind, O: marker::Origin>(&self, request: &Request<K, O>) -> bool {
        same(&self.request, request.owned.as_ref())
    }

    /// Whether it is this one, which is marked cancelable.
    #[must_use]
    pub fn is_cancelable<K: marker::Kind, O: marker::Origin>(
        &self,
        request: &Cancelable<K, O>,
    ) -> bool {
        same(&self.request, request.mark.as_ref().map(Mark::request))
    }

    /// Whether it is this one, which was sent.
    #[must_use]
    pub fn is_sent(&self, request: &Sent) -> bool {
        same(&self.request, Some(&request.request))
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
