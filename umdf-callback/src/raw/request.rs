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
    /// The device. Page: nf-wudfddi-iwdfioqueue-getdevice.
    pub unsafe fn GetDevice(&self, wdf_device: *mut Raw<IWDFDevice>);
    /// Gives all requests of a kind to the queue. Page: nf-wudfddi-iwdfioqueue-configurerequestdispatching.
    pub unsafe fn ConfigureRequestDispatching(
        &self,
        request_type: WDF_REQUEST_TYPE,
        forward: BOOL,
    ) -> HRESULT;
    /// The state, and how many requests there are. Page: nf-wudfddi-iwdfioqueue-getstate.
    pub unsafe fn GetState(
        &self,
        num_of_requests_in_queue: *mut u32,
        num_of_requests_in_driver: *mut u32,
    ) -> WDF_IO_QUEUE_STATE;
    /// The next request. Page: nf-wudfddi-iwdfioqueue-retrievenextrequest.
    pub unsafe fn RetrieveNextRequest(&self, request: *mut Raw<IWDFIoRequest>) -> HRESULT;
    /// The next one of an opening. Page: nf-wudfddi-iwdfioqueue-retrievenextrequestbyfileobject.
    pub unsafe fn RetrieveNextRequestByFileObject(
        &self,
        file: Raw<IWDFFile>,
        request: *mut Raw<IWDFIoRequest>,
    ) -> HRESULT;
    /// Hands out requests again. Page: nf-wudfddi-iwdfioqueue-start.
    pub unsafe fn Start(&self);
    /// Hands out no more. Page: nf-wudfddi-iwdfioqueue-stop.
    pub unsafe fn Stop(&self, stop_complete: Raw<IQueueCallbackStateChange>);
    /// The same, and waits. Page: nf-wudfddi-iwdfioqueue-stopsynchronously.
    pub unsafe fn StopSynchronously(&self);
    /// Takes no more requests. Page: nf-wudfddi-iwdfioqueue-drain.
    pub unsafe fn Drain(&self, drain_complete: Raw<IQueueCallbackStateChange>);
    /// The same, and waits. Page: nf-wudfddi-iwdfioqueue-drainsynchronously.
    pub unsafe fn DrainSynchronously(&self);
    /// Takes no more, and cancels those that it has. Page: nf-wudfddi-iwdfioqueue-purge.
    pub unsafe fn Purge(&self, purge_complete: Raw<IQueueCallbackStateChange>);
    /// The same, and waits. Page: nf-wudfddi-iwdfioqueue-purgesynchronously.
    pub unsafe fn PurgeSynchronously(&self);
}

/// The framework I/O request object (U5). Page: nn-wudfddi-iwdfiorequest.
#[interface("896df312-22b4-4a9d-95dd-a364aaf59769")]
pub unsafe trait IWDFIoRequest: IWDFObject {
    /// Completes it, with how many bytes were transferred. Page: nf-wudfddi-iwdfiorequest-completewithinformation.
    pub unsafe fn CompleteWithInformation(&self, completion_status: HRESULT, information: usize);
    /// How many bytes were transferred. Page: nf-wudfddi-iwdfiorequest-setinformation.
    pub unsafe fn SetInformation(&self, information: usize);
    /// Completes it. Page: nf-wudfddi-iwdfiorequest-complete.
    pub unsafe fn Complete(&self, completion_status: HRESULT);
    /// Who is told when it has ended after it was sent. Page: nf-wudfddi-iwdfiorequest-setcompletioncallback.
    pub unsafe fn SetCompletionCallback(
        &self,
        completion_callback: Raw<IRequestCallbackRequestCompletion>,
        context: *mut c_void,
    );
    /// What it asks for. Page: nf-wudfddi-iwdfiorequest-gettype.
    pub unsafe fn GetType(&self) -> WDF_REQUEST_TYPE;
    /// How the device is opened. Page: nf-wudfddi-iwdfiorequest-getcreateparameters.
    pub unsafe fn GetCreateParameters(
        &self,
        options: *mut u32,
        file_attributes: *mut u16,
        share_access: *mut u16,
    );
    /// What is to be read. Page: nf-wudfddi-iwdfiorequest-getreadparameters.
    pub unsafe fn GetReadParameters(
        &self,
        size_in_bytes: *mut usize,
        offset: *mut i64,
        key: *mut u32,
    );
    /// What is to be written. Page: nf-wudfddi-iwdfiorequest-getwriteparameters.
    pub unsafe fn GetWriteParameters(
        &self,
        size_in_bytes: *mut usize,
        offset: *mut i64,
        key: *mut u32,
    );
    /// The control code, and the buffers' lengths. Page: nf-wudfddi-iwdfiorequest-getdeviceiocontrolparameters.
    pub unsafe fn GetDeviceIoControlParameters(
        &self,
        control_code: *mut u32,
        in_buffer_size: *mut usize,
        out_buffer_size: *mut usize,
    );
    /// The output buffer. Page: nf-wudfddi-iwdfiorequest-getoutputmemory.
    pub unsafe fn GetOutputMemory(&self, wdf_memory: *mut Raw<IWDFMemory>);
    /// The input buffer. Page: nf-wudfddi-iwdfiorequest-getinputmemory.
    pub unsafe fn GetInputMemory(&self, wdf_memory: *mut Raw<IWDFMemory>);
    /// Lets it be cancelled. Page: nf-wudfddi-iwdfiorequest-markcancelable.
    pub unsafe fn MarkCancelable(&self, cancel_callback: Raw<IRequestCallbackCancel>);
    /// Does not any longer. Page: nf-wudfddi-iwdfiorequest-unmarkcancelable.
    pub unsafe fn UnmarkCancelable(&self) -> HRESULT;
    /// Asks for it to be cancelled where it was sent. Page: nf-wudfddi-iwdfiorequest-cancelsentrequest.
    pub unsafe fn CancelSentRequest(&self) -> BOOL;
    /// Puts it into another queue. Page: nf-wudfddi-iwdfiorequest-forwardtoioqueue.
    pub unsafe fn ForwardToIoQueue(&self, destination: Raw<IWDFIoQueue>) -> HRESULT;
    /// Sends it to an I/O target. Page: nf-wudfddi-iwdfiorequest-send.
    pub unsafe fn Send(&self, io_target: Raw<IWDFIoTarget>, flags: u32, timeout: i64) -> HRESULT;
    /// The opening that it came through. Page: nf-wudfddi-iwdfiorequest-getfileobject.
    pub unsafe fn GetFileObject(&self, file_object: *mut Raw<IWDFFile>);
    /// Formats it as it is. Page: nf-wudfddi-iwdfiorequest-formatusingcurrenttype.
    pub unsafe fn FormatUsingCurrentType(&self);
    /// The process that it comes from. Page: nf-wudfddi-iwdfiorequest-getrequestorprocessid.
    pub unsafe fn GetRequestorProcessId(&self) -> u32;
    /// The queue that it is from. Page: nf-wudfddi-iwdfiorequest-getioqueue.
    pub unsafe fn GetIoQueue(&self, wdf_io_queue: *mut Raw<IWDFIoQueue>);
    /// Does something as the client. Page: nf-wudfddi-iwdfiorequest-impersonate.
    pub unsafe fn Impersonate(
        &self,
        impersonation_level: SECURITY_IMPERSONATION_LEVEL,
        callback: Raw<IImpersonateCallback>,
        callback_context: *mut c_void,
    ) -> HRESULT;
    /// Whether a 32-bit process made it. Page: nf-wudfddi-iwdfiorequest-isfrom32bitprocess.
    pub unsafe fn IsFrom32BitProcess(&self) -> BOOL;
    /// How it has ended after it was sent. Page: nf-wudfddi-iwdfiorequest-getcompletionparams.
    pub unsafe fn GetCompletionParams(
        &self,
        completion_params: *mut Raw<IWDFRequestCompletionParams>,
    );
}

/// UMDF 1.9: buffers, requeueing, and the answer to a stop. Page: nn-wudfddi-iwdfiorequest2.
#[interface("1b67f4cd-b278-4085-93e7-57970d98b92b")]
pub unsafe trait IWDFIoRequest2: IWDFIoRequest {
    /// Makes it ready to be sent again. Page: nf-wudfddi-iwdfiorequest2-reuse.
    pub unsafe fn Reuse(&self, hr_new_status: HRESULT);
    /// Whether it comes from user mode. Page: nf-wudfddi-iwdfiorequest2-getrequestormode.
    pub unsafe fn GetRequestorMode(&self) -> WDF_KPROCESSOR_MODE;
    /// Whether it comes from another user-mode driver. Page: nf-wudfddi-iwdfiorequest2-isfromusermodedriver.
    pub unsafe fn IsFromUserModeDriver(&self) -> BOOL;
    /// The input buffer itself. Page: nf-wudfddi-iwdfiorequest2-retrieveinputbuffer.
    pub unsafe fn RetrieveInputBuffer(
        &self,
        minimum_required_cb: usize,
        buffer: *mut *mut c_void,
        buffer_cb: *mut usize,
    ) -> HRESULT;
    /// The output buffer itself. Page: nf-wudfddi-iwdfiorequest2-retrieveoutputbuffer.
    pub unsafe fn RetrieveOutputBuffer(
        &self,
        minimum_required_cb: usize,
        buffer: *mut *mut c_void,
        buffer_cb: *mut usize,
    ) -> HRESULT;
    /// The input buffer. Page: nf-wudfddi-iwdfiorequest2-retrieveinputmemory.
    pub unsafe fn RetrieveInputMemory(&self, memory: *mut Raw<IWDFMemory>) -> HRESULT;
    /// The output buffer. Page: nf-wudfddi-iwdfiorequest2-retrieveoutputmemory.
    pub unsafe fn RetrieveOutputMemory(&self, memory: *mut Raw<IWDFMemory>) -> HRESULT;
    /// How its buffers are reached. Page: nf-wudfddi-iwdfiorequest2-geteffectiveiotype.
    pub unsafe fn GetEffectiveIoType(&self) -> WDF_DEVICE_IO_TYPE;
    /// How the device is opened, with the access. Page: nf-wudfddi-iwdfiorequest2-getcreateparametersex.
    pub unsafe fn GetCreateParametersEx(
        &self,
        options: *mut u32,
        file_attributes: *mut u16,
        share_access: *mut u16,
        desired_access: *mut u32,
    );
    /// Which of a file's information is read. Page: nf-wudfddi-iwdfiorequest2-getqueryinformationparameters.
    pub unsafe fn GetQueryInformationParameters(
        &self,
        information_class: *mut WDF_FILE_INFORMATION_CLASS,
        size_in_bytes: *mut usize,
    );
    /// Which is set. Page: nf-wudfddi-iwdfiorequest2-getsetinformationparameters.
    pub unsafe fn GetSetInformationParameters(
        &self,
        information_class: *mut WDF_FILE_INFORMATION_CLASS,
        size_in_bytes: *mut usize,
    );
    /// Whether it should be cancelled. Page: nf-wudfddi-iwdfiorequest2-iscanceled.
    pub unsafe fn IsCanceled(&self) -> BOOL;
    /// Its status. Page: nf-wudfddi-iwdfiorequest2-getstatus.
    pub unsafe fn GetStatus(&self) -> HRESULT;
    /// The driver keeps it, or gives it back, while the queue is stopped. Page: nf-wudfddi-iwdfiorequest2-stopacknowledge.
    pub unsafe fn StopAcknowledge(&self, requeue: BOOL);
    /// Puts it back to the head of its queue. Page: nf-wudfddi-iwdfiorequest2-requeue.
    pub unsafe fn Requeue(&self) -> HRESULT;
}

/// UMDF 1.11: activity ids, and who started the request. Page: nn-wudfddi-iwdfiorequest3.
#[interface("92795040-b8aa-487a-b110-b80ebbd40b44")]
pub unsafe trait IWDFIoRequest3: IWDFIoRequest2 {
    /// Whether drivers below take it for one of a UMDF driver. Page: nf-wudfddi-iwdfiorequest3-setusermodedriverinitiatedio.
    pub unsafe fn SetUserModeDriverInitiatedIo(&self, is_user_mode_driver_initiated: BOOL);
    /// Whether they do. Page: nf-wudfddi-iwdfiorequest3-getusermodedriverinitiatedio.
    pub unsafe fn GetUserModeDriverInitiatedIo(&self) -> BOOL;
    /// What its processing is traced with. Page: nf-wudfddi-iwdfiorequest3-retrieveactivityid.
    pub unsafe fn RetrieveActivityId(&self, activity_id: *mut GUID) -> HRESULT;
    /// Traces it with this. Page: nf-wudfddi-iwdfiorequest3-setactivityid.
    pub unsafe fn SetActivityId(&self, activity_id: *mut GUID);
}

/// How a request that was sent has ended. Page: nn-wudfddi-iwdfrequestcompletionparams.
#[interface("707a2b42-69b8-4971-a49c-4031861e7aff")]
pub unsafe trait IWDFRequestCompletionParams: IUnknown {
    /// The status. Page: nf-wudfddi-iwdfrequestcompletionparams-getcompletionstatus.
    pub unsafe fn GetCompletionStatus(&self) -> HRESULT;
    /// How many bytes were transferred. Page: nf-wudfddi-iwdfrequestcompletionparams-getinformation.
    pub unsafe fn GetInformation(&self) -> usize;
    /// What it was sent for. Page: nf-wudfddi-iwdfrequestcompletionparams-getcompletedrequesttype.
    pub unsafe fn GetCompletedRequestType(&self) -> WDF_REQUEST_TYPE;
}

/// The same, for reads, writes and device I/O control. Page: nn-wudfddi-iwdfiorequestcompletionparams.
#[interface("723d4f3c-7722-4c49-99ae-195937bd9582")]
pub unsafe trait IWDFIoRequestCompletionParams: IWDFRequestCompletionParams {
    /// What was written. Page: nf-wudfddi-iwdfiorequestcompletionparams-getwriteparameters.
    pub unsafe fn GetWriteParameters(
        &self,
        write_memory: *mut Raw<IWDFMemory>,
        bytes_written: *mut usize,
        write_memory_offset: *mut usize,
    );
    /// What was read. Page: nf-wudfddi-iwdfiorequestcompletionparams-getreadparameters.
    pub unsafe fn GetReadParameters(
        &self,
        read_memory: *mut Raw<IWDFMemory>,
        bytes_read: *mut usize,
        read_memory_offset: *mut usize,
    );
    /// What a device I/O control has transferred. Page: nf-wudfddi-iwdfiorequestcompletionparams-getioctlparameters.
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
