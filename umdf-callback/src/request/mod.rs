//! I/O requests, which the driver owns from their delivery until it completes, forwards or requeues them (U5). Header: wudfddi.h,
//! page: nn-wudfddi-iwdfiorequest.
//!
//! Each of these uses the request up. A request that is dropped without any of them is completed with [`DROPPED`].
//!
//! Sending it to an [`IoTarget`] lends it to the framework: it is [formatted](Formatted), sent, and comes back
//! [completed](Completed) by the lower driver, to be completed in turn. What it is sent with is in [`crate::memory`]. A driver's own
//! [`CreatedRequest`] goes the same way and is deleted at last.

use core::fmt;
use core::marker::PhantomData;

use crate::border::cancel::Mark;
use crate::border::failure;
use crate::border::framework::Framework;
use crate::callback::RequestCancel;
use crate::file::File;
use crate::memory::{Input, Output};
use crate::queue::{IoQueue, Queue};
use crate::raw::IWDFIoRequest;
pub use crate::target::IoTarget;
use crate::{Error, HRESULT, Result};

pub use self::cancelable::{BeingCanceled, Cancelable};
pub use self::client::{CreateParameters, ImpersonationLevel, Requestor};
pub use self::completed::{Completed, Completion, Transferred};
pub use self::created::CreatedRequest;
pub(crate) use self::kind::marker;
pub use self::kind::{
    Canceled, Create, Delivered, DeviceIoControl, HasInput, HasOutput, Other, Read, RequestKind,
    Retrieved, Returned, Sendable, Unformatted, Write,
};
pub use self::send::{Formatted, Outgoing, SendOptions, Sent, ToSend};
pub use self::stop::{Held, Resumed, StopAction, Stopped};

mod cancelable;
mod client;
mod completed;
mod created;
mod kind;
mod send;
mod stop;

/// What a request is completed with that the driver has dropped: `HRESULT_FROM_WIN32(ERROR_REQUEST_ABORTED)`.
pub const DROPPED: HRESULT = HRESULT::from_win32(1235);

/// What a request is completed with that was cancelled: `HRESULT_FROM_WIN32(ERROR_OPERATION_ABORTED)`.
pub const CANCELED: HRESULT = HRESULT::from_win32(995);

/// A request that the driver owns: of kind `K`, come by as `O` says.
#[must_use = "a request that is dropped is completed with an error"]
pub struct Request<K: marker::Kind, O: marker::Origin = Delivered> {
    /// Until it is completed or given away.
    owned: Option<Framework<IWDFIoRequest>>,
    /// Whether it was sent and has ended since it was formatted.
    is_back: bool,
    is: PhantomData<fn() -> (K, O)>,
}

/// A request that the framework did not take: the driver owns it still.
#[derive(Debug)]
pub struct Refused<R> {
    /// The request.
    pub request: R,
    /// Why.
    pub error: Error,
}

impl<K: marker::Kind, O: marker::Origin> Refused<Request<K, O>> {
    /// Completes it with the error.
    pub fn fail(self) {
        self.request.fail(self.error);
    }
}

impl<K: marker::Kind, O: marker::Origin> Request<K, O> {
    pub(crate) fn new(request: Framework<IWDFIoRequest>) -> Self {
        Request {
            owned: Some(request),
            is_back: false,
            is: PhantomData,
        }
    }

    pub(crate) fn framework(&self) -> &Framework<IWDFIoRequest> {
        self.owned
            .as_ref()
            .expect("a request is there until it is used up")
    }

    fn end(&mut self, status: HRESULT, information: usize) {
        if let Some(request) = self.owned.take() {
            request.complete(status, information);
        }
    }

    /// The same request in other terms.
    fn into_marked<L: marker::Kind, P: marker::Origin>(mut self) -> Request<L, P> {
        Request {
            owned: self.owned.take(),
            is_back: self.is_back,
            is: PhantomData,
        }
    }

    /// Gives the request away, if the framework takes it.
    fn give(
        mut self,
        take: impl FnOnce(&Framework<IWDFIoRequest>) -> Result<()>,
    ) -> core::result::Result<(), Refused<Self>> {
        match take(self.framework()) {
            Ok(()) => {
                self.owned = None;
                Ok(())
            }
            Err(error) => Err(Refused {
                request: self,
                error,
            }),
        }
    }

    /// Completes it successfully. Page: nf-wudfddi-iwdfiorequest-complete.
    pub fn complete(self) {
        self.complete_with_information(0);
    }

    /// Completes it successfully; `information` is how many bytes were transferred. Page:
    /// nf-wudfddi-iwdfiorequest-completewithinformation.
    pub fn complete_with_information(mut self, information: usize) {
        self.end(HRESULT(0), information);
    }

    /// Completes it with an error; one that is none becomes `E_FAIL`. Page: nf-wudfddi-iwdfiorequest-complete.
    pub fn fail(mut self, error: impl Into<Error>) {
        self.end(failure(&error.into()), 0);
    }

    /// What it asks for. Page: nf-wudfddi-iwdfiorequest-gettype.
    #[must_use]
    pub fn kind(&self) -> Option<RequestKind> {
        RequestKind::from_raw(self.framework().kind())
    }

    /// The opening of the device that it came through, if it did. Page: nf-wudfddi-iwdfiorequest-getfileobject.
    #[must_use]
    pub fn file(&self) -> Option<File> {
        self.framework().file().map(File)
    }

    /// The process that it comes from. Page: nf-wudfddi-iwdfiorequest-getrequestorprocessid.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.framework().process_id()
    }

    /// Lets the framework cancel it: then `queue`'s [`RequestCancel::on_cancel`] gets it. It has to be
    /// [unmarked](Cancelable::unmark) before anything else. If it is cancelled already, `on_cancel` may run inside of this call.
    /// Page: nf-wudfddi-iwdfiorequest-markcancelable.
    pub fn mark_cancelable<Q: RequestCancel>(mut self, queue: &Queue<'_, Q>) -> Cancelable<K, O> {
        let mark = |request| Mark::new(request, &queue.cancel());
        Cancelable {
            mark: self.owned.take().map(mark),
            is: PhantomData,
        }
    }
}

impl<K: marker::Kind> Request<K> {
    /// Puts it into another queue of the same device. Page: nf-wudfddi-iwdfiorequest-forwardtoioqueue.
    ///
    /// # Errors
    /// The request, and why the framework did not take it.
    pub fn forward(self, queue: &IoQueue) -> core::result::Result<(), Refused<Self>> {
        self.give(|request| request.forward(&queue.0))
    }
}

impl<K: marker::Kind> Request<K, Retrieved> {
    /// Puts it back to the head of its queue. From UMDF 1.9. Page: nf-wudfddi-iwdfiorequest2-requeue.
    ///
    /// # Errors
    /// The request, and why the framework did not take it.
    pub fn requeue(self) -> core::result::Result<(), Refused<Self>> {
        self.give(Framework::<IWDFIoRequest>::requeue)
    }
}

impl<K: HasInput, O: marker::Origin> Request<K, O> {
    /// What the caller gave, to be read. Page: nf-wudfddi-iwdfiorequest2-retrieveinputmemory.
    ///
    /// # Errors
    /// `ERROR_INSUFFICIENT_BUFFER` if there is none; the framework's others.
    pub fn input(&self) -> Result<Input<'_>> {
        self.framework().input().map(Input::new)
    }
}

impl<K: HasOutput, O: marker::Origin> Request<K, O> {
    /// What the caller gets, to be written. Page: nf-wudfddi-iwdfiorequest2-retrieveoutputmemory.
    ///
    /// # Errors
    /// `ERROR_INSUFFICIENT_BUFFER` if there is none; the framework's others.
    pub fn output(&mut self) -> Result<Output<'_>> {
        self.framework().output().map(Output::new)
    }
}

impl<O: marker::Origin> Request<Read, O> {
    /// How much is to be read, and from where. Page: nf-wudfddi-iwdfiorequest-getreadparameters.
    #[must_use]
    pub fn parameters(&self) -> Transfer {
        let (length, offset) = self.framework().read();
        Transfer { length, offset }
    }
}

impl<O: marker::Origin> Request<Write, O> {
    /// How much is to be written, and to where. Page: nf-wudfddi-iwdfiorequest-getwriteparameters.
    #[must_use]
    pub fn parameters(&self) -> Transfer {
        let (length, offset) = self.framework().write();
        Transfer { length, offset }
    }
}

impl<O: marker::Origin> Request<DeviceIoControl, O> {
    /// The control code. Page: nf-wudfddi-iwdfiorequest-getdeviceiocontrolparameters.
    #[must_use]
    pub fn control_code(&self) -> u32 {
        self.framework().io_control().0
    }
}

/// The part of a device that is read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// In bytes.
    pub length: usize,
    /// In bytes.
    pub offset: i64,
}

impl<O: marker::Origin> Request<Other, O> {
    /// The request as what it turns out to be.
    pub fn typed(self) -> Typed<O> {
        match self.kind() {
            Some(RequestKind::Create) => Typed::Create(self.into_marked()),
            Some(RequestKind::Read) => Typed::Read(self.into_marked()),
            Some(RequestKind::Write) => Typed::Write(self.into_marked()),
            Some(RequestKind::DeviceIoControl) => Typed::DeviceIoControl(self.into_marked()),
            _ => Typed::Other(self),
        }
    }
}

/// A request with its kind found out.
#[derive(Debug)]
#[must_use = "a request that is dropped is completed with an error"]
pub enum Typed<O: marker::Origin> {
    /// Open the device.
    Create(Request<Create, O>),
    /// Read.
    Read(Request<Read, O>),
    /// Write.
    Write(Request<Write, O>),
    /// Device I/O control.
    DeviceIoControl(Request<DeviceIoControl, O>),
    /// Something else.
    Other(Request<Other, O>),
}

impl<K: marker::Kind, O: marker::Origin> Drop for Request<K, O> {
    fn drop(&mut self) {
        self.end(DROPPED, 0);
    }
}

impl<K: marker::Kind, O: marker::Origin> fmt::Debug for Request<K, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Request").field(&self.owned).finish()
    }
}
