//! What the framework request object has in newer versions. Header: wudfddi.h, pages: nn-wudfddi-iwdfiorequest2,
//! nn-wudfddi-iwdfiorequest3.

use core::ffi::c_void;
use std::sync::Arc;

use umdf_callback::raw::*;
use umdf_callback::{GUID, HRESULT};
use windows_core::BOOL;

use super::codes::{INSUFFICIENT_BUFFER, NOT_FOUND};
use super::io::Wrong;
use super::memory_object::Buffer;
use super::object::{absent, put, set};
use super::request_object::{RequestObject, RequestObject_Impl};
use super::verifier::Rule;
use super::world::lock;

impl RequestObject {
    /// # Safety
    /// `place` is null or the driver's place.
    unsafe fn retrieve(
        &self,
        method: &'static str,
        buffer: &Arc<Buffer>,
        place: *mut Raw<IWDFMemory>,
    ) -> HRESULT {
        // SAFETY: by this function's contract.
        unsafe { put(place, None) };
        self.base.answer(method, || {
            let memory = self.memory(buffer).ok_or(INSUFFICIENT_BUFFER)?;
            // SAFETY: by this function's contract.
            unsafe { put(place, Some(memory)) };
            Ok(())
        })
    }

    /// # Safety
    /// `place` and `length` are null or the driver's places.
    unsafe fn retrieve_buffer(
        &self,
        method: &'static str,
        buffer: &Arc<Buffer>,
        minimum: usize,
        place: *mut *mut c_void,
        length: *mut usize,
    ) -> HRESULT {
        self.base.answer(method, || {
            if buffer.len() == 0 || buffer.len() < minimum {
                return Err(INSUFFICIENT_BUFFER);
            }
            // SAFETY: by this function's contract.
            unsafe { set(place, buffer.start().cast()) };
            // SAFETY: by this function's contract.
            unsafe { set(length, buffer.len()) };
            Ok(())
        })
    }
}

impl IWDFIoRequest2_Impl for RequestObject_Impl {
    unsafe fn GetRequestorMode(&self) -> WDF_KPROCESSOR_MODE {
        self.base.tell("IWDFIoRequest2::GetRequestorMode", || {
            match self.parts.file {
                Some(_) => WdfUserMode,
                None => WdfKernelMode,
            }
        })
    }

    unsafe fn IsFromUserModeDriver(&self) -> BOOL {
        self.base
            .tell("IWDFIoRequest2::IsFromUserModeDriver", || false.into())
    }

    unsafe fn RetrieveInputBuffer(
        &self,
        minimum: usize,
        buffer: *mut *mut c_void,
        length: *mut usize,
    ) -> HRESULT {
        const METHOD: &str = "IWDFIoRequest2::RetrieveInputBuffer";
        // SAFETY: the driver's places.
        unsafe { self.retrieve_buffer(METHOD, &self.parts.input, minimum, buffer, length) }
    }

    unsafe fn RetrieveOutputBuffer(
        &self,
        minimum: usize,
        buffer: *mut *mut c_void,
        length: *mut usize,
    ) -> HRESULT {
        const METHOD: &str = "IWDFIoRequest2::RetrieveOutputBuffer";
        // SAFETY: the driver's places.
        unsafe { self.retrieve_buffer(METHOD, &self.parts.output, minimum, buffer, length) }
    }

    unsafe fn RetrieveInputMemory(&self, memory: *mut Raw<IWDFMemory>) -> HRESULT {
        const METHOD: &str = "IWDFIoRequest2::RetrieveInputMemory";
        // SAFETY: the driver's place.
        unsafe { self.retrieve(METHOD, &self.parts.input, memory) }
    }

    unsafe fn RetrieveOutputMemory(&self, memory: *mut Raw<IWDFMemory>) -> HRESULT {
        const METHOD: &str = "IWDFIoRequest2::RetrieveOutputMemory";
        // SAFETY: the driver's place.
        unsafe { self.retrieve(METHOD, &self.parts.output, memory) }
    }

    unsafe fn GetEffectiveIoType(&self) -> WDF_DEVICE_IO_TYPE {
        self.base
            .tell("IWDFIoRequest2::GetEffectiveIoType", || WdfDeviceIoBuffered)
    }

    unsafe fn GetCreateParametersEx(
        &self,
        options: *mut u32,
        attributes: *mut u16,
        share: *mut u16,
        access: *mut u32,
    ) {
        // SAFETY: the driver's places.
        unsafe { self.GetCreateParameters(options, attributes, share) };
        // SAFETY: the driver's place; FILE_GENERIC_READ | FILE_GENERIC_WRITE.
        unsafe { set(access, 0x0012_019F) };
    }

    unsafe fn IsCanceled(&self) -> BOOL {
        self.base.tell("IWDFIoRequest2::IsCanceled", || {
            let requested = |io: &super::io::Io| {
                io.requests
                    .get(&self.id)
                    .is_some_and(|request| request.cancel_requested)
            };
            BOOL::from(self.core.look(requested))
        })
    }

    unsafe fn StopAcknowledge(&self, requeue: BOOL) {
        const METHOD: &str = "IWDFIoRequest2::StopAcknowledge";
        self.base.tell_always(METHOD, || {
            let requeue = requeue.as_bool();
            match self.core.look(|io| io.may_give(self.id)) {
                // What is marked or sent may be kept, and is the driver's again before it is given back.
                Err(Wrong::Cancelable | Wrong::Sent) if !requeue => {}
                Err(wrong) => return self.wrong(METHOD, wrong),
                Ok(()) => {}
            }
            if !self.core.change(|io| io.acknowledge(self.id, requeue)) {
                let detail = "the framework has not asked for the request to stop";
                self.base.finding(Rule::Stop, METHOD, detail);
            }
        });
    }

    unsafe fn Requeue(&self) -> HRESULT {
        const METHOD: &str = "IWDFIoRequest2::Requeue";
        self.give(METHOD, || self.core.change(|io| io.requeue(self.id)))
    }

    unsafe fn Reuse(&self, status: HRESULT) {
        const METHOD: &str = "IWDFIoRequest2::Reuse";
        self.base.tell(METHOD, || {
            let mut state = self.way.state();
            if state.is_sent() {
                drop(state);
                let detail = "it was sent, and has not ended; nothing changes";
                return self.base.finding(Rule::Reuse, METHOD, detail);
            }
            let before = state.reuse(status);
            drop(state);
            drop(before);
        });
    }

    unsafe fn GetStatus(&self) -> HRESULT {
        self.base
            .tell("IWDFIoRequest2::GetStatus", || self.way.state().status)
    }

    absent! { "IWDFIoRequest2":
        GetQueryInformationParameters(*mut WDF_FILE_INFORMATION_CLASS, *mut usize);
        GetSetInformationParameters(*mut WDF_FILE_INFORMATION_CLASS, *mut usize);
    }
}

impl IWDFIoRequest3_Impl for RequestObject_Impl {
    unsafe fn SetUserModeDriverInitiatedIo(&self, initiated: BOOL) {
        self.base
            .tell("IWDFIoRequest3::SetUserModeDriverInitiatedIo", || {
                lock(&self.marks).is_driver_initiated = initiated.as_bool();
            });
    }

    unsafe fn GetUserModeDriverInitiatedIo(&self) -> BOOL {
        self.base
            .tell("IWDFIoRequest3::GetUserModeDriverInitiatedIo", || {
                lock(&self.marks).is_driver_initiated.into()
            })
    }

    unsafe fn RetrieveActivityId(&self, id: *mut GUID) -> HRESULT {
        self.base.answer("IWDFIoRequest3::RetrieveActivityId", || {
            let own = lock(&self.marks).activity.ok_or(NOT_FOUND)?;
            // SAFETY: the driver's place.
            unsafe { set(id, own) };
            Ok(())
        })
    }

    unsafe fn SetActivityId(&self, id: *mut GUID) {
        self.base.tell("IWDFIoRequest3::SetActivityId", || {
            if !id.is_null() {
                // SAFETY: not null, so the driver's GUID.
                lock(&self.marks).activity = Some(unsafe { id.read() });
            }
        });
    }
}
