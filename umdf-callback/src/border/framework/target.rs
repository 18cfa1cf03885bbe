//! Calls to I/O targets.

use core::ptr::{from_ref, null};

use super::Framework;
use crate::Result;
use crate::memory::Located;
use crate::raw::*;

/// An optional interface, for as long as it is there.
fn optional<I: windows_core::Interface>(object: Option<&Framework<I>>) -> Raw<I> {
    object.map_or(Raw::NULL, |object| Raw::of(object))
}

/// Memory and the part of it, for as long as they are there.
fn parts(located: &Located) -> (Raw<IWDFMemory>, *const WDFMEMORY_OFFSET) {
    let part = located.part.as_ref().map_or(null(), from_ref);
    (optional(located.memory.as_ref()), part)
}

/// Each formats a request that the driver owns, whose types keep the memory until the request has ended (F11). The framework reads
/// offsets during the call.
impl Framework<IWDFIoTarget> {
    pub(crate) fn format_read(
        &self,
        request: &Framework<IWDFIoRequest>,
        file: Option<&Framework<IWDFFile>>,
        into: &Located,
        offset: Option<i64>,
    ) -> Result<()> {
        let offset = offset.as_ref().map_or(null(), from_ref);
        let (memory, part) = parts(into);
        // SAFETY: the interfaces are valid, the offsets valid or null.
        unsafe { self.FormatRequestForRead(Raw::of(request), optional(file), memory, part, offset) }
            .ok()
    }

    pub(crate) fn format_write(
        &self,
        request: &Framework<IWDFIoRequest>,
        file: Option<&Framework<IWDFFile>>,
        from: &Located,
        offset: Option<i64>,
    ) -> Result<()> {
        let offset = offset.as_ref().map_or(null(), from_ref);
        let (memory, part) = parts(from);
        // SAFETY: as above.
        unsafe {
            self.FormatRequestForWrite(Raw::of(request), optional(file), memory, part, offset)
        }
        .ok()
    }

    pub(crate) fn format_io_control(
        &self,
        request: &Framework<IWDFIoRequest>,
        file: Option<&Framework<IWDFFile>>,
        code: u32,
        from: &Located,
        into: &Located,
    ) -> Result<()> {
        let (input, input_part) = parts(from);
        let (output, output_part) = parts(into);
        // SAFETY: as above.
        unsafe {
            self.FormatRequestForIoctl(
                Raw::of(request),
                code,
                optional(file),
                input,
                input_part,
                output,
                output_part,
            )
        }
        .ok()
    }

    pub(crate) fn file(&self) -> Option<Framework<IWDFFile>> {
        let mut file = Raw::NULL;
        // SAFETY: the place is valid.
        unsafe { self.GetTargetFile(&raw mut file) };
        Framework::given(file)
    }

    pub(crate) fn cancel_sent_requests_for(&self, file: &Framework<IWDFFile>) {
        // SAFETY: the interface is valid.
        unsafe { self.CancelSentRequestsForFile(Raw::of(file)) }
    }

    pub(crate) fn state(&self) -> Result<WDF_IO_TARGET_STATE> {
        let target = self.query::<IWDFIoTargetStateManagement>()?;
        // SAFETY: no preconditions.
        Ok(unsafe { target.GetState() })
    }

    /// Not while `start` or `stop` of the target run.
    pub(crate) fn start(&self) -> Result<()> {
        let target = self.query::<IWDFIoTargetStateManagement>()?;
        // SAFETY: the caller keeps starts and stops apart.
        unsafe { target.Start() }.ok()
    }

    /// Likewise.
    pub(crate) fn stop(&self, action: WDF_IO_TARGET_SENT_IO_ACTION) -> Result<()> {
        let target = self.query::<IWDFIoTargetStateManagement>()?;
        // SAFETY: as above.
        unsafe { target.Stop(action) }.ok()
    }
}
