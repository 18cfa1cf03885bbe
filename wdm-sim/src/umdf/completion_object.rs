//! How a request has ended that was sent. Header: wudfddi.h, page: nn-wudfddi-iwdfiorequestcompletionparams.

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::implement;

use super::object::{Base, put, set};
use super::sending::{Ended, Part};
use super::verifier::Rule;

/// The parameters of a request's completion.
#[implement(IWDFIoRequestCompletionParams)]
pub(crate) struct CompletionObject {
    pub(crate) base: Base,
    pub(crate) ended: Ended,
}

impl CompletionObject {
    fn is(&self, method: &'static str, kind: WDF_REQUEST_TYPE) -> bool {
        let is = self.ended.format.kind == kind;
        if !is {
            let detail = "the request was sent for something else; nothing is written";
            self.base.finding(Rule::Argument, method, detail);
        }
        is
    }
}

/// Fills the places for a part of some memory.
///
/// # Safety
/// Each place is null or the driver's.
unsafe fn put_part(part: Option<&Part>, memory: *mut Raw<IWDFMemory>, offset: *mut usize) {
    let object = part.and_then(|part| part.memory.as_ref());
    // SAFETY: by this function's contract.
    unsafe { put(memory, object.map(|object| object.own())) };
    // SAFETY: by this function's contract.
    unsafe { set(offset, part.map_or(0, |part| part.offset)) };
}

impl IWDFRequestCompletionParams_Impl for CompletionObject_Impl {
    unsafe fn GetCompletionStatus(&self) -> HRESULT {
        self.base
            .tell("IWDFRequestCompletionParams::GetCompletionStatus", || {
                self.ended.status
            })
    }

    unsafe fn GetInformation(&self) -> usize {
        self.base
            .tell("IWDFRequestCompletionParams::GetInformation", || {
                self.ended.information
            })
    }

    unsafe fn GetCompletedRequestType(&self) -> WDF_REQUEST_TYPE {
        self.base.tell(
            "IWDFRequestCompletionParams::GetCompletedRequestType",
            || self.ended.format.kind,
        )
    }
}

impl IWDFIoRequestCompletionParams_Impl for CompletionObject_Impl {
    unsafe fn GetWriteParameters(
        &self,
        memory: *mut Raw<IWDFMemory>,
        length: *mut usize,
        offset: *mut usize,
    ) {
        const METHOD: &str = "IWDFIoRequestCompletionParams::GetWriteParameters";
        self.base.tell(METHOD, || {
            if self.is(METHOD, WdfRequestWrite) {
                // SAFETY: the driver's places.
                unsafe { put_part(self.ended.format.input.as_ref(), memory, offset) };
                // SAFETY: the driver's place.
                unsafe { set(length, self.ended.information) };
            }
        });
    }

    unsafe fn GetReadParameters(
        &self,
        memory: *mut Raw<IWDFMemory>,
        length: *mut usize,
        offset: *mut usize,
    ) {
        const METHOD: &str = "IWDFIoRequestCompletionParams::GetReadParameters";
        self.base.tell(METHOD, || {
            if self.is(METHOD, WdfRequestRead) {
                // SAFETY: the driver's places.
                unsafe { put_part(self.ended.format.output.as_ref(), memory, offset) };
                // SAFETY: the driver's place.
                unsafe { set(length, self.ended.information) };
            }
        });
    }

    unsafe fn GetIoctlParameters(
        &self,
        code: *mut u32,
        input: *mut Raw<IWDFMemory>,
        input_offset: *mut usize,
        output: *mut Raw<IWDFMemory>,
        output_offset: *mut usize,
        length: *mut usize,
    ) {
        const METHOD: &str = "IWDFIoRequestCompletionParams::GetIoctlParameters";
        let format = &self.ended.format;
        self.base.tell(METHOD, || {
            if self.is(METHOD, WdfRequestDeviceIoControl) {
                // SAFETY: the driver's place.
                unsafe { set(code, format.code) };
                // SAFETY: the driver's places.
                unsafe { put_part(format.input.as_ref(), input, input_offset) };
                // SAFETY: the driver's places.
                unsafe { put_part(format.output.as_ref(), output, output_offset) };
                // SAFETY: the driver's place.
                unsafe { set(length, self.ended.information) };
            }
        });
    }
}
