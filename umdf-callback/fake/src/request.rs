//! The framework request object.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use core::ffi::c_void;

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::{BOOL, ComObject, IUnknownImpl, Interface, implement};

use crate::memory::Memory;
use crate::{File, Queue, Shared, absent, object, win32};

/// What a request is made of.
pub(crate) struct Parts {
    pub(crate) kind: WDF_REQUEST_TYPE,
    pub(crate) code: u32,
    pub(crate) input: Vec<u8>,
    pub(crate) output: Vec<u8>,
    pub(crate) file: Option<ComObject<File>>,
}

impl Parts {
    pub(crate) fn new(kind: WDF_REQUEST_TYPE) -> Self {
        Parts {
            kind,
            code: 0,
            input: Vec::new(),
            output: Vec::new(),
            file: None,
        }
    }
}

/// A request that was sent to a driver.
#[implement(IWDFIoRequest2)]
pub struct Request {
    pub(crate) kind: WDF_REQUEST_TYPE,
    pub(crate) code: u32,
    pub(crate) input: Shared<u8>,
    pub(crate) output: Shared<u8>,
    pub(crate) file: Option<ComObject<File>>,
    pub(crate) is_retrieved: Cell<bool>,
    /// What it was completed with, each time.
    completions: Shared<(HRESULT, usize)>,
    /// What `StopAcknowledge` was told.
    acknowledged: Shared<bool>,
    cancel: RefCell<Option<IRequestCallbackCancel>>,
    queue: RefCell<ComObject<Queue>>,
}

impl Request {
    pub(crate) fn end(&self, status: HRESULT, information: usize) {
        assert!(
            self.cancel.borrow().is_none(),
            "a cancelable request was completed"
        );
        self.completions.borrow_mut().push((status, information));
    }
}

/// A request as its sender sees it.
pub struct Sent(ComObject<Request>);

impl Sent {
    pub(crate) fn new(parts: Parts, queue: &ComObject<Queue>) -> Self {
        Sent(ComObject::new(Request {
            kind: parts.kind,
            code: parts.code,
            input: Rc::new(RefCell::new(parts.input)),
            output: Rc::new(RefCell::new(parts.output)),
            file: parts.file,
            is_retrieved: Cell::new(false),
            completions: Shared::default(),
            acknowledged: Shared::default(),
            cancel: RefCell::default(),
            queue: RefCell::new(queue.clone()),
        }))
    }

    /// The framework's object.
    #[must_use]
    pub fn request(&self) -> &ComObject<Request> {
        &self.0
    }

    /// What it was completed with, and how many bytes were transferred; `None` as long as the driver has it.
    ///
    /// # Panics
    /// If it was completed more than once (U5).
    #[must_use]
    pub fn completion(&self) -> Option<(HRESULT, usize)> {
        let completions = self.0.completions.borrow();
        assert!(
            completions.len() <= 1,
            "completed {} times",
            completions.len()
        );
        completions.first().copied()
    }

    /// What the driver has written.
    #[must_use]
    pub fn output(&self) -> Vec<u8> {
        self.0.output.borrow().clone()
    }

    /// What the driver has said of its stop.
    #[must_use]
    pub fn acknowledged(&self) -> Vec<bool> {
        self.0.acknowledged.borrow().clone()
    }

    /// Cancels it, if it is marked cancelable.
    pub fn cancel(&self) -> bool {
        let callback = self.0.cancel.take();
        let Some(callback) = callback else {
            return false;
        };
        let request: IWDFIoRequest2 = self.0.to_interface();
        // SAFETY: the interface is valid.
        unsafe { callback.OnCancel(Raw::of(&*request)) };
        true
    }

    /// Stops it, as when the device leaves its working state.
    pub fn stop(&self, flags: WDF_REQUEST_STOP_ACTION_FLAGS) {
        let queue = self.0.queue.borrow().clone();
        queue.stop_request(&self.0, flags as u32);
    }

    /// Resumes it.
    pub fn resume(&self) {
        let queue = self.0.queue.borrow().clone();
        queue.resume_request(&self.0);
    }
}

object!(Request_Impl);

impl IWDFIoRequest_Impl for Request_Impl {
    unsafe fn CompleteWithInformation(&self, status: HRESULT, information: usize) {
        self.end(status, information);
    }

    unsafe fn Complete(&self, status: HRESULT) {
        self.end(status, 0);
    }

    unsafe fn GetType(&self) -> WDF_REQUEST_TYPE {
        self.kind
    }

    unsafe fn GetReadParameters(&self, size: *mut usize, offset: *mut i64, _key: *mut u32) {
        // SAFETY: the driver's place.
        unsafe { size.write(self.output.borrow().len()) };
        // SAFETY: the driver's place.
        unsafe { offset.write(0) };
    }

    unsafe fn GetWriteParameters(&self, size: *mut usize, offset: *mut i64, _key: *mut u32) {
        // SAFETY: the driver's place.
        unsafe { size.write(self.input.borrow().len()) };
        // SAFETY: the driver's place.
        unsafe { offset.write(0) };
    }

    unsafe fn GetDeviceIoControlParameters(
        &self,
        code: *mut u32,
        input: *mut usize,
        output: *mut usize,
    ) {
        // SAFETY: the driver's place.
        unsafe { code.write(self.code) };
        // SAFETY: the driver's place.
        unsafe { input.write(self.input.borrow().len()) };
        // SAFETY: the driver's place.
        unsafe { output.write(self.output.borrow().len()) };
    }

    unsafe fn MarkCancelable(&self, callback: Raw<IRequestCallbackCancel>) {
        // SAFETY: the driver's interface, which is valid during the call.
        let callback = unsafe { callback.borrow() }.expect("a callback");
        *self.cancel.borrow_mut() = Some(callback.to_owned());
    }

    unsafe fn UnmarkCancelable(&self) -> HRESULT {
        // Page: nf-wudfddi-iwdfiorequest-unmarkcancelable.
        assert!(
            self.completions.borrow().is_empty(),
            "unmarked after OnCancel had completed it"
        );
        match self.cancel.take() {
            Some(_) => HRESULT(0),
            None => win32(995),
        }
    }

    unsafe fn ForwardToIoQueue(&self, queue: Raw<IWDFIoQueue>) -> HRESULT {
        // SAFETY: the driver's interface, which is valid during the call.
        let queue = unsafe { queue.borrow() }.expect("a queue");
        let queue = queue
            .cast_object::<Queue>()
            .expect("the queue is the stand-in's");
        // Page: nf-wudfddi-iwdfiorequest-forwardtoioqueue.
        if self.is_retrieved.get() || is_same(&self.queue.borrow(), &queue) {
            return win32(4317);
        }
        *self.queue.borrow_mut() = queue.clone();
        queue.accept(&self.to_object());
        HRESULT(0)
    }

    unsafe fn GetFileObject(&self, file: *mut Raw<IWDFFile>) {
        let own = self.file.as_ref().map(ComObject::to_interface::<IWDFFile>);
        // SAFETY: the driver's place.
        unsafe { file.write(own.map_or(Raw::NULL, Raw::from_owned)) };
    }

    unsafe fn GetRequestorProcessId(&self) -> u32 {
        4711
    }

    absent! {
        SetInformation(usize);
        SetCompletionCallback(Raw<IRequestCallbackRequestCompletion>, *mut c_void);
        GetCreateParameters(*mut u32, *mut u16, *mut u16);
        GetOutputMemory(*mut Raw<IWDFMemory>);
        GetInputMemory(*mut Raw<IWDFMemory>);
        CancelSentRequest() -> BOOL;
        Send(Raw<IWDFIoTarget>, u32, i64) -> HRESULT;
        FormatUsingCurrentType();
        GetIoQueue(*mut Raw<IWDFIoQueue>);
        Impersonate(SECURITY_IMPERSONATION_LEVEL, Raw<IImpersonateCallback>, *mut c_void) -> HRESULT;
        IsFrom32BitProcess() -> BOOL;
        GetCompletionParams(*mut Raw<IWDFRequestCompletionParams>);
    }
}

/// A buffer as the driver gets it.
///
/// # Safety
/// The place is valid.
unsafe fn retrieve(bytes: &Shared<u8>, memory: *mut Raw<IWDFMemory>) -> HRESULT {
    if bytes.borrow().is_empty() {
        return win32(122);
    }
    let object = ComObject::new(Memory {
        bytes: bytes.clone(),
    });
    // SAFETY: the caller's place.
    unsafe { memory.write(Raw::from_owned(object.to_interface())) };
    HRESULT(0)
}

impl IWDFIoRequest2_Impl for Request_Impl {
    unsafe fn RetrieveInputMemory(&self, memory: *mut Raw<IWDFMemory>) -> HRESULT {
        // SAFETY: the driver's place.
        unsafe { retrieve(&self.input, memory) }
    }

    unsafe fn RetrieveOutputMemory(&self, memory: *mut Raw<IWDFMemory>) -> HRESULT {
        // SAFETY: the driver's place.
        unsafe { retrieve(&self.output, memory) }
    }

    unsafe fn StopAcknowledge(&self, requeue: BOOL) {
        self.acknowledged.borrow_mut().push(requeue.as_bool());
    }

    unsafe fn Requeue(&self) -> HRESULT {
        // Page: nf-wudfddi-iwdfiorequest2-requeue.
        if !self.is_retrieved.replace(false) {
            return win32(4317);
        }
        self.queue
            .borrow()
            .waiting
            .borrow_mut()
            .push_front(self.to_object());
        HRESULT(0)
    }

    absent! {
        Reuse(HRESULT);
        GetRequestorMode() -> WDF_KPROCESSOR_MODE;
        IsFromUserModeDriver() -> BOOL;
        RetrieveInputBuffer(usize, *mut *mut c_void, *mut usize) -> HRESULT;
        RetrieveOutputBuffer(usize, *mut *mut c_void, *mut usize) -> HRESULT;
        GetEffectiveIoType() -> WDF_DEVICE_IO_TYPE;
        GetCreateParametersEx(*mut u32, *mut u16, *mut u16, *mut u32);
        GetQueryInformationParameters(*mut WDF_FILE_INFORMATION_CLASS, *mut usize);
        GetSetInformationParameters(*mut WDF_FILE_INFORMATION_CLASS, *mut usize);
        IsCanceled() -> BOOL;
        GetStatus() -> HRESULT;
    }
}

/// Whether both are the same queue.
fn is_same(this: &ComObject<Queue>, other: &ComObject<Queue>) -> bool {
    this.to_interface::<IWDFIoQueue>() == other.to_interface::<IWDFIoQueue>()
}
