//! Framework queues and requests.

use core::ffi::c_void;

use windows_core::{BOOL, GUID, HRESULT, IUnknown, IUnknown_Vtbl, interface};

use super::Raw;
use super::callback::IImpersonateCallback;
use super::device::IWDFDevice;
use super::object::{IWDFFile, IWDFMemory, IWDFObject, IWDFObject_Impl, IWDFObject_Vtbl};
use super::queue_callback::{
    IQueueCallbackStateChange, IRequestCallbackCancel, IRequestCallbackRequestCompletion,
};
use super::target::IWDFIoTarget;
use super::types::{
    SECURITY_IMPERSONATION_LEVEL, WDF_DEVICE_IO_TYPE, WDF_FILE_INFORMATION_CLASS,
    WDF_IO_QUEUE_STATE, WDF_KPROCESSOR_MODE, WDF_REQUEST_TYPE,
};

/// The framework I/O queue object. Page: nn-wudfddi-iwdfioqueue.
#[interface("ae1162b9-8b11-4714-993d-93dc48cc9e8a")]
pub unsafe trait IWDFIoQueue: IWDFObject {
    pub unsafe fn GetDevice(&self, wdf_device: *mut Raw<IWDFDevice>);
    pub unsafe fn ConfigureRequestDispatching(
        &self,
        request_type: WDF_REQUEST_TYPE,
        forward: BOOL,
    ) -> HRESULT;
    pub unsafe fn GetState(
        &self,
        num_of_requests_in_queue: *mut u32,
        num_of_requests_in_driver: *mut u32,
    ) -> WDF_IO_QUEUE_STATE;
    pub unsafe fn RetrieveNextRequest(&self, request: *mut Raw<IWDFIoRequest>) -> HRESULT;
    pub unsafe fn RetrieveNextRequestByFileObject(
        &self,
        file: Raw<IWDFFile>,
        request: *mut Raw<IWDFIoRequest>,
    ) -> HRESULT;
    pub unsafe fn Start(&self);
    pub unsafe fn Stop(&self, stop_complete: Raw<IQueueCallbackStateChange>);
    pub unsafe fn StopSynchronously(&self);
    pub unsafe fn Drain(&self, drain_complete: Raw<IQueueCallbackStateChange>);
    pub unsafe fn DrainSynchronously(&self);
    pub unsafe fn Purge(&self, purge_complete: Raw<IQueueCallbackStateChange>);
    pub unsafe fn PurgeSynchronously(&self);
}

/// The framework I/O request object (U5). Page: nn-wudfddi-iwdfiorequest.
#[interface("896df312-22b4-4a9d-95dd-a364aaf59769")]
pub unsafe trait IWDFIoRequest: IWDFObject {
    pub unsafe fn CompleteWithInformation(&self, completion_status: HRESULT, information: usize);
    pub unsafe fn SetInformation(&self, information: usize);
    pub unsafe fn Complete(&self, completion_status: HRESULT);
    pub unsafe fn SetCompletionCallback(
        &self,
        completion_callback: Raw<IRequestCallbackRequestCompletion>,
        context: *mut c_void,
    );
    pub unsafe fn GetType(&self) -> WDF_REQUEST_TYPE;
    pub unsafe fn GetCreateParameters(
        &self,
        options: *mut u32,
        file_attributes: *mut u16,
        share_access: *mut u16,
    );
    pub unsafe fn GetReadParameters(
        &self,
        size_in_bytes: *mut usize,
        offset: *mut i64,
        key: *mut u32,
    );
    pub unsafe fn GetWriteParameters(
        &self,
        size_in_bytes: *mut usize,
        offset: *mut i64,
        key: *mut u32,
    );
    pub unsafe fn GetDeviceIoControlParameters(
        &self,
        control_code: *mut u32,
        in_buffer_size: *mut usize,
        out_buffer_size: *mut usize,
    );
    pub unsafe fn GetOutputMemory(&self, wdf_memory: *mut Raw<IWDFMemory>);
    pub unsafe fn GetInputMemory(&self, wdf_memory: *mut Raw<IWDFMemory>);
    pub unsafe fn MarkCancelable(&self, cancel_callback: Raw<IRequestCallbackCancel>);
    pub unsafe fn UnmarkCancelable(&self) -> HRESULT;
    pub unsafe fn CancelSentRequest(&self) -> BOOL;
    pub unsafe fn ForwardToIoQueue(&self, destination: Raw<IWDFIoQueue>) -> HRESULT;
    pub unsafe fn Send(&self, io_target: Raw<IWDFIoTarget>, flags: u32, timeout: i64) -> HRESULT;
    pub unsafe fn GetFileObject(&self, file_object: *mut Raw<IWDFFile>);
    pub unsafe fn FormatUsingCurrentType(&self);
    pub unsafe fn GetRequestorProcessId(&self) -> u32;
    pub unsafe fn GetIoQueue(&self, wdf_io_queue: *mut Raw<IWDFIoQueue>);
    pub unsafe fn Impersonate(
        &self,
        impersonation_level: SECURITY_IMPERSONATION_LEVEL,
        callback: Raw<IImpersonateCallback>,
        callback_context: *mut c_void,
    ) -> HRESULT;
    pub unsafe fn IsFrom32BitProcess(&self) -> BOOL;
    pub unsafe fn GetCompletionParams(
        &self,
        completion_params: *mut Raw<IWDFRequestCompletionParams>,
    );
}

/// UMDF 1.9: buffers, requeueing, and the answer to a stop. Page: nn-wudfddi-iwdfiorequest2.
#[interface("1b67f4cd-b278-4085-93e7-57970d98b92b")]
pub unsafe trait IWDFIoRequest2: IWDFIoRequest {
    pub unsafe fn Reuse(&self, hr_new_status: HRESULT);
    pub unsafe fn GetRequestorMode(&self) -> WDF_KPROCESSOR_MODE;
    pub unsafe fn IsFromUserModeDriver(&self) -> BOOL;
    pub unsafe fn RetrieveInputBuffer(
        &self,
        minimum_required_cb: usize,
        buffer: *mut *mut c_void,
        buffer_cb: *mut usize,
    ) -> HRESULT;
    pub unsafe fn RetrieveOutputBuffer(
        &self,
        minimum_required_cb: usize,
        buffer: *mut *mut c_void,
        buffer_cb: *mut usize,
    ) -> HRESULT;
    pub unsafe fn RetrieveInputMemory(&self, memory: *mut Raw<IWDFMemory>) -> HRESULT;
    pub unsafe fn RetrieveOutputMemory(&self, memory: *mut Raw<IWDFMemory>) -> HRESULT;
    pub unsafe fn GetEffectiveIoType(&self) -> WDF_DEVICE_IO_TYPE;
    pub unsafe fn GetCreateParametersEx(
        &self,
        options: *mut u32,
        file_attributes: *mut u16,
        share_access: *mut u16,
        desired_access: *mut u32,
    );
    pub unsafe fn GetQueryInformationParameters(
        &self,
        information_class: *mut WDF_FILE_INFORMATION_CLASS,
        size_in_bytes: *mut usize,
    );
    pub unsafe fn GetSetInformationParameters(
        &self,
        information_class: *mut WDF_FILE_INFORMATION_CLASS,
        size_in_bytes: *mut usize,
    );
    pub unsafe fn IsCanceled(&self) -> BOOL;
    pub unsafe fn GetStatus(&self) -> HRESULT;
    pub unsafe fn StopAcknowledge(&self, requeue: BOOL);
    pub unsafe fn Requeue(&self) -> HRESULT;
}

/// UMDF 1.11: activity ids, and who started the request. Page: nn-wudfddi-iwdfiorequest3.
#[interface("92795040-b8aa-487a-b110-b80ebbd40b44")]
pub unsafe trait IWDFIoRequest3: IWDFIoRequest2 {
    pub unsafe fn SetUserModeDriverInitiatedIo(&self, is_user_mode_driver_initiated: BOOL);
    pub unsafe fn GetUserModeDriverInitiatedIo(&self) -> BOOL;
    pub unsafe fn RetrieveActivityId(&self, activity_id: *mut GUID) -> HRESULT;
    pub unsafe fn SetActivityId(&self, activity_id: *mut GUID);
}

/// How a request that was sent has ended. Page: nn-wudfddi-iwdfrequestcompletionparams.
#[interface("707a2b42-69b8-4971-a49c-4031861e7aff")]
pub unsafe trait IWDFRequestCompletionParams: IUnknown {
    pub unsafe fn GetCompletionStatus(&self) -> HRESULT;
    pub unsafe fn GetInformation(&self) -> usize;
    pub unsafe fn GetCompletedRequestType(&self) -> WDF_REQUEST_TYPE;
}

/// The same, for reads, writes and device I/O control. Page: nn-wudfddi-iwdfiorequestcompletionparams.
#[interface("723d4f3c-7722-4c49-99ae-195937bd9582")]
pub unsafe trait IWDFIoRequestCompletionParams: IWDFRequestCompletionParams {
    pub unsafe fn GetWriteParameters(
        &self,
        write_memory: *mut Raw<IWDFMemory>,
        bytes_written: *mut usize,
        write_memory_offset: *mut usize,
    );
    pub unsafe fn GetReadParameters(
        &self,
        read_memory: *mut Raw<IWDFMemory>,
        bytes_read: *mut usize,
        read_memory_offset: *mut usize,
    );
    pub unsafe fn GetIoctlParameters(
        &self,
        io_control_code: *mut u32,
        input_memory: *mut Raw<IWDFMemory>,
        input_memory_offset: *mut usize,
        output_memory: *mut Raw<IWDFMemory>,
        output_memory_offset: *mut usize,
        out_bytes: *mut usize,
    );
}
