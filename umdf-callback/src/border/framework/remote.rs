//! Calls to remote interfaces and remote targets.

use core::ptr::null;

use windows_core::{GUID, IUnknown};

use super::{Framework, text, wide_pointer};
use crate::Result;
use crate::raw::*;
use crate::remote::Open;

impl Framework<IWDFDevice> {
    pub(crate) fn register_notification(&self, class: &GUID, existing: bool) -> Result<()> {
        let device = self.query::<IWDFDevice2>()?;
        // SAFETY: the GUID is valid.
        unsafe { device.RegisterRemoteInterfaceNotification(class, existing.into()) }.ok()
    }

    pub(crate) fn create_remote_interface(
        &self,
        init: &Framework<IWDFRemoteInterfaceInitialize>,
        callback: &IUnknown,
    ) -> Result<Framework<IWDFRemoteInterface>> {
        let device = self.query::<IWDFDevice2>()?;
        let mut interface = Raw::NULL;
        // SAFETY: the interfaces and the place are valid; the framework takes references of its own.
        let result = unsafe {
            device.CreateRemoteInterface(Raw::of(init), Raw::of(callback), &raw mut interface)
        };
        Framework::made(result, interface)
    }

    pub(crate) fn create_remote_target(
        &self,
        parent: Option<&Framework<IWDFRemoteInterface>>,
        callback: &IUnknown,
    ) -> Result<Framework<IWDFRemoteTarget>> {
        let device = self.query::<IWDFDevice2>()?;
        let parent = parent.map_or(Raw::NULL, |parent| Raw::<IWDFObject>::of(parent));
        let mut target = Raw::NULL;
        // SAFETY: the interfaces are valid or optional; so is the place; the framework takes references of its own.
        let result =
            unsafe { device.CreateRemoteTarget(Raw::of(callback), parent, &raw mut target) };
        Framework::made(result, target)
    }
}

impl Framework<IWDFRemoteInterface> {
    pub(crate) fn delete(&self) {
        // SAFETY: called when the interface has been removed. That it is deleted already is all that can be wrong.
        let _ = unsafe { self.DeleteWdfObject() };
    }
}

impl Framework<IWDFRemoteTarget> {
    /// The target as any other.
    pub(crate) fn io_target(&self) -> Framework<IWDFIoTarget> {
        Framework::to(self)
    }

    pub(crate) fn open_interface(
        &self,
        interface: &Framework<IWDFRemoteInterface>,
        name: Option<&str>,
        open: &Open,
    ) -> Result<()> {
        let name = name.map(text).transpose()?;
        let name = wide_pointer(name.as_ref());
        let (access, params) = open.raw();
        let params = params.map_or(null(), core::ptr::from_ref);
        // SAFETY: the interface is valid; the name is null or ends with NUL; the structure is optional.
        unsafe { self.OpenRemoteInterface(Raw::of(interface), name, access, params) }.ok()
    }

    pub(crate) fn open_file(&self, name: &str, open: &Open) -> Result<()> {
        let name = text(name)?;
        let (access, params) = open.raw();
        let params = params.map_or(null(), core::ptr::from_ref);
        // SAFETY: the name ends with NUL; the structure is optional.
        unsafe { self.OpenFileByName(name.as_ptr(), access, params) }.ok()
    }

    pub(crate) fn close(&self) {
        // SAFETY: no preconditions. It always succeeds.
        let _ = unsafe { self.Close() };
    }

    pub(crate) fn close_for_query_remove(&self) {
        // SAFETY: no preconditions. It always succeeds.
        let _ = unsafe { self.CloseForQueryRemove() };
    }

    pub(crate) fn reopen(&self) -> Result<()> {
        // SAFETY: no preconditions.
        unsafe { self.Reopen() }.ok()
    }

    pub(crate) fn state(&self) -> WDF_IO_TARGET_STATE {
        // SAFETY: no preconditions.
        unsafe { self.GetState() }
    }

    pub(crate) fn start(&self) -> Result<()> {
        // SAFETY: no preconditions.
        unsafe { self.Start() }.ok()
    }

    pub(crate) fn stop(&self, action: WDF_IO_TARGET_SENT_IO_ACTION) {
        // SAFETY: no preconditions. It always succeeds.
        let _ = unsafe { self.Stop(action) };
    }
}
