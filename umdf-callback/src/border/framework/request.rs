//! Calls to requests that the driver owns, and to their memory.

use windows_core::{GUID, HRESULT};

use super::{ERROR_INSUFFICIENT_BUFFER, Framework};
use crate::raw::*;
use crate::{Error, Result};

const ERROR_NOT_FOUND: HRESULT = HRESULT::from_win32(1168);

/// Each may be called as long as the driver owns the request (U5), which `crate::request` sees to.
impl Framework<IWDFIoRequest> {
    pub(crate) fn complete(&self, status: HRESULT, information: usize) {
        // SAFETY: the driver owns the request, which is not cancelable.
        unsafe { self.CompleteWithInformation(status, information) }
    }

    pub(crate) fn forward(&self, queue: &Framework<IWDFIoQueue>) -> Result<()> {
        // SAFETY: as above; the interface is valid.
        unsafe { self.ForwardToIoQueue(Raw::of(queue)) }.ok()
    }

    pub(crate) fn requeue(&self) -> Result<()> {
        let request = self.query::<IWDFIoRequest2>()?;
        // SAFETY: as above.
        unsafe { request.Requeue() }.ok()
    }

    pub(crate) fn mark_cancelable(&self, callback: &IRequestCallbackCancel) {
        // SAFETY: as above; the callback is the queue's (F6), and the framework takes a reference of its own.
        unsafe { self.MarkCancelable(Raw::of(callback)) }
    }

    /// Whether the request is the driver's alone again (F6).
    pub(crate) fn unmark_cancelable(&self) -> bool {
        // SAFETY: the request was marked, and the driver has not completed it.
        unsafe { self.UnmarkCancelable() }.is_ok()
    }

    pub(crate) fn stop_acknowledge(&self, requeue: bool) -> Result<()> {
        let request = self.query::<IWDFIoRequest2>()?;
        // SAFETY: called in OnIoStop for its request.
        unsafe { request.StopAcknowledge(requeue.into()) };
        Ok(())
    }

    pub(crate) fn kind(&self) -> WDF_REQUEST_TYPE {
        // SAFETY: the driver owns the request.
        unsafe { self.GetType() }
    }

    pub(crate) fn impersonate(
        &self,
        level: SECURITY_IMPERSONATION_LEVEL,
        callback: &IImpersonateCallback,
    ) -> Result<()> {
        // SAFETY: the driver owns the request; the interface is valid, and the context is optional.
        unsafe { self.Impersonate(level, Raw::of(callback), core::ptr::null_mut()) }.ok()
    }

    pub(crate) fn is_from_32_bit_process(&self) -> bool {
        // SAFETY: the driver owns the request.
        unsafe { self.IsFrom32BitProcess() }.as_bool()
    }

    pub(crate) fn queue(&self) -> Option<Framework<IWDFIoQueue>> {
        let mut queue = Raw::NULL;
        // SAFETY: the driver owns the request; the place is valid.
        unsafe { self.GetIoQueue(&raw mut queue) };
        Framework::given(queue)
    }

    /// Options, attributes, sharing, and the access if the framework is new enough.
    pub(crate) fn create(&self) -> (u32, u16, u16, Option<u32>) {
        let (mut options, mut attributes, mut share) = (0, 0, 0);
        if let Ok(request) = self.query::<IWDFIoRequest2>() {
            let mut access = 0;
            // SAFETY: the request is a create; the places are valid.
            unsafe {
                request.GetCreateParametersEx(
                    &raw mut options,
                    &raw mut attributes,
                    &raw mut share,
                    &raw mut access,
                )
            };
            return (options, attributes, share, Some(access));
        }
        // SAFETY: as above.
        unsafe { self.GetCreateParameters(&raw mut options, &raw mut attributes, &raw mut share) };
        (options, attributes, share, None)
    }

    pub(crate) fn set_activity_id(&self, id: &GUID) -> Result<()> {
        let request = self.query::<IWDFIoRequest3>()?;
        let mut id = *id;
        // SAFETY: the driver owns the request; the GUID is valid.
        unsafe { request.SetActivityId(&raw mut id) };
        Ok(())
    }

    pub(crate) fn activity_id(&self) -> Result<Option<GUID>> {
        let request = self.query::<IWDFIoRequest3>()?;
        let mut id = GUID::zeroed();
        // SAFETY: the driver owns the request; the place is valid.
        let result = unsafe { request.RetrieveActivityId(&raw mut id) };
        if result == ERROR_NOT_FOUND {
            return Ok(None);
        }
        result.ok().map(|()| Some(id))
    }

    pub(crate) fn process_id(&self) -> u32 {
        // SAFETY: the driver owns the request.
        unsafe { self.GetRequestorProcessId() }
    }

    pub(crate) fn file(&self) -> Option<Framework<IWDFFile>> {
        let mut file = Raw::NULL;
        // SAFETY: the driver owns the request; the place is valid.
        unsafe { self.GetFileObject(&raw mut file) };
        Framework::given(file)
    }

    pub(crate) fn io_control(&self) -> (u32, usize, usize) {
        let (mut code, mut input, mut output) = (0, 0, 0);
        // SAFETY: the request is a device I/O control; the places are valid.
        unsafe {
            self.GetDeviceIoControlParameters(&raw mut code, &raw mut input, &raw mut output)
        };
        (code, input, output)
    }

    pub(crate) fn read(&self) -> (usize, i64) {
        let (mut size, mut offset) = (0, 0);
        // SAFETY: the request is a read; the places are valid or optional.
        unsafe { self.GetReadParameters(&raw mut size, &raw mut offset, core::ptr::null_mut()) };
        (size, offset)
    }

    pub(crate) fn write(&self) -> (usize, i64) {
        let (mut size, mut offset) = (0, 0);
        // SAFETY: the request is a write; the places are valid or optional.
        unsafe { self.GetWriteParameters(&raw mut size, &raw mut offset, core::ptr::null_mut()) };
        (size, offset)
    }

    /// The input buffer: by the newer interface, which knows direct I/O too, where there is one.
    pub(crate) fn input(&self) -> Result<Framework<IWDFMemory>> {
        let mut memory = Raw::NULL;
        if let Ok(request) = self.query::<IWDFIoRequest2>() {
            // SAFETY: the driver owns the request; the place is valid.
            let result = unsafe { request.RetrieveInputMemory(&raw mut memory) };
            return Framework::made(result, memory);
        }
        // SAFETY: as above.
        unsafe { self.GetInputMemory(&raw mut memory) };
        Framework::given(memory).ok_or_else(|| ERROR_INSUFFICIENT_BUFFER.into())
    }

    /// The output buffer, likewise.
    pub(crate) fn output(&self) -> Result<Framework<IWDFMemory>> {
        let mut memory = Raw::NULL;
        if let Ok(request) = self.query::<IWDFIoRequest2>() {
            // SAFETY: the driver owns the request; the place is valid.
            let result = unsafe { request.RetrieveOutputMemory(&raw mut memory) };
            return Framework::made(result, memory);
        }
        // SAFETY: as above.
        unsafe { self.GetOutputMemory(&raw mut memory) };
        Framework::given(memory).ok_or_else(|| ERROR_INSUFFICIENT_BUFFER.into())
    }
}

/// The same for the newer interfaces.
impl Framework<IWDFIoRequest2> {
    pub(crate) fn requestor_mode(&self) -> WDF_KPROCESSOR_MODE {
        // SAFETY: the driver owns the request.
        unsafe { self.GetRequestorMode() }
    }

    pub(crate) fn is_from_user_mode_driver(&self) -> bool {
        // SAFETY: the driver owns the request, which comes from user mode.
        unsafe { self.IsFromUserModeDriver() }.as_bool()
    }

    pub(crate) fn is_canceled(&self) -> bool {
        // SAFETY: the driver owns the request, which is not marked cancelable.
        unsafe { self.IsCanceled() }.as_bool()
    }
}

impl Framework<IWDFIoRequest3> {
    pub(crate) fn is_user_mode_driver_initiated(&self) -> bool {
        // SAFETY: the driver owns the request.
        unsafe { self.GetUserModeDriverInitiatedIo() }.as_bool()
    }

    pub(crate) fn set_user_mode_driver_initiated(&self, initiated: bool) {
        // SAFETY: the driver owns the request.
        unsafe { self.SetUserModeDriverInitiatedIo(initiated.into()) }
    }
}

/// The memory of a request that the driver owns. Bytes are copied, since another process may change them meanwhile.
impl Framework<IWDFMemory> {
    pub(crate) fn len(&self) -> usize {
        // SAFETY: the memory belongs to a request that is not completed.
        unsafe { self.GetSize() }
    }

    /// That a part lies in the memory.
    fn check(&self, offset: usize, length: usize) -> Result<()> {
        let end = offset.checked_add(length);
        if end.is_none_or(|end| end > self.len()) {
            return Err(Error::from_hresult(ERROR_INSUFFICIENT_BUFFER));
        }
        Ok(())
    }

    pub(crate) fn copy_to(&self, offset: usize, target: &mut [u8]) -> Result<()> {
        self.check(offset, target.len())?;
        // SAFETY: the part lies in the memory, and the target is as long (F7).
        unsafe { self.CopyToBuffer(offset, target.as_mut_ptr().cast(), target.len()) }.ok()
    }

    pub(crate) fn copy_from(&self, offset: usize, source: &[u8]) -> Result<()> {
        self.check(offset, source.len())?;
        // SAFETY: the part lies in the memory; the framework only reads the source, which is as long (F7).
        unsafe { self.CopyFromBuffer(offset, source.as_ptr().cast_mut().cast(), source.len()) }.ok()
    }
}
