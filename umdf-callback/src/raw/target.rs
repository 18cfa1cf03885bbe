//! Framework I/O targets, local and remote.

use core::ffi::c_void;

use windows_core::{BOOL, GUID, HRESULT, IUnknown, IUnknown_Vtbl, interface};

use super::Raw;
use super::object::{IWDFFile, IWDFMemory, IWDFObject, IWDFObject_Impl, IWDFObject_Vtbl};
use super::request::IWDFIoRequest;
use super::types::{
    UMDF_IO_TARGET_OPEN_PARAMS, WDF_FILE_INFORMATION_CLASS, WDF_IO_TARGET_SENT_IO_ACTION,
    WDF_IO_TARGET_STATE, WDFMEMORY_OFFSET,
};

/// The framework I/O target object. Page: nn-wudfddi-iwdfiotarget.
#[interface("cc060d79-c0c2-407f-8b10-a5e900fc3474")]
pub unsafe trait IWDFIoTarget: IWDFObject {
    /// Its file. Page: nf-wudfddi-iwdfiotarget-gettargetfile.
    pub unsafe fn GetTargetFile(&self, wdf_file: *mut Raw<IWDFFile>);
    /// Cancels what was sent for an opening. Page: nf-wudfddi-iwdfiotarget-cancelsentrequestsforfile.
    pub unsafe fn CancelSentRequestsForFile(&self, file: Raw<IWDFFile>);
    /// Makes a request a read. Page: nf-wudfddi-iwdfiotarget-formatrequestforread.
    pub unsafe fn FormatRequestForRead(
        &self,
        request: Raw<IWDFIoRequest>,
        file: Raw<IWDFFile>,
        output_memory: Raw<IWDFMemory>,
        output_memory_offset: *const WDFMEMORY_OFFSET,
        device_offset: *const i64,
    ) -> HRESULT;
    /// Makes it a write. Page: nf-wudfddi-iwdfiotarget-formatrequestforwrite.
    pub unsafe fn FormatRequestForWrite(
        &self,
        request: Raw<IWDFIoRequest>,
        file: Raw<IWDFFile>,
        input_memory: Raw<IWDFMemory>,
        input_memory_offset: *const WDFMEMORY_OFFSET,
        device_offset: *const i64,
    ) -> HRESULT;
    /// Makes it a device I/O control. Page: nf-wudfddi-iwdfiotarget-formatrequestforioctl.
    pub unsafe fn FormatRequestForIoctl(
        &self,
        request: Raw<IWDFIoRequest>,
        ioctl_code: u32,
        file: Raw<IWDFFile>,
        input_memory: Raw<IWDFMemory>,
        input_memory_offset: *const WDFMEMORY_OFFSET,
        output_memory: Raw<IWDFMemory>,
        output_memory_offset: *const WDFMEMORY_OFFSET,
    ) -> HRESULT;
}

/// UMDF 1.9: flushes, and a file's information. Page: nn-wudfddi-iwdfiotarget2.
#[interface("eaebcbbb-deb5-4849-8acf-fb38336b94c7")]
pub unsafe trait IWDFIoTarget2: IWDFIoTarget {
    /// Makes a request a flush. Page: nf-wudfddi-iwdfiotarget2-formatrequestforflush.
    pub unsafe fn FormatRequestForFlush(
        &self,
        request: Raw<IWDFIoRequest>,
        file: Raw<IWDFFile>,
    ) -> HRESULT;
    /// Makes it set a file's information. Page: nf-wudfddi-iwdfiotarget2-formatrequestforsetinformation.
    pub unsafe fn FormatRequestForSetInformation(
        &self,
        request: Raw<IWDFIoRequest>,
        information_class: WDF_FILE_INFORMATION_CLASS,
        file: Raw<IWDFFile>,
        information_memory: Raw<IWDFMemory>,
        information_memory_offset: *const WDFMEMORY_OFFSET,
    ) -> HRESULT;
    /// Makes it read a file's information. Page: nf-wudfddi-iwdfiotarget2-formatrequestforqueryinformation.
    pub unsafe fn FormatRequestForQueryInformation(
        &self,
        request: Raw<IWDFIoRequest>,
        information_class: WDF_FILE_INFORMATION_CLASS,
        file: Raw<IWDFFile>,
        information_memory: Raw<IWDFMemory>,
        information_memory_offset: *const WDFMEMORY_OFFSET,
    ) -> HRESULT;
}

/// Whether an I/O target takes requests. Page: nn-wudfddi-iwdfiotargetstatemanagement.
#[interface("88b077aa-eff6-4eba-9e4d-064c70822b98")]
pub unsafe trait IWDFIoTargetStateManagement: IUnknown {
    /// The state. Page: nf-wudfddi-iwdfiotargetstatemanagement-getstate.
    pub unsafe fn GetState(&self) -> WDF_IO_TARGET_STATE;
    /// Sends requests again. Page: nf-wudfddi-iwdfiotargetstatemanagement-start.
    pub unsafe fn Start(&self) -> HRESULT;
    /// Sends no more. Page: nf-wudfddi-iwdfiotargetstatemanagement-stop.
    pub unsafe fn Stop(&self, action: WDF_IO_TARGET_SENT_IO_ACTION) -> HRESULT;
    /// Never sends any more. Page: nf-wudfddi-iwdfiotargetstatemanagement-remove.
    pub unsafe fn Remove(&self, is_surprise_remove: BOOL) -> HRESULT;
}

/// UMDF 1.9: a target in another device stack. Page: nn-wudfddi-iwdfremotetarget.
#[interface("d3ddb29d-bb46-48de-901b-96bed7b1d350")]
pub unsafe trait IWDFRemoteTarget: IWDFIoTarget2 {
    /// Opens a device interface. Page: nf-wudfddi-iwdfremotetarget-openremoteinterface.
    pub unsafe fn OpenRemoteInterface(
        &self,
        remote_interface: Raw<IWDFRemoteInterface>,
        relative_file_name: *const u16,
        desired_access: u32,
        open_params: *const UMDF_IO_TARGET_OPEN_PARAMS,
    ) -> HRESULT;
    /// Opens a file. Page: nf-wudfddi-iwdfremotetarget-openfilebyname.
    pub unsafe fn OpenFileByName(
        &self,
        file_name: *const u16,
        desired_access: u32,
        open_params: *const UMDF_IO_TARGET_OPEN_PARAMS,
    ) -> HRESULT;
    /// Closes it. Page: nf-wudfddi-iwdfremotetarget-close.
    pub unsafe fn Close(&self) -> HRESULT;
    /// Closes it for the time being, as its device may be removed. Page: nf-wudfddi-iwdfremotetarget-closeforqueryremove.
    pub unsafe fn CloseForQueryRemove(&self) -> HRESULT;
    /// Opens it again. Page: nf-wudfddi-iwdfremotetarget-reopen.
    pub unsafe fn Reopen(&self) -> HRESULT;
    /// The state. Page: nf-wudfddi-iwdfremotetarget-getstate.
    pub unsafe fn GetState(&self) -> WDF_IO_TARGET_STATE;
    /// Sends requests again. Page: nf-wudfddi-iwdfremotetarget-start.
    pub unsafe fn Start(&self) -> HRESULT;
    /// Sends no more. Page: nf-wudfddi-iwdfremotetarget-stop.
    pub unsafe fn Stop(&self, action: WDF_IO_TARGET_SENT_IO_ACTION) -> HRESULT;
}

/// Makes I/O targets of handles. Page: nn-wudfddi-iwdffilehandletargetfactory.
#[interface("1427b7e8-e365-400b-9b92-5ace55168e25")]
pub unsafe trait IWDFFileHandleTargetFactory: IUnknown {
    /// Makes an I/O target of a handle. Page: nf-wudfddi-iwdffilehandletargetfactory-createfilehandletarget.
    pub unsafe fn CreateFileHandleTarget(
        &self,
        handle: *mut c_void,
        target: *mut Raw<IWDFIoTarget>,
    ) -> HRESULT;
}

/// UMDF 1.9: a device interface that has arrived. Page: nn-wudfddi-iwdfremoteinterfaceinitialize.
#[interface("8073d34c-4a21-4321-b6c7-a963fbecb6ad")]
pub unsafe trait IWDFRemoteInterfaceInitialize: IUnknown {
    /// The class. Page: nf-wudfddi-iwdfremoteinterfaceinitialize-getinterfaceguid.
    pub unsafe fn GetInterfaceGuid(&self, device_interface_guid: *mut GUID);
    /// The symbolic link. Page: nf-wudfddi-iwdfremoteinterfaceinitialize-retrievesymboliclink.
    pub unsafe fn RetrieveSymbolicLink(
        &self,
        symbolic_link: *mut u16,
        symbolic_link_length_in_chars: *mut u32,
    ) -> HRESULT;
}

/// UMDF 1.9: a device interface of another device. Page: nn-wudfddi-iwdfremoteinterface.
#[interface("49cbab14-e7cf-490b-8cdd-e0e6b2ac0247")]
pub unsafe trait IWDFRemoteInterface: IWDFObject {}
