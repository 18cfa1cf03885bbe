//! Calls that send requests, and those to requests that were sent or that the driver has made.

use windows_core::HRESULT;

use super::Framework;
use crate::Result;
use crate::border::E_POINTER;
use crate::raw::*;
use crate::request::{Completion, RequestKind, Transferred};

/// Each may be called as long as the driver owns the request (U5), which `crate::request` sees to.
impl Framework<IWDFIoRequest> {
    pub(crate) fn format_using_current_type(&self) {
        // SAFETY: the driver owns the request, which a queue delivered.
        unsafe { self.FormatUsingCurrentType() }
    }

    pub(crate) fn set_completion(&self, callback: &IRequestCallbackRequestCompletion) {
        // SAFETY: the driver owns the request; the framework takes a reference of its own, and the context is optional.
        unsafe { self.SetCompletionCallback(Raw::of(callback), core::ptr::null_mut()) }
    }

    /// The request is the framework's once this has succeeded (F9), unless it is synchronous.
    pub(crate) fn send(
        &self,
        target: &Framework<IWDFIoTarget>,
        flags: u32,
        timeout: i64,
    ) -> Result<()> {
        // SAFETY: the driver owns the request, which is formatted for the target.
        unsafe { self.Send(Raw::of(target), flags, timeout) }.ok()
    }

    /// May be called for a request that the framework has, too, and for one that has ended (F10).
    pub(crate) fn cancel_sent(&self) -> bool {
        // SAFETY: the request is there, by this reference.
        unsafe { self.CancelSentRequest() }.as_bool()
    }

    /// How a request ended that was sent synchronously.
    pub(crate) fn completion(&self) -> Completion {
        let mut params = Raw::NULL;
        // SAFETY: the request was sent and is the driver's again; the place is valid.
        unsafe { self.GetCompletionParams(&raw mut params) };
        Framework::given(params).map_or_else(Completion::default, |params| params.completion())
    }

    /// Makes a request that has ended ready to be formatted again, and lets go of the memory that it was formatted with.
    pub(crate) fn reuse(&self) -> Result<()> {
        let request = self.query::<IWDFIoRequest2>()?;
        // SAFETY: the driver owns the request.
        unsafe { request.Reuse(HRESULT(0)) };
        Ok(())
    }

    /// Deletes a request that the driver has made.
    pub(crate) fn delete(&self) {
        // SAFETY: the driver made the request and owns it. What it could not do about an error it need not know.
        let _ = unsafe { self.DeleteWdfObject() };
    }
}

impl Framework<IWDFMemory> {
    /// Deletes memory that the driver has made.
    pub(crate) fn delete(&self) {
        // SAFETY: the driver made the memory, and no request of the driver's uses it. As above.
        let _ = unsafe { self.DeleteWdfObject() };
    }
}

impl Framework<IWDFRequestCompletionParams> {
    /// All that they say, since a request may be sent again.
    pub(crate) fn completion(&self) -> Completion {
        // SAFETY: no preconditions.
        let status = unsafe { self.GetCompletionStatus() };
        // SAFETY: as above.
        let information = unsafe { self.GetInformation() };
        // SAFETY: as above.
        let kind = RequestKind::from_raw(unsafe { self.GetCompletedRequestType() });
        let transferred = self.query::<IWDFIoRequestCompletionParams>();
        Completion {
            status,
            information,
            kind,
            transferred: transferred
                .ok()
                .and_then(|params| params.transferred(kind?)),
        }
    }
}

impl Framework<IWDFIoRequestCompletionParams> {
    fn transferred(&self, kind: RequestKind) -> Option<Transferred> {
        let (mut offset, mut length) = (0, 0);
        match kind {
            RequestKind::Read => {
                // SAFETY: the request was a read; the memory is optional, the places are valid.
                unsafe {
                    self.GetReadParameters(core::ptr::null_mut(), &raw mut length, &raw mut offset)
                };
                Some(Transferred::Read { offset, length })
            }
            RequestKind::Write => {
                // SAFETY: the request was a write; the memory is optional, the places are valid.
                unsafe {
                    self.GetWriteParameters(core::ptr::null_mut(), &raw mut length, &raw mut offset)
                };
                Some(Transferred::Write { offset, length })
            }
            RequestKind::DeviceIoControl => {
                let (mut code, mut input_offset) = (0, 0);
                // SAFETY: the request was a device I/O control; the memories are optional, the places are valid.
                unsafe {
                    self.GetIoctlParameters(
                        &raw mut code,
                        core::ptr::null_mut(),
                        &raw mut input_offset,
                        core::ptr::null_mut(),
                        &raw mut offset,
                        &raw mut length,
                    )
                };
                Some(Transferred::DeviceIoControl {
                    code,
                    input_offset,
                    output_offset: offset,
                    output_length: length,
                })
            }
            _ => None,
        }
    }
}

/// That there were no parameters, which does not happen.
pub(crate) const NO_PARAMETERS: HRESULT = E_POINTER;
