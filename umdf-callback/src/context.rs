//! Contexts of framework objects: a value of the driver's that lives as long as a file, a request, a queue or another object of the
//! framework. Header: wudfddi.h, pages: nf-wudfddi-iwdfobject-assigncontext, nf-wudfddi-iobjectcleanup-oncleanup.
//!
//! An object has one context or none. It ends with the object: when the framework cleans that up, or later if somebody still has
//! the [`Arc`] that [`context`](WithContext::context) gave. Any thread may come for it, so its type is [`Send`] and [`Sync`].
//!
//! ```
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! use umdf_callback::callback::{FileCleanup, QueueCreate};
//! use umdf_callback::context::WithContext;
//! use umdf_callback::request::{Create, Request};
//! use umdf_callback::{File, Queue, device_callback, queue_callback};
//!
//! #[derive(Default)]
//! struct Opening {
//!     bytes: AtomicU64,
//! }
//!
//! struct Files;
//!
//! impl QueueCreate for Files {
//!     fn on_create_file(&self, _queue: &Queue<'_, Self>, request: Request<Create>, file: File) {
//!         match file.set_context(Opening::default()) {
//!             Ok(_) => request.complete(),
//!             Err(error) => request.fail(error),
//!         }
//!     }
//! }
//!
//! queue_callback!(Files);
//!
//! struct MyDevice;
//!
//! impl FileCleanup for MyDevice {
//!     fn on_cleanup_file(&self, file: &File) {
//!         if let Ok(opening) = file.context::<Opening>() {
//!             println!("{} bytes", opening.bytes.load(Ordering::Relaxed));
//!         }
//!     }
//! }
//!
//! device_callback!(MyDevice);
//! ```

use std::sync::Arc;

use crate::border::context;
use crate::raw::IWDFObject;
use crate::request::{CreatedRequest, Request, marker};
use crate::{Device, File, HRESULT, IoQueue, Result};

/// An object has no context that [`set_context`](WithContext::set_context) gave it, or had one that has ended:
/// `HRESULT_FROM_WIN32(ERROR_NOT_FOUND)`.
pub const NO_CONTEXT: HRESULT = HRESULT::from_win32(1168);

/// An object's context is of another type: `HRESULT_FROM_WIN32(ERROR_DATATYPE_MISMATCH)`.
pub const ANOTHER_TYPE: HRESULT = HRESULT::from_win32(1629);

pub(crate) mod sealed {
    use super::IWDFObject;

    pub trait Object {
        fn object(&self) -> &IWDFObject;
    }
}

/// Framework objects that can have a context.
pub trait WithContext: sealed::Object {
    /// Gives the object its context, and the context back. Page: nf-wudfddi-iwdfobject-assigncontext.
    ///
    /// # Errors
    /// The framework's, which drops the value: the object has a context, or is being deleted.
    fn set_context<T: Send + Sync + 'static>(&self, value: T) -> Result<Arc<T>> {
        context::assign(self.object(), value)
    }

    /// The object's context. Page: nf-wudfddi-iwdfobject-retrievecontext.
    ///
    /// # Errors
    /// [`NO_CONTEXT`], [`ANOTHER_TYPE`]; the framework's.
    fn context<T: Send + Sync + 'static>(&self) -> Result<Arc<T>> {
        context::retrieve(self.object())
    }
}

impl<O: sealed::Object> WithContext for O {}

impl sealed::Object for File {
    fn object(&self) -> &IWDFObject {
        &self.0
    }
}

impl sealed::Object for Device {
    fn object(&self) -> &IWDFObject {
        &self.0
    }
}

impl sealed::Object for IoQueue {
    fn object(&self) -> &IWDFObject {
        &self.0
    }
}

impl<K: marker::Kind, O: marker::Origin> sealed::Object for Request<K, O> {
    fn object(&self) -> &IWDFObject {
        self.framework()
    }
}

impl sealed::Object for CreatedRequest {
    fn object(&self) -> &IWDFObject {
        marker::Outgoing::framework(self)
    }
}
