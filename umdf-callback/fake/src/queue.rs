//! The framework queue object.

use std::cell::RefCell;
use std::collections::VecDeque;

use core::ffi::c_void;

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::{BOOL, ComObject, IUnknown, IUnknownImpl, Interface, implement};

use crate::request::Request;
use crate::{absent, object, win32};

/// A queue that a driver has made.
#[implement(IWDFIoQueue)]
pub struct Queue {
    pub(crate) callback: IUnknown,
    /// Whether it gets what no other queue is for.
    pub is_default: bool,
    /// How it delivers.
    pub dispatch: WDF_IO_QUEUE_DISPATCH_TYPE,
    /// Whether it waits for the working state.
    pub is_power_managed: bool,
    /// Whether it delivers transfers of no bytes.
    pub allows_zero_length: bool,
    pub(crate) waiting: RefCell<VecDeque<ComObject<Request>>>,
}

impl Queue {
    /// An interface of the queue callback object, if it has it.
    #[must_use]
    pub fn callback<I: Interface>(&self) -> Option<I> {
        self.callback.cast().ok()
    }

    /// Whether requests are delivered to it.
    pub(crate) fn delivers(&self) -> bool {
        self.callback::<IQueueCallbackCreate>().is_some()
            || self.callback::<IQueueCallbackRead>().is_some()
            || self.callback::<IQueueCallbackWrite>().is_some()
            || self.callback::<IQueueCallbackDeviceIoControl>().is_some()
            || self.callback::<IQueueCallbackDefaultIoHandler>().is_some()
    }
}

impl Queue_Impl {
    /// The queue's interface, as callbacks get it.
    fn raw(&self) -> IWDFIoQueue {
        self.to_object().to_interface()
    }

    /// Delivers a request, or keeps it until it is retrieved.
    // The names are C's.
    #[allow(non_upper_case_globals)]
    pub(crate) fn accept(&self, request: &ComObject<Request>) {
        if self.dispatch == WdfIoQueueDispatchManual {
            self.waiting.borrow_mut().push_back(request.clone());
            return;
        }
        let (queue, raw): (IWDFIoQueue, IWDFIoRequest2) = (self.raw(), request.to_interface());
        let (queue, pointer) = (Raw::of(&queue), Raw::of(&*raw));
        let (input, output) = (request.input.borrow().len(), request.output.borrow().len());
        match request.kind {
            WdfRequestCreate if let Some(create) = self.callback::<IQueueCallbackCreate>() => {
                let file = request
                    .file
                    .as_ref()
                    .map(ComObject::to_interface::<IWDFFile>);
                let file = file.as_ref().map_or(Raw::NULL, Raw::of);
                // SAFETY: the interfaces are valid.
                unsafe { create.OnCreateFile(queue, pointer, file) };
            }
            WdfRequestRead if let Some(read) = self.callback::<IQueueCallbackRead>() => {
                // SAFETY: the interfaces are valid.
                unsafe { read.OnRead(queue, pointer, output) };
            }
            WdfRequestWrite if let Some(write) = self.callback::<IQueueCallbackWrite>() => {
                // SAFETY: the interfaces are valid.
                unsafe { write.OnWrite(queue, pointer, input) };
            }
            WdfRequestDeviceIoControl
                if let Some(control) = self.callback::<IQueueCallbackDeviceIoControl>() =>
            {
                // SAFETY: the interfaces are valid.
                unsafe { control.OnDeviceIoControl(queue, pointer, request.code, input, output) };
            }
            _ => match self.callback::<IQueueCallbackDefaultIoHandler>() {
                // SAFETY: the interfaces are valid.
                Some(default) => unsafe { default.OnDefaultIoHandler(queue, pointer) },
                None => request.end(win32(1), 0),
            },
        }
    }

    /// Tells the driver about the queue's state.
    pub fn change_state(&self, state: WDF_IO_QUEUE_STATE) {
        if let Some(callback) = self.callback::<IQueueCallbackStateChange>() {
            // SAFETY: the interface is valid.
            unsafe { callback.OnStateChange(Raw::of(&self.raw()), state) };
        }
    }

    /// Tells the driver to stop with a request of the queue.
    pub(crate) fn stop_request(&self, request: &ComObject<Request>, flags: u32) {
        if let Some(callback) = self.callback::<IQueueCallbackIoStop>() {
            let request: IWDFIoRequest2 = request.to_interface();
            // SAFETY: the interfaces are valid.
            unsafe { callback.OnIoStop(Raw::of(&self.raw()), Raw::of(&*request), flags) };
        }
    }

    /// Tells the driver to go on with it.
    pub(crate) fn resume_request(&self, request: &ComObject<Request>) {
        if let Some(callback) = self.callback::<IQueueCallbackIoResume>() {
            let request: IWDFIoRequest2 = request.to_interface();
            // SAFETY: the interfaces are valid.
            unsafe { callback.OnIoResume(Raw::of(&self.raw()), Raw::of(&*request)) };
        }
    }

    /// Cancels a request that waits in the queue.
    pub fn cancel_waiting(&self) {
        let Some(request) = self.waiting.borrow_mut().pop_front() else {
            return;
        };
        match self.callback::<IQueueCallbackIoCanceledOnQueue>() {
            Some(callback) => {
                let request: IWDFIoRequest2 = request.to_interface();
                // SAFETY: the interfaces are valid.
                unsafe { callback.OnIoCanceledOnQueue(Raw::of(&self.raw()), Raw::of(&*request)) };
            }
            None => request.end(win32(995), 0),
        }
    }
}

object!(Queue_Impl);

impl IWDFIoQueue_Impl for Queue_Impl {
    unsafe fn GetState(&self, queued: *mut u32, owned: *mut u32) -> WDF_IO_QUEUE_STATE {
        let waiting = self.waiting.borrow().len();
        // SAFETY: the driver's place.
        unsafe { queued.write(waiting as u32) };
        // SAFETY: the driver's place.
        unsafe { owned.write(0) };
        let none = if waiting == 0 {
            WdfIoQueueNoRequests
        } else {
            0
        };
        WdfIoQueueAcceptRequests | WdfIoQueueDispatchRequests | none
    }

    unsafe fn RetrieveNextRequest(&self, request: *mut Raw<IWDFIoRequest>) -> HRESULT {
        let next = self.waiting.borrow_mut().pop_front();
        let Some(next) = next else {
            // SAFETY: the driver's place.
            unsafe { request.write(Raw::NULL) };
            return win32(259);
        };
        next.is_retrieved.set(true);
        let next: IWDFIoRequest2 = next.to_interface();
        // SAFETY: the driver's place.
        unsafe { request.write(Raw::from_owned(IWDFIoRequest::clone(&next))) };
        HRESULT(0)
    }

    absent! {
        GetDevice(*mut Raw<IWDFDevice>);
        ConfigureRequestDispatching(WDF_REQUEST_TYPE, BOOL) -> HRESULT;
        RetrieveNextRequestByFileObject(Raw<IWDFFile>, *mut Raw<IWDFIoRequest>) -> HRESULT;
        Start();
        Stop(Raw<IQueueCallbackStateChange>);
        StopSynchronously();
        Drain(Raw<IQueueCallbackStateChange>);
        DrainSynchronously();
        Purge(Raw<IQueueCallbackStateChange>);
        PurgeSynchronously();
    }
}
