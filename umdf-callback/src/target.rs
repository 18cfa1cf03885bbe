//! I/O targets: the driver that requests are sent to. Header: wudfddi.h, page: nn-wudfddi-iwdfiotarget.
//!
//! A request is formatted for a target, and sent to it: [`Formatted`]. A filter that looks at what the lower driver has done:
//!
//! ```
//! use umdf_callback::callback::QueueDefaultIoHandler;
//! use umdf_callback::request::{IoTarget, Other, Request, SendOptions};
//! use umdf_callback::{Queue, queue_callback};
//!
//! struct Filter {
//!     below: IoTarget, // Device::default_io_target
//! }
//!
//! impl QueueDefaultIoHandler for Filter {
//!     fn on_default_io(&self, _queue: &Queue<'_, Self>, request: Request<Other>) {
//!         let sent = self.below.format(request).send(SendOptions::new(), |ended| {
//!             println!("{:?}", ended.completion());
//!             ended.pass_on(); // completes the request as the lower driver did
//!         });
//!         if let Err(refused) = sent {
//!             refused.fail();
//!         }
//!     }
//! }
//!
//! queue_callback!(Filter);
//! ```
//!
//! A driver that divides a write has requests of its own, which share the one that they are parts of. Whoever has it last completes it:
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicI32, Ordering};
//!
//! use umdf_callback::memory::{InputOf, Part};
//! use umdf_callback::request::{Delivered, IoTarget, Request, SendOptions, Write};
//! use umdf_callback::{Device, File, HRESULT, Result};
//!
//! type Share = InputOf<Write, Delivered>;
//!
//! fn divide(device: &Device, below: &IoTarget, file: &File, request: Request<Write>) {
//!     let length = request.parameters().length;
//!     let whole = InputOf(Arc::new(request));
//!     let failure = Arc::new(AtomicI32::new(0));
//!     for start in (0..length).step_by(4096) {
//!         let part = Part { memory: whole.clone(), range: start..length.min(start + 4096) };
//!         if let Err(error) = send(device, below, file, part, failure.clone()) {
//!             failure.store(error.code().0, Ordering::Relaxed);
//!             break;
//!         }
//!     }
//!     give_back(whole, &failure);
//! }
//!
//! fn send(device: &Device, below: &IoTarget, file: &File, part: Part<Share>, failure: Arc<AtomicI32>) -> Result<()> {
//!     let at = i64::try_from(part.range.start).ok();
//!     let request = device.create_request()?;
//!     let formatted = below.format_write(request, file, part, at).map_err(|refused| refused.error)?;
//!     let sent = formatted.send(SendOptions::new(), move |part| {
//!         if let Err(error) = part.completion().result() {
//!             failure.store(error.code().0, Ordering::Relaxed);
//!         }
//!         give_back(part.into_memory().memory, &failure);
//!     });
//!     sent.map(drop).map_err(|refused| refused.error)
//! }
//!
//! fn give_back(InputOf(whole): Share, failure: &AtomicI32) {
//!     let Some(whole) = Arc::into_inner(whole) else {
//!         return; // others have it
//!     };
//!     let length = whole.parameters().length;
//!     match HRESULT(failure.load(Ordering::Relaxed)).ok() {
//!         Ok(()) => whole.complete_with_information(length),
//!         Err(error) => whole.fail(error),
//!     }
//! }
//! # let _ = divide;
//! ```

use core::ops::Deref;

use crate::border::change::Change;
use crate::border::framework::Framework;
use crate::file::File;
use crate::memory::{Sink, Source};
use crate::raw::{self, IWDFIoTarget, WDF_IO_TARGET_SENT_IO_ACTION, WDF_IO_TARGET_STATE};
use crate::request::marker::{Kind, Outgoing};
use crate::request::{Formatted, Refused, Request, Returned, ToSend, Unformatted};
use crate::{Result, waiting};

/// An I/O target, local or [remote](crate::remote::RemoteTarget). Page: nn-wudfddi-iwdfiotarget.
#[derive(Clone, Debug)]
pub struct Target(pub(crate) Framework<IWDFIoTarget>);

/// A local I/O target: the next lower driver, which requests can be passed on to as they came.
#[derive(Clone, Debug)]
pub struct IoTarget(Target);

impl Deref for IoTarget {
    type Target = Target;

    fn deref(&self) -> &Target {
        &self.0
    }
}

/// What formatting gives: the request with its memory, or both back.
pub type FormatResult<R, M> =
    core::result::Result<Formatted<<R as ToSend>::Sent, M>, Refused<(<R as ToSend>::Sent, M)>>;

/// Requests are formatted for an operation with memory of the driver's choice ([`crate::memory`]). Of a default I/O target's operations
/// each has a file: that of the request that it is about, or one that the driver has [made](crate::Device::create_file). A remote
/// target has one of [its own](Target::file).
impl Target {
    /// Formats a request for a read into memory; `offset` is the device's, in bytes. Page:
    /// nf-wudfddi-iwdfiotarget-formatrequestforread.
    ///
    /// # Errors
    /// The framework's; `ERROR_INSUFFICIENT_BUFFER` if the memory has no such part; a request that is back needs UMDF 1.9.
    pub fn format_read<R: ToSend, M: Sink<R::Sent>>(
        &self,
        request: R,
        file: &File,
        into: M,
        offset: Option<i64>,
    ) -> FormatResult<R, M> {
        self.formatted(request, into, |request, into| {
            let into = into.locate(request)?;
            let request = request.framework();
            self.0.format_read(request, Some(&file.0), &into, offset)
        })
    }

    /// Formats a request for a write from memory; `offset` is the device's, in bytes. Page:
    /// nf-wudfddi-iwdfiotarget-formatrequestforwrite.
    ///
    /// # Errors
    /// As for [`format_read`](Target::format_read).
    pub fn format_write<R: ToSend, M: Source<R::Sent>>(
        &self,
        request: R,
        file: &File,
        from: M,
        offset: Option<i64>,
    ) -> FormatResult<R, M> {
        self.formatted(request, from, |request, from| {
            let from = from.locate(request)?;
            let request = request.framework();
            self.0.format_write(request, Some(&file.0), &from, offset)
        })
    }

    /// Formats a request for a device I/O control with its memories, from and into. Page:
    /// nf-wudfddi-iwdfiotarget-formatrequestforioctl.
    ///
    /// # Errors
    /// As for [`format_read`](Target::format_read).
    pub fn format_io_control<R: ToSend, I: Source<R::Sent>, O: Sink<R::Sent>>(
        &self,
        request: R,
        file: &File,
        code: u32,
        memory: (I, O),
    ) -> FormatResult<R, (I, O)> {
        self.formatted(request, memory, |request, (from, into)| {
            let (from, into) = (from.locate(request)?, into.locate(request)?);
            let request = request.framework();
            self.0
                .format_io_control(request, Some(&file.0), code, &from, &into)
        })
    }

    /// Formats a request, which is made ready for it first.
    fn formatted<R: ToSend, M>(
        &self,
        request: R,
        memory: M,
        format: impl FnOnce(&R::Sent, &M) -> Result<()>,
    ) -> FormatResult<R, M> {
        let mut request = request.outgoing();
        let formatted = request
            .make_ready()
            .and_then(|()| format(&request, &memory));
        match formatted {
            Ok(()) => Ok(Formatted::new(request, memory, self.clone())),
            Err(error) => Err(Refused {
                request: (request, memory),
                error,
            }),
        }
    }

    /// The file that the target opens by itself: none for a default I/O target. Page: nf-wudfddi-iwdfiotarget-gettargetfile.
    #[must_use]
    pub fn file(&self) -> Option<File> {
        self.0.file().map(File)
    }

    /// Cancels the requests that were sent with a file. Page: nf-wudfddi-iwdfiotarget-cancelsentrequestsforfile.
    pub fn cancel_sent_requests_for(&self, file: &File) {
        self.0.cancel_sent_requests_for(&file.0);
    }
}

/// Requests are formatted as they came, too, to be passed on.
impl IoTarget {
    pub(crate) fn new(target: Framework<IWDFIoTarget>) -> Self {
        IoTarget(Target(target))
    }

    /// Formats a request as it came. Page: nf-wudfddi-iwdfiorequest-formatusingcurrenttype.
    pub fn format<K: Kind, O: Unformatted>(
        &self,
        request: Request<K, O>,
    ) -> Formatted<Request<K, Returned>, ()> {
        let request = request.outgoing();
        request.framework().format_using_current_type();
        Formatted::new(request, (), self.0.clone())
    }

    /// Formats a request that is back as it came, to send it once more. From UMDF 1.9.
    ///
    /// # Errors
    /// The framework is older.
    pub fn format_again<K: Kind>(
        &self,
        request: Request<K, Returned>,
    ) -> FormatResult<Request<K, Returned>, ()> {
        self.formatted(request, (), |request, ()| {
            request.framework().format_using_current_type();
            Ok(())
        })
    }

    /// Whether it takes requests. Page: nf-wudfddi-iwdfiotargetstatemanagement-getstate.
    ///
    /// # Errors
    /// `E_NOINTERFACE` if it has no state.
    pub fn state(&self) -> Result<TargetState> {
        self.0.0.state().map(TargetState::from_raw)
    }

    /// Sends what was sent while it was stopped. Page: nf-wudfddi-iwdfiotargetstatemanagement-start.
    ///
    /// # Errors
    /// The framework's; `ERROR_BUSY` while another thread starts or stops it.
    pub fn start(&self) -> Result<()> {
        let _change = Change::begin(&self.0.0)?;
        self.0.0.start()
    }

    /// Keeps what is sent from now on until it is started again. Page: nf-wudfddi-iwdfiotargetstatemanagement-stop.
    ///
    /// # Errors
    /// `ERROR_BUSY` while another thread starts or stops it; `ERROR_POSSIBLE_DEADLOCK` for [`SentIo::Wait`] in a callback of a queue, a
    /// file or a request that was sent.
    pub fn stop(&self, sent: SentIo) -> Result<()> {
        if sent == SentIo::Wait {
            waiting::allowed()?;
        }
        let _change = Change::begin(&self.0.0)?;
        self.0.0.stop(sent as WDF_IO_TARGET_SENT_IO_ACTION)
    }
}

/// What becomes of requests that a target has when it is stopped (`WDF_IO_TARGET_SENT_IO_ACTION`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentIo {
    /// They are cancelled, and have ended when the target is stopped.
    Cancel = raw::WdfIoTargetCancelSentIo as isize,
    /// They end, and the target is stopped then.
    Wait = raw::WdfIoTargetWaitForSentIoToComplete as isize,
    /// They stay where they are.
    LeavePending = raw::WdfIoTargetLeaveSentIoPending as isize,
}

/// Whether a target takes requests (`WDF_IO_TARGET_STATE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetState {
    /// It does.
    Started,
    /// It keeps them.
    Stopped,
    /// It is closed, as its device may be removed.
    ClosedForQueryRemove,
    /// It is closed.
    Closed,
    /// Its device was removed.
    Deleted,
    /// A value that the header does not have, or has no meaning for.
    Unknown(i32),
}

impl TargetState {
    pub(crate) fn from_raw(value: WDF_IO_TARGET_STATE) -> Self {
        match value {
            raw::WdfIoTargetStarted => TargetState::Started,
            raw::WdfIoTargetStopped => TargetState::Stopped,
            raw::WdfIoTargetClosedForQueryRemove => TargetState::ClosedForQueryRemove,
            raw::WdfIoTargetClosed => TargetState::Closed,
            raw::WdfIoTargetDeleted => TargetState::Deleted,
            value => TargetState::Unknown(value),
        }
    }
}
