//! Calls to queues.

use windows_core::HRESULT;

use super::Framework;
use crate::Result;
use crate::raw::*;

const ERROR_NO_MORE_ITEMS: HRESULT = HRESULT::from_win32(259);

/// A request that was retrieved, if there was one.
fn next(result: HRESULT, request: Raw<IWDFIoRequest>) -> Result<Option<Framework<IWDFIoRequest>>> {
    if result == ERROR_NO_MORE_ITEMS {
        return Ok(None);
    }
    result.ok()?;
    Ok(Framework::given(request))
}

impl Framework<IWDFIoQueue> {
    pub(crate) fn state(&self) -> (WDF_IO_QUEUE_STATE, u32, u32) {
        let (mut queued, mut owned) = (0, 0);
        // SAFETY: the places are valid.
        let state = unsafe { self.GetState(&raw mut queued, &raw mut owned) };
        (state, queued, owned)
    }

    pub(crate) fn start(&self) {
        // SAFETY: no preconditions.
        unsafe { self.Start() }
    }

    pub(crate) fn stop(&self, done: &IQueueCallbackStateChange) {
        // SAFETY: no other change of the queue is in progress; the framework takes a reference of its own.
        unsafe { self.Stop(Raw::of(done)) }
    }

    pub(crate) fn stop_synchronously(&self) {
        // SAFETY: no other change of the queue is in progress.
        unsafe { self.StopSynchronously() }
    }

    pub(crate) fn drain(&self, done: &IQueueCallbackStateChange) {
        // SAFETY: as for `stop`.
        unsafe { self.Drain(Raw::of(done)) }
    }

    pub(crate) fn drain_synchronously(&self) {
        // SAFETY: as for `stop_synchronously`.
        unsafe { self.DrainSynchronously() }
    }

    pub(crate) fn purge(&self, done: &IQueueCallbackStateChange) {
        // SAFETY: as for `stop`.
        unsafe { self.Purge(Raw::of(done)) }
    }

    pub(crate) fn purge_synchronously(&self) {
        // SAFETY: as for `stop_synchronously`.
        unsafe { self.PurgeSynchronously() }
    }

    pub(crate) fn retrieve_next(&self) -> Result<Option<Framework<IWDFIoRequest>>> {
        let mut request = Raw::NULL;
        // SAFETY: the place is valid.
        let result = unsafe { self.RetrieveNextRequest(&raw mut request) };
        next(result, request)
    }

    pub(crate) fn retrieve_next_of(
        &self,
        file: &Framework<IWDFFile>,
    ) -> Result<Option<Framework<IWDFIoRequest>>> {
        let mut request = Raw::NULL;
        // SAFETY: the interface and the place are valid.
        let result =
            unsafe { self.RetrieveNextRequestByFileObject(Raw::of(file), &raw mut request) };
        next(result, request)
    }
}
