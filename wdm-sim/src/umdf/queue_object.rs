//! The framework queue object. Header: wudfddi.h, page: nn-wudfddi-iwdfioqueue.

use std::sync::Arc;

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::{BOOL, ComObject, Interface, implement};

use super::codes::{INVALID_OPERATION, S_OK};
use super::core::Core;
use super::file_object::FileObject;
use super::io::{Ending, QueueId};
use super::object::{Base, object, parameter, put, set};
use super::request_object::RequestObject;
use super::verifier::Rule;
use super::world::{Agile, Outcome};

/// A queue that a driver has made.
#[implement(IWDFIoQueue)]
pub(crate) struct QueueObject {
    pub(crate) base: Base,
    pub(crate) core: Arc<Core>,
    pub(crate) id: QueueId,
}

/// Whether a callback object takes requests (U4).
pub(crate) fn delivers(base: &Base) -> bool {
    base.callback::<IQueueCallbackCreate>().is_some()
        || base.callback::<IQueueCallbackRead>().is_some()
        || base.callback::<IQueueCallbackWrite>().is_some()
        || base.callback::<IQueueCallbackDeviceIoControl>().is_some()
        || base.callback::<IQueueCallbackDefaultIoHandler>().is_some()
}

object!(QueueObject_Impl: IWDFIoQueue);

impl QueueObject_Impl {
    fn tell<R: Outcome>(
        &self,
        request: &RequestObject,
        method: &'static str,
        detail: String,
        call: impl FnOnce() -> R,
    ) -> R {
        let detail = format!(", {}{detail}", self.base.name);
        self.core.tell(&request.base.name, method, detail, call)
    }

    /// Hands a request to the driver, by the interface for its kind or the default one.
    pub(crate) fn deliver(&self, request: &ComObject<RequestObject>) {
        let (queue, raw) = (self.own(), request.own());
        let (queue, pointer) = (Raw::of(&queue), Raw::of(&**raw));
        let (input, output) = (request.parts.input.len(), request.parts.output.len());
        let (kind, code) = (request.parts.kind, request.parts.code);
        match kind {
            WdfRequestCreate if let Some(create) = self.base.callback::<IQueueCallbackCreate>() => {
                let file = request.parts.file.as_ref().map(|file| file.own());
                let file = file.as_ref().map_or(Raw::NULL, |file| Raw::of(&***file));
                self.tell(
                    request,
                    "IQueueCallbackCreate::OnCreateFile",
                    String::new(),
                    || {
                        // SAFETY: the interfaces are valid.
                        unsafe { create.get().OnCreateFile(queue, pointer, file) }
                    },
                );
            }
            WdfRequestRead if let Some(read) = self.base.callback::<IQueueCallbackRead>() => {
                let detail = format!(", {output} bytes");
                self.tell(request, "IQueueCallbackRead::OnRead", detail, || {
                    // SAFETY: the interfaces are valid.
                    unsafe { read.get().OnRead(queue, pointer, output) }
                });
            }
            WdfRequestWrite if let Some(write) = self.base.callback::<IQueueCallbackWrite>() => {
                let detail = format!(", {input} bytes");
                self.tell(request, "IQueueCallbackWrite::OnWrite", detail, || {
                    // SAFETY: the interfaces are valid.
                    unsafe { write.get().OnWrite(queue, pointer, input) }
                });
            }
            WdfRequestDeviceIoControl
                if let Some(control) = self.base.callback::<IQueueCallbackDeviceIoControl>() =>
            {
                let detail = format!(", code {code:#x}, {input} bytes in, {output} bytes out");
                let method = "IQueueCallbackDeviceIoControl::OnDeviceIoControl";
                self.tell(request, method, detail, || {
                    // SAFETY: the interfaces are valid.
                    unsafe {
                        control
                            .get()
                            .OnDeviceIoControl(queue, pointer, code, input, output)
                    }
                });
            }
            _ => match self.base.callback::<IQueueCallbackDefaultIoHandler>() {
                Some(default) => {
                    let method = "IQueueCallbackDefaultIoHandler::OnDefaultIoHandler";
                    self.tell(request, method, String::new(), || {
                        // SAFETY: the interfaces are valid.
                        unsafe { default.get().OnDefaultIoHandler(queue, pointer) }
                    });
                }
                // A driver that opens itself to everyone needs no callback for it (page:
                // nf-wudfddi-iwdfdeviceinitialize-autoforwardcreatecleanupclose).
                None => {
                    let status = match kind {
                        WdfRequestCreate => S_OK,
                        _ => super::codes::INVALID_FUNCTION,
                    };
                    self.core.change(|io| io.end(request.id, status, 0));
                }
            },
        }
    }

    /// A request was cancelled in this queue.
    pub(crate) fn canceled(&self, request: &ComObject<RequestObject>) {
        if let Some(callback) = self.base.callback::<IQueueCallbackIoCanceledOnQueue>() {
            let (queue, raw) = (self.own(), request.own());
            let method = "IQueueCallbackIoCanceledOnQueue::OnIoCanceledOnQueue";
            self.tell(request, method, String::new(), || {
                // SAFETY: the interfaces are valid.
                unsafe {
                    callback
                        .get()
                        .OnIoCanceledOnQueue(Raw::of(&queue), Raw::of(&**raw))
                }
            });
        }
    }

    /// The driver is to stop with a request.
    pub(crate) fn stop(&self, request: &ComObject<RequestObject>, flags: u32) {
        if let Some(callback) = self.base.callback::<IQueueCallbackIoStop>() {
            let (queue, raw) = (self.own(), request.own());
            let detail = format!(", flags {flags:#x}");
            self.tell(request, "IQueueCallbackIoStop::OnIoStop", detail, || {
                // SAFETY: the interfaces are valid.
                unsafe {
                    callback
                        .get()
                        .OnIoStop(Raw::of(&queue), Raw::of(&**raw), flags)
                }
            });
        }
    }

    /// The driver may go on with one.
    pub(crate) fn resume(&self, request: &ComObject<RequestObject>) {
        if let Some(callback) = self.base.callback::<IQueueCallbackIoResume>() {
            let (queue, raw) = (self.own(), request.own());
            self.tell(
                request,
                "IQueueCallbackIoResume::OnIoResume",
                String::new(),
                || {
                    // SAFETY: the interfaces are valid.
                    unsafe { callback.get().OnIoResume(Raw::of(&queue), Raw::of(&**raw)) }
                },
            );
        }
    }

    /// The queue's state has changed: tells this callback, or the queue's own.
    pub(crate) fn change_state(&self, callback: Option<Agile<IQueueCallbackStateChange>>) {
        let own = || self.base.callback::<IQueueCallbackStateChange>();
        let Some(callback) = callback.or_else(own) else {
            return;
        };
        let queue = self.own();
        let bits = self.core.look(|io| io.bits(self.id));
        let method = "IQueueCallbackStateChange::OnStateChange";
        self.core.tell(
            &self.base.name,
            method,
            format!(", state {bits:#x}"),
            || {
                // SAFETY: the interfaces are valid.
                unsafe { callback.get().OnStateChange(Raw::of(&queue), bits) }
            },
        );
    }

    fn retrieve(
        &self,
        method: &'static str,
        file: Option<u64>,
        place: *mut Raw<IWDFIoRequest>,
    ) -> HRESULT {
        // SAFETY: the driver's place.
        unsafe { put(place, None) };
        self.base.answer(method, || {
            let id = self.core.change(|io| io.retrieve(self.id, file))?;
            let request = self.core.objects.request(id);
            let request = request.map(|request| IWDFIoRequest::clone(&request.own()));
            // SAFETY: the driver's place.
            unsafe { put(place, request) };
            Ok(())
        })
    }

    fn end(
        &self,
        method: &'static str,
        ending: Ending,
        callback: Option<Raw<IQueueCallbackStateChange>>,
    ) {
        let wait = callback.is_none();
        let callback = callback.and_then(parameter).map(Agile);
        self.base.tell(method, || {
            if !self.core.change(|io| io.stop(self.id, ending, callback)) {
                let detail = "another Stop, Drain or Purge of the queue has not ended";
                self.base.finding(Rule::QueueState, method, detail);
            }
        });
        let ended = || self.core.look(|io| io.has_ended(self.id));
        if !wait || ended() {
            return;
        }
        if self.core.turns.is_mine() {
            let detail = "called in a callback of the device, whose requests it waits for; it returns at once";
            self.base.finding(Rule::QueueWait, method, detail);
        } else if !self.core.wait(|io| io.has_ended(self.id)) {
            let detail = "the driver has not completed the queue's requests in time";
            self.base.finding(Rule::Stop, method, detail);
        }
    }
}

impl IWDFIoQueue_Impl for QueueObject_Impl {
    unsafe fn GetDevice(&self, device: *mut Raw<IWDFDevice>) {
        let own = self.core.objects.device();
        let own = own.map(|device| IWDFDevice::clone(&device.own()));
        // SAFETY: the driver's place.
        self.base
            .tell("IWDFIoQueue::GetDevice", || unsafe { put(device, own) });
    }

    unsafe fn ConfigureRequestDispatching(&self, kind: WDF_REQUEST_TYPE, forward: BOOL) -> HRESULT {
        self.base
            .answer("IWDFIoQueue::ConfigureRequestDispatching", || {
                configure(&self.core, self.id, kind, forward.as_bool())
            })
    }

    unsafe fn GetState(&self, queued: *mut u32, owned: *mut u32) -> WDF_IO_QUEUE_STATE {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (bits, waiting, with_driver) = self
            .core
            .look(|io| (io.bits(self.id), io.waiting(self.id), io.owned(self.id)));
        // SAFETY: the driver's place.
        unsafe { set(queued, count(waiting)) };
        // SAFETY: the driver's place.
        unsafe { set(owned, count(with_driver)) };
        self.base.tell("IWDFIoQueue::GetState", || bits)
    }

    unsafe fn RetrieveNextRequest(&self, request: *mut Raw<IWDFIoRequest>) -> HRESULT {
        self.retrieve("IWDFIoQueue::RetrieveNextRequest", None, request)
    }

    unsafe fn RetrieveNextRequestByFileObject(
        &self,
        file: Raw<IWDFFile>,
        request: *mut Raw<IWDFIoRequest>,
    ) -> HRESULT {
        const METHOD: &str = "IWDFIoQueue::RetrieveNextRequestByFileObject";
        let file = parameter(file).and_then(|file| file.cast_object::<FileObject>().ok());
        let Some(file) = file else {
            self.base.finding(
                Rule::Argument,
                METHOD,
                "the file is not an object of the framework",
            );
            return super::codes::E_POINTER;
        };
        self.retrieve(METHOD, Some(file.id), request)
    }

    unsafe fn Start(&self) {
        self.base.tell("IWDFIoQueue::Start", || {
            self.core.change(|io| io.start(self.id))
        });
    }

    unsafe fn Stop(&self, callback: Raw<IQueueCallbackStateChange>) {
        self.end("IWDFIoQueue::Stop", Ending::Stop, Some(callback));
    }

    unsafe fn StopSynchronously(&self) {
        self.end("IWDFIoQueue::StopSynchronously", Ending::Stop, None);
    }

    unsafe fn Drain(&self, callback: Raw<IQueueCallbackStateChange>) {
        self.end("IWDFIoQueue::Drain", Ending::Drain, Some(callback));
    }

    unsafe fn DrainSynchronously(&self) {
        self.end("IWDFIoQueue::DrainSynchronously", Ending::Drain, None);
    }

    unsafe fn Purge(&self, callback: Raw<IQueueCallbackStateChange>) {
        self.end("IWDFIoQueue::Purge", Ending::Purge, Some(callback));
    }

    unsafe fn PurgeSynchronously(&self) {
        self.end("IWDFIoQueue::PurgeSynchronously", Ending::Purge, None);
    }
}

/// Gives all requests of a kind to a queue, or no longer.
pub(crate) fn configure(
    core: &Arc<Core>,
    queue: QueueId,
    kind: WDF_REQUEST_TYPE,
    forward: bool,
) -> Result<(), HRESULT> {
    const KINDS: [WDF_REQUEST_TYPE; 4] = [
        WdfRequestCreate,
        WdfRequestRead,
        WdfRequestWrite,
        WdfRequestDeviceIoControl,
    ];
    if !KINDS.contains(&kind) {
        return Err(INVALID_OPERATION);
    }
    core.change(|io| match forward {
        true => {
            io.dispatched.insert(kind, queue);
        }
        false => io
            .dispatched
            .retain(|&of, &mut to| of != kind || to != queue),
    });
    Ok(())
}
