//! Interfaces of queue callback objects and of their requests.

use core::ffi::c_void;

use windows_core::{IUnknown, IUnknown_Vtbl, interface};

use super::Raw;
use super::object::IWDFFile;
use super::request::{IWDFIoQueue, IWDFIoRequest, IWDFRequestCompletionParams};
use super::target::IWDFIoTarget;
use super::types::WDF_IO_QUEUE_STATE;

/// A queue delivers a request to open the device. Page: nn-wudfddi-iqueuecallbackcreate.
#[interface("7d8899f0-8da9-435f-983c-7e17d4356997")]
pub unsafe trait IQueueCallbackCreate: IUnknown {
    /// A program opens the device. Page: nf-wudfddi-iqueuecallbackcreate-oncreatefile.
    pub unsafe fn OnCreateFile(
        &self,
        wdf_queue: Raw<IWDFIoQueue>,
        wdf_request: Raw<IWDFIoRequest>,
        wdf_file_object: Raw<IWDFFile>,
    );
}

/// A queue delivers a read. Page: nn-wudfddi-iqueuecallbackread.
#[interface("c3072620-1da6-48fb-b4fe-ed652b16aeb2")]
pub unsafe trait IQueueCallbackRead: IUnknown {
    /// A read. Page: nf-wudfddi-iqueuecallbackread-onread.
    pub unsafe fn OnRead(
        &self,
        wdf_queue: Raw<IWDFIoQueue>,
        wdf_request: Raw<IWDFIoRequest>,
        num_of_bytes_to_read: usize,
    );
}

/// A queue delivers a write. Page: nn-wudfddi-iqueuecallbackwrite.
#[interface("4888cbc5-3fa2-4ea3-89a3-c20ed6e04778")]
pub unsafe trait IQueueCallbackWrite: IUnknown {
    /// A write. Page: nf-wudfddi-iqueuecallbackwrite-onwrite.
    pub unsafe fn OnWrite(
        &self,
        wdf_queue: Raw<IWDFIoQueue>,
        wdf_request: Raw<IWDFIoRequest>,
        num_of_bytes_to_write: usize,
    );
}

/// A queue delivers a device I/O control request. Page: nn-wudfddi-iqueuecallbackdeviceiocontrol.
#[interface("c5411408-0f1e-4ed6-a412-36dd15eee707")]
pub unsafe trait IQueueCallbackDeviceIoControl: IUnknown {
    /// A device I/O control request. Page: nf-wudfddi-iqueuecallbackdeviceiocontrol-ondeviceiocontrol.
    pub unsafe fn OnDeviceIoControl(
        &self,
        wdf_queue: Raw<IWDFIoQueue>,
        wdf_request: Raw<IWDFIoRequest>,
        control_code: u32,
        input_buffer_size_in_bytes: usize,
        output_buffer_size_in_bytes: usize,
    );
}

/// A queue delivers a request that no other interface takes. Page: nn-wudfddi-iqueuecallbackdefaultiohandler.
#[interface("15fb6d38-fdd8-4005-8e55-eb0b98313499")]
pub unsafe trait IQueueCallbackDefaultIoHandler: IUnknown {
    /// What has no interface of its own. Page: nf-wudfddi-iqueuecallbackdefaultiohandler-ondefaultiohandler.
    pub unsafe fn OnDefaultIoHandler(
        &self,
        wdf_queue: Raw<IWDFIoQueue>,
        wdf_request: Raw<IWDFIoRequest>,
    );
}

/// The state of a queue has changed. Page: nn-wudfddi-iqueuecallbackstatechange.
#[interface("e7ece381-7cb1-468a-bc43-abd5948ffc75")]
pub unsafe trait IQueueCallbackStateChange: IUnknown {
    /// The queue's state has changed. Page: nf-wudfddi-iqueuecallbackstatechange-onstatechange.
    pub unsafe fn OnStateChange(
        &self,
        wdf_queue: Raw<IWDFIoQueue>,
        queue_state: WDF_IO_QUEUE_STATE,
    );
}

/// A request's processing should stop. Page: nn-wudfddi-iqueuecallbackiostop.
#[interface("3de3b961-88fb-435a-9c14-0868fb4fc623")]
pub unsafe trait IQueueCallbackIoStop: IUnknown {
    /// The driver is to stop with a request. Page: nf-wudfddi-iqueuecallbackiostop-oniostop.
    pub unsafe fn OnIoStop(
        &self,
        wdf_queue: Raw<IWDFIoQueue>,
        wdf_request: Raw<IWDFIoRequest>,
        action_flags: u32,
    );
}

/// A request's processing may go on. Page: nn-wudfddi-iqueuecallbackioresume.
#[interface("bee9fd3c-3dda-4d9d-a8fc-02c38d79f663")]
pub unsafe trait IQueueCallbackIoResume: IUnknown {
    /// It may go on with one. Page: nf-wudfddi-iqueuecallbackioresume-onioresume.
    pub unsafe fn OnIoResume(&self, wdf_queue: Raw<IWDFIoQueue>, wdf_request: Raw<IWDFIoRequest>);
}

/// UMDF 1.9: a request was cancelled in its queue. Page: nn-wudfddi-iqueuecallbackiocanceledonqueue.
#[interface("746383c4-00a7-4200-8073-c02d076976be")]
pub unsafe trait IQueueCallbackIoCanceledOnQueue: IUnknown {
    /// A request was cancelled in the queue. Page: nf-wudfddi-iqueuecallbackiocanceledonqueue-oniocanceledonqueue.
    pub unsafe fn OnIoCanceledOnQueue(
        &self,
        wdf_queue: Raw<IWDFIoQueue>,
        wdf_request: Raw<IWDFIoRequest>,
    );
}

/// A cancelable request was cancelled. Page: nn-wudfddi-irequestcallbackcancel.
#[interface("4e9f1a77-4587-4235-81c4-e6d24545a656")]
pub unsafe trait IRequestCallbackCancel: IUnknown {
    /// A cancelable request is cancelled. Page: nf-wudfddi-irequestcallbackcancel-oncancel.
    pub unsafe fn OnCancel(&self, wdf_request: Raw<IWDFIoRequest>);
}

/// A request that was sent has ended. Page: nn-wudfddi-irequestcallbackrequestcompletion.
#[interface("8a7cc8cb-ceb2-46f6-9851-77bd347a15c2")]
pub unsafe trait IRequestCallbackRequestCompletion: IUnknown {
    /// A request that was sent has ended. Page: nf-wudfddi-irequestcallbackrequestcompletion-oncompletion.
    pub unsafe fn OnCompletion(
        &self,
        wdf_request: Raw<IWDFIoRequest>,
        io_target: Raw<IWDFIoTarget>,
        params: Raw<IWDFRequestCompletionParams>,
        context: *mut c_void,
    );
}
