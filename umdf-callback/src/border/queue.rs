//! The queue callback object: its places (U4) and trampolines.

use windows_core::IUnknown;

use super::cancel::arrived;
use super::framework::Framework;
use super::object::{Object, Offers, offers};
use super::parameter;
use crate::Result;
use crate::callback::*;
use crate::file::File;
use crate::queue::{Queue, QueueState};
use crate::raw::*;
use crate::request::{Request, Resumed, StopAction, Stopped};
use crate::waiting::Delivery;

/// Queue callback objects.
pub struct QueueKind;

/// What `Q` offers as one.
pub type QueueOffers<Q> = Offers<Q, QueueKind>;

offers! {
    QueueKind, NoQueue {
        0 CLEANUP: ObjectCleanup => IObjectCleanup,
        1 CREATE: QueueCreate => IQueueCallbackCreate,
        2 READ: QueueRead => IQueueCallbackRead,
        3 WRITE: QueueWrite => IQueueCallbackWrite,
        4 DEVICE_IO_CONTROL: QueueDeviceIoControl => IQueueCallbackDeviceIoControl,
        5 DEFAULT_IO: QueueDefaultIoHandler => IQueueCallbackDefaultIoHandler,
        6 STATE_CHANGE: QueueStateChange => IQueueCallbackStateChange,
        7 IO_STOP: QueueIoStop => IQueueCallbackIoStop,
        8 IO_RESUME: QueueIoResume => IQueueCallbackIoResume,
        9 IO_CANCELED: QueueIoCanceled => IQueueCallbackIoCanceledOnQueue,
        10 CANCEL: RequestCancel => IRequestCallbackCancel,
    }
}

/// The places of the interfaces that deliver requests.
pub const DELIVERY: &[usize] = &[1, 2, 3, 4, 5];

/// The place of the interface that only manual queues have.
pub const STATE_CHANGE: &[usize] = &[6];

/// Puts a context behind its interfaces.
pub(crate) fn object<Q: 'static>(callback: Q, offers: &QueueOffers<Q>) -> IUnknown {
    Object::create(callback, offers)
}

/// The interface by which the queue's requests are cancelled.
pub(crate) fn cancel<Q: RequestCancel>(object: &Object<Q, QueueKind>) -> IRequestCallbackCancel {
    object
        .interface()
        .expect("a type with RequestCancel offers its interface")
}

/// A request, of which a reference is kept until the driver has used it up.
fn request(pointer: Raw<IWDFIoRequest>) -> Result<Framework<IWDFIoRequest>> {
    parameter(pointer).map(|request| Framework::to(&*request))
}

impl<Q: 'static> Object<Q, QueueKind> {
    /// Calls a method with the queue and a request; the framework's null pointers, which do not happen, are not shown to it.
    fn tell(
        &self,
        queue: Raw<IWDFIoQueue>,
        pointer: Raw<IWDFIoRequest>,
        method: impl FnOnce(&Queue<'_, Q>, Framework<IWDFIoRequest>),
    ) {
        if let (Ok(queue), Ok(request)) = (parameter(queue), request(pointer)) {
            let _delivery = Delivery::begin();
            method(&Queue::new(Framework::to(&queue), self), request);
        }
    }
}

impl<Q: QueueCreate> IQueueCallbackCreate_Impl for Object<Q, QueueKind> {
    unsafe fn OnCreateFile(
        &self,
        queue: Raw<IWDFIoQueue>,
        request: Raw<IWDFIoRequest>,
        file: Raw<IWDFFile>,
    ) {
        self.tell(queue, request, |queue, request| {
            let request = Request::new(request);
            match parameter(file) {
                Ok(file) => {
                    let file = File(Framework::to(&file));
                    self.value().on_create_file(queue, request, file);
                }
                Err(error) => request.fail(error),
            }
        });
    }
}

impl<Q: QueueRead> IQueueCallbackRead_Impl for Object<Q, QueueKind> {
    unsafe fn OnRead(&self, queue: Raw<IWDFIoQueue>, request: Raw<IWDFIoRequest>, length: usize) {
        self.tell(queue, request, |queue, request| {
            self.value().on_read(queue, Request::new(request), length);
        });
    }
}

impl<Q: QueueWrite> IQueueCallbackWrite_Impl for Object<Q, QueueKind> {
    unsafe fn OnWrite(&self, queue: Raw<IWDFIoQueue>, request: Raw<IWDFIoRequest>, length: usize) {
        self.tell(queue, request, |queue, request| {
            self.value().on_write(queue, Request::new(request), length);
        });
    }
}

impl<Q: QueueDeviceIoControl> IQueueCallbackDeviceIoControl_Impl for Object<Q, QueueKind> {
    unsafe fn OnDeviceIoControl(
        &self,
        queue: Raw<IWDFIoQueue>,
        request: Raw<IWDFIoRequest>,
        code: u32,
        input: usize,
        output: usize,
    ) {
        self.tell(queue, request, |queue, request| {
            let request = Request::new(request);
            self.value()
                .on_device_io_control(queue, request, code, input, output);
        });
    }
}

impl<Q: QueueDefaultIoHandler> IQueueCallbackDefaultIoHandler_Impl for Object<Q, QueueKind> {
    unsafe fn OnDefaultIoHandler(&self, queue: Raw<IWDFIoQueue>, request: Raw<IWDFIoRequest>) {
        self.tell(queue, request, |queue, request| {
            self.value().on_default_io(queue, Request::new(request));
        });
    }
}

impl<Q: QueueStateChange> IQueueCallbackStateChange_Impl for Object<Q, QueueKind> {
    unsafe fn OnStateChange(&self, queue: Raw<IWDFIoQueue>, state: WDF_IO_QUEUE_STATE) {
        if let Ok(queue) = parameter(queue) {
            let queue = Queue::new(Framework::to(&queue), self);
            let _delivery = Delivery::begin();
            self.value()
                .on_state_change(&queue, QueueState::from_raw(state));
        }
    }
}

impl<Q: QueueIoStop> IQueueCallbackIoStop_Impl for Object<Q, QueueKind> {
    unsafe fn OnIoStop(&self, queue: Raw<IWDFIoQueue>, request: Raw<IWDFIoRequest>, flags: u32) {
        self.tell(queue, request, |queue, request| {
            self.value()
                .on_io_stop(queue, Stopped::new(request), StopAction(flags));
        });
    }
}

impl<Q: QueueIoResume> IQueueCallbackIoResume_Impl for Object<Q, QueueKind> {
    unsafe fn OnIoResume(&self, queue: Raw<IWDFIoQueue>, request: Raw<IWDFIoRequest>) {
        self.tell(queue, request, |queue, request| {
            self.value().on_io_resume(queue, Resumed::new(request));
        });
    }
}

impl<Q: QueueIoCanceled> IQueueCallbackIoCanceledOnQueue_Impl for Object<Q, QueueKind> {
    unsafe fn OnIoCanceledOnQueue(&self, queue: Raw<IWDFIoQueue>, request: Raw<IWDFIoRequest>) {
        self.tell(queue, request, |queue, request| {
            self.value().on_io_canceled(queue, Request::new(request));
        });
    }
}

impl<Q: RequestCancel> IRequestCallbackCancel_Impl for Object<Q, QueueKind> {
    unsafe fn OnCancel(&self, pointer: Raw<IWDFIoRequest>) {
        if let Ok(request) = request(pointer) {
            arrived(&request);
            let _delivery = Delivery::begin();
            self.value().on_cancel(Request::new(request));
        }
    }
}
