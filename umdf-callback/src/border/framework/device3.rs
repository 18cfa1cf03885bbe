//! Calls to work items and interrupts.

use super::Framework;
use crate::Result;
use crate::raw::*;

impl Framework<IWDFDevice> {
    pub(crate) fn create_work_item(
        &self,
        config: WUDF_WORKITEM_CONFIG,
    ) -> Result<Framework<IWDFWorkItem>> {
        let device = self.query::<IWDFDevice3>()?;
        let parent = Raw::<IWDFObject>::of(self);
        let mut config = config;
        let mut item = Raw::NULL;
        // SAFETY: the structure and the place are valid; the function is for any item.
        let result = unsafe { device.CreateWorkItem(&raw mut config, parent, &raw mut item) };
        Framework::made(result, item)
    }

    /// # Safety
    /// The descriptors that the configuration points to are valid, or null.
    pub(crate) unsafe fn create_interrupt(
        &self,
        config: WUDF_INTERRUPT_CONFIG,
    ) -> Result<Framework<IWDFInterrupt>> {
        let device = self.query::<IWDFDevice3>()?;
        let mut config = config;
        let mut interrupt = Raw::NULL;
        // SAFETY: the structure is valid, as the caller says, and so is the place; the functions are for any interrupt.
        let result = unsafe { device.CreateInterrupt(&raw mut config, &raw mut interrupt) };
        Framework::made(result, interrupt)
    }
}

impl Framework<IWDFWorkItem> {
    pub(crate) fn enqueue(&self) {
        // SAFETY: no preconditions.
        unsafe { self.Enqueue() }
    }

    pub(crate) fn flush(&self) {
        // SAFETY: no preconditions that memory depends on.
        unsafe { self.Flush() }
    }

    pub(crate) fn delete(&self) {
        // SAFETY: the item was never enqueued, so its function does not run.
        let _ = unsafe { self.DeleteWdfObject() };
    }
}

impl Framework<IWDFInterrupt> {
    pub(crate) fn enable(&self) {
        // SAFETY: no preconditions.
        unsafe { self.Enable() }
    }

    pub(crate) fn disable(&self) {
        // SAFETY: no preconditions.
        unsafe { self.Disable() }
    }

    pub(crate) fn info(&self) -> WDF_INTERRUPT_INFO {
        let mut info = WDF_INTERRUPT_INFO {
            Size: size_of::<WDF_INTERRUPT_INFO>() as u32,
            ..WDF_INTERRUPT_INFO::default()
        };
        // SAFETY: the structure is valid, and says how long it is.
        unsafe { self.GetInfo(&raw mut info) };
        info
    }

    pub(crate) fn acquire_lock(&self) {
        // SAFETY: that it is released on this thread, the guard sees to.
        unsafe { self.AcquireInterruptLock() }
    }

    pub(crate) fn try_acquire_lock(&self) -> bool {
        // SAFETY: as above.
        unsafe { self.TryToAcquireInterruptLock() != 0 }
    }

    pub(crate) fn release_lock(&self) {
        // SAFETY: this thread has taken it.
        unsafe { self.ReleaseInterruptLock() }
    }

    pub(crate) fn queue_work_item(&self) -> bool {
        // SAFETY: no preconditions.
        unsafe { self.QueueWorkItemForIsr() != 0 }
    }

    pub(crate) fn delete(&self) {
        // SAFETY: the interrupt is not connected yet.
        let _ = unsafe { self.DeleteWdfObject() };
    }
}
