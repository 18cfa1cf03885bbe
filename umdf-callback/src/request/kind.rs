//! What a request asks for, and how the driver came by it: as types, and as the framework's numbers.

use crate::raw::*;

/// Markers: what a request asks for, and how the driver came by it. Outside of the crate nobody has others.
pub(crate) mod marker {
    use crate::Result;
    use crate::border::framework::Framework;
    use crate::raw::IWDFIoRequest;

    pub trait Kind: 'static {}
    pub trait Origin: 'static {}

    /// What an answer to a stop needs of a request.
    pub trait Held {
        /// Does something while the driver has the request, or has sent it; `None` if it does not any more.
        fn while_held<R>(&self, act: impl FnOnce(&Framework<IWDFIoRequest>) -> R) -> Option<R>;
    }

    /// What sending needs of a request.
    pub trait Outgoing {
        /// The framework's object.
        fn framework(&self) -> &Framework<IWDFIoRequest>;
        /// Makes it ready to be formatted, if it was sent before.
        fn make_ready(&mut self) -> Result<()>;
        /// The framework has it.
        fn leave(self);
        /// The driver has it again.
        fn back(request: Framework<IWDFIoRequest>) -> Self;
    }
}

macro_rules! markers {
    ($trait:ident: $($(#[$doc:meta])+ $name:ident,)+) => {
        $(
            $(#[$doc])+
            #[derive(Debug)]
            pub enum $name {}

            impl marker::$trait for $name {}
        )+
    };
}

markers! { Kind:
    /// Open the device.
    Create,
    /// Read from it.
    Read,
    /// Write to it.
    Write,
    /// Whatever the control code says.
    DeviceIoControl,
    /// Something else, or not known yet.
    Other,
}

markers! { Origin:
    /// A queue delivered it.
    Delivered,
    /// The driver took it from a manual queue.
    Retrieved,
    /// It was cancelled: it can only be completed.
    Canceled,
    /// It was sent, or formatted for that, and is back: it is completed or sent again.
    Returned,
}

/// Requests with an input buffer: writes and device I/O controls.
#[diagnostic::on_unimplemented(message = "a request of kind `{Self}` has no input to read")]
pub trait HasInput: marker::Kind {}
impl HasInput for Write {}
impl HasInput for DeviceIoControl {}

/// Requests with an output buffer: reads and device I/O controls.
#[diagnostic::on_unimplemented(message = "a request of kind `{Self}` has no output to write")]
pub trait HasOutput: marker::Kind {}
impl HasOutput for Read {}
impl HasOutput for DeviceIoControl {}

/// Requests that can be sent to another driver: those that were not cancelled.
#[diagnostic::on_unimplemented(message = "a request that is `{Self}` is not sent")]
pub trait Sendable: marker::Origin {}
impl Sendable for Delivered {}
impl Sendable for Retrieved {}
impl Sendable for Returned {}

/// Requests that are as they came: they were not formatted.
#[diagnostic::on_unimplemented(message = "a request that is `{Self}` is not as it came")]
pub trait Unformatted: Sendable {}
impl Unformatted for Delivered {}
impl Unformatted for Retrieved {}

/// What a request asks for (`WDF_REQUEST_TYPE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// Open the device.
    Create = WdfRequestCreate as isize,
    /// The last handle of an opening is closed.
    Cleanup = WdfRequestCleanup as isize,
    /// Read.
    Read = WdfRequestRead as isize,
    /// Write.
    Write = WdfRequestWrite as isize,
    /// Device I/O control.
    DeviceIoControl = WdfRequestDeviceIoControl as isize,
    /// An opening is released.
    Close = WdfRequestClose as isize,
    /// For USB targets.
    Usb = WdfRequestUsb as isize,
    /// Something else.
    Other = WdfRequestOther as isize,
    /// Device I/O control from another driver.
    InternalIoctl = WdfRequestInternalIoctl as isize,
    /// Without a format.
    NoFormat = WdfRequestTypeNoFormat as isize,
    /// Flush.
    FlushBuffers = WdfRequestFlushBuffers as isize,
    /// A file's information is read.
    QueryInformation = WdfRequestQueryInformation as isize,
    /// A file's information is set.
    SetInformation = WdfRequestSetInformation as isize,
}

impl RequestKind {
    const ALL: [RequestKind; 13] = [
        RequestKind::Create,
        RequestKind::Cleanup,
        RequestKind::Read,
        RequestKind::Write,
        RequestKind::DeviceIoControl,
        RequestKind::Close,
        RequestKind::Usb,
        RequestKind::Other,
        RequestKind::InternalIoctl,
        RequestKind::NoFormat,
        RequestKind::FlushBuffers,
        RequestKind::QueryInformation,
        RequestKind::SetInformation,
    ];

    pub(crate) fn from_raw(raw: WDF_REQUEST_TYPE) -> Option<Self> {
        Self::ALL.into_iter().find(|&kind| kind as i32 == raw)
    }
}
