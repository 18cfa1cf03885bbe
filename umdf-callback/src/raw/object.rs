//! Framework objects: driver, files, memory, resources, interrupts, work items.

use core::ffi::c_void;

use windows_core::{BOOL, HRESULT, IUnknown, IUnknown_Vtbl, interface};

use super::Raw;
use super::callback::IObjectCleanup;
use super::device::{IWDFDevice, IWDFDevice3, IWDFDeviceInitialize};
use super::structures::{CM_PARTIAL_RESOURCE_DESCRIPTOR, WDF_INTERRUPT_INFO};
use super::types::{
    UMDF_VERSION_DATA, WDF_INTERRUPT_POLICY, WDF_INTERRUPT_PRIORITY, WDFMEMORY_OFFSET,
};

/// What all framework objects share: deletion, a context, and the lock of the synchronization scope. Page: nn-wudfddi-iwdfobject.
#[interface("64275c66-2e71-4060-b5f4-3a76df96ed3c")]
pub unsafe trait IWDFObject: IUnknown {
    /// Deletes the object. Page: nf-wudfddi-iwdfobject-deletewdfobject.
    pub unsafe fn DeleteWdfObject(&self) -> HRESULT;
    /// Gives it a context. Page: nf-wudfddi-iwdfobject-assigncontext.
    pub unsafe fn AssignContext(
        &self,
        cleanup_callback: Raw<IObjectCleanup>,
        context: *mut c_void,
    ) -> HRESULT;
    /// Its context. Page: nf-wudfddi-iwdfobject-retrievecontext.
    pub unsafe fn RetrieveContext(&self, context: *mut *mut c_void) -> HRESULT;
    /// Keeps the framework from calling the callbacks that it serialises. Page: nf-wudfddi-iwdfobject-acquirelock.
    pub unsafe fn AcquireLock(&self);
    /// Lets it again. Page: nf-wudfddi-iwdfobject-releaselock.
    pub unsafe fn ReleaseLock(&self);
}

/// The framework driver object. Page: nn-wudfddi-iwdfdriver.
#[interface("ad368ebe-4139-43e3-a875-69b266a9139c")]
pub unsafe trait IWDFDriver: IWDFObject {
    /// Makes a device. Page: nf-wudfddi-iwdfdriver-createdevice.
    pub unsafe fn CreateDevice(
        &self,
        device_init: Raw<IWDFDeviceInitialize>,
        callback_interface: Raw<IUnknown>,
        device: *mut Raw<IWDFDevice>,
    ) -> HRESULT;
    /// Makes an object of no special kind. Page: nf-wudfddi-iwdfdriver-createwdfobject.
    pub unsafe fn CreateWdfObject(
        &self,
        callback_interface: Raw<IUnknown>,
        parent_object: Raw<IWDFObject>,
        wdf_object: *mut Raw<IWDFObject>,
    ) -> HRESULT;
    /// Makes a memory object of the driver's memory. Page: nf-wudfddi-iwdfdriver-createpreallocatedwdfmemory.
    pub unsafe fn CreatePreallocatedWdfMemory(
        &self,
        buff: *mut u8,
        buffer_size: usize,
        callback_interface: Raw<IUnknown>,
        parent_object: Raw<IWDFObject>,
        wdf_memory: *mut Raw<IWDFMemory>,
    ) -> HRESULT;
    /// Makes a memory object with its memory. Page: nf-wudfddi-iwdfdriver-createwdfmemory.
    pub unsafe fn CreateWdfMemory(
        &self,
        buffer_size: usize,
        callback_interface: Raw<IUnknown>,
        parent_object: Raw<IWDFObject>,
        wdf_memory: *mut Raw<IWDFMemory>,
    ) -> HRESULT;
    /// Whether a version of the framework is there. Page: nf-wudfddi-iwdfdriver-isversionavailable.
    pub unsafe fn IsVersionAvailable(&self, minimum_version: *mut UMDF_VERSION_DATA) -> BOOL;
    /// The framework's version as text. Page: nf-wudfddi-iwdfdriver-retrieveversionstring.
    pub unsafe fn RetrieveVersionString(
        &self,
        version: *mut u16,
        version_length: *mut u32,
    ) -> HRESULT;
}

/// The framework file object. Page: nn-wudfddi-iwdffile.
#[interface("cc8fe04b-fe8b-4245-afd6-c31bc830c791")]
pub unsafe trait IWDFFile: IWDFObject {
    /// The name. Page: nf-wudfddi-iwdffile-retrievefilename.
    pub unsafe fn RetrieveFileName(
        &self,
        file_name: *mut u16,
        file_name_length_in_chars: *mut u32,
    ) -> HRESULT;
    /// The device. Page: nf-wudfddi-iwdffile-getdevice.
    pub unsafe fn GetDevice(&self, wdf_device: *mut Raw<IWDFDevice>);
}

/// UMDF 1.9: counted names and related files. Page: nn-wudfddi-iwdffile2.
#[interface("97893137-ce7f-4918-bc43-a91aef84b043")]
pub unsafe trait IWDFFile2: IWDFFile {
    /// The name, which may have NULs in it. Page: nf-wudfddi-iwdffile2-retrievecountedfilename.
    pub unsafe fn RetrieveCountedFileName(
        &self,
        counted_file_name: *mut u16,
        counted_file_name_length_in_chars: *mut u32,
    ) -> HRESULT;
    /// The opening that the name is relative to. Page: nf-wudfddi-iwdffile2-getrelatedfileobject.
    pub unsafe fn GetRelatedFileObject(&self, related_file_obj: *mut Raw<IWDFFile>);
}

/// UMDF 1.11: the process that opened the file. Page: nn-wudfddi-iwdffile3.
#[interface("7188ca4f-1bd4-4fbc-a34a-2dc7b57f17cc")]
pub unsafe trait IWDFFile3: IWDFFile2 {
    /// The process that opened it. Page: nf-wudfddi-iwdffile3-getinitiatorprocessid.
    pub unsafe fn GetInitiatorProcessId(&self, process_id: *mut u32);
}

/// A file object that the driver made itself. Page: nn-wudfddi-iwdfdrivercreatedfile.
#[interface("b7615d26-494b-47a6-b4cf-0271bcc3da4b")]
pub unsafe trait IWDFDriverCreatedFile: IWDFFile {
    /// Closes it. Page: nf-wudfddi-iwdfdrivercreatedfile-close.
    pub unsafe fn Close(&self);
}

/// The framework memory object. Page: nn-wudfddi-iwdfmemory.
#[interface("ab098f88-8f16-472a-b0bc-eca46486c102")]
pub unsafe trait IWDFMemory: IWDFObject {
    /// Copies from other memory. Page: nf-wudfddi-iwdfmemory-copyfrommemory.
    pub unsafe fn CopyFromMemory(
        &self,
        source: Raw<IWDFMemory>,
        source_offset: *const WDFMEMORY_OFFSET,
    ) -> HRESULT;
    /// Copies out. Page: nf-wudfddi-iwdfmemory-copytobuffer.
    pub unsafe fn CopyToBuffer(
        &self,
        source_offset: usize,
        target_buffer: *mut c_void,
        num_of_bytes_to_copy_to: usize,
    ) -> HRESULT;
    /// Copies in. Page: nf-wudfddi-iwdfmemory-copyfrombuffer.
    pub unsafe fn CopyFromBuffer(
        &self,
        dest_offset: usize,
        source_buffer: *mut c_void,
        num_of_bytes_to_copy_from: usize,
    ) -> HRESULT;
    /// How many bytes there are. Page: nf-wudfddi-iwdfmemory-getsize.
    pub unsafe fn GetSize(&self) -> usize;
    /// The bytes themselves. Page: nf-wudfddi-iwdfmemory-getdatabuffer.
    pub unsafe fn GetDataBuffer(&self, buffer_size: *mut usize) -> *mut c_void;
    /// Other bytes, for memory that the driver has made of its own. Page: nf-wudfddi-iwdfmemory-setbuffer.
    pub unsafe fn SetBuffer(&self, buffer: *mut c_void, buffer_size: usize);
}

/// UMDF 1.11: hardware resources. Page: nn-wudfddi-iwdfcmresourcelist.
#[interface("9f4546e9-fb4f-4df6-b8b8-b39e5d7d1ad4")]
pub unsafe trait IWDFCmResourceList: IWDFObject {
    /// How many resources there are. Page: nf-wudfddi-iwdfcmresourcelist-getcount.
    pub unsafe fn GetCount(&self) -> u32;
    /// One of them. Page: nf-wudfddi-iwdfcmresourcelist-getdescriptor.
    pub unsafe fn GetDescriptor(&self, index: u32) -> *mut CM_PARTIAL_RESOURCE_DESCRIPTOR;
}

/// UMDF 1.11: the framework interrupt object. Page: nn-wudfddi-iwdfinterrupt.
#[interface("aa2ad894-1c27-4ef4-b648-0d2223526b87")]
pub unsafe trait IWDFInterrupt: IWDFObject {
    /// Enables it. Page: nf-wudfddi-iwdfinterrupt-enable.
    pub unsafe fn Enable(&self);
    /// Disables it. Page: nf-wudfddi-iwdfinterrupt-disable.
    pub unsafe fn Disable(&self);
    /// The device. Page: nf-wudfddi-iwdfinterrupt-getdevice.
    pub unsafe fn GetDevice(&self) -> Raw<IWDFDevice3>;
    /// What the system has assigned. Page: nf-wudfddi-iwdfinterrupt-getinfo.
    pub unsafe fn GetInfo(&self, interrupt_info: *mut WDF_INTERRUPT_INFO);
    /// Which processors take it, and how urgently. Page: nf-wudfddi-iwdfinterrupt-setpolicy.
    pub unsafe fn SetPolicy(
        &self,
        policy: WDF_INTERRUPT_POLICY,
        priority: WDF_INTERRUPT_PRIORITY,
        target_processor_set: usize,
    );
    /// The same with a processor group. Page: nf-wudfddi-iwdfinterrupt-setextendedpolicy.
    pub unsafe fn SetExtendedPolicy(&self, policy_and_group: *mut c_void);
    /// Keeps its callbacks from running. Page: nf-wudfddi-iwdfinterrupt-acquireinterruptlock.
    pub unsafe fn AcquireInterruptLock(&self);
    /// Lets them again. Page: nf-wudfddi-iwdfinterrupt-releaseinterruptlock.
    pub unsafe fn ReleaseInterruptLock(&self);
    /// Lets its work item be called. Page: nf-wudfddi-iwdfinterrupt-queueworkitemforisr.
    pub unsafe fn QueueWorkItemForIsr(&self) -> u8;
    /// Takes the lock if it is free. Page: nf-wudfddi-iwdfinterrupt-trytoacquireinterruptlock.
    pub unsafe fn TryToAcquireInterruptLock(&self) -> u8;
}

/// UMDF 1.11: the framework work item object. Page: nn-wudfddi-iwdfworkitem.
#[interface("e3142542-5259-4f20-a1ed-f57055af9265")]
pub unsafe trait IWDFWorkItem: IWDFObject {
    /// Lets its function be called. Page: nf-wudfddi-iwdfworkitem-enqueue.
    pub unsafe fn Enqueue(&self);
    /// Waits until it has been. Page: nf-wudfddi-iwdfworkitem-flush.
    pub unsafe fn Flush(&self);
    /// What it belongs to. Page: nf-wudfddi-iwdfworkitem-getparentobject.
    pub unsafe fn GetParentObject(&self) -> Raw<IWDFObject>;
}
