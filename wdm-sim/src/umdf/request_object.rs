//! The framework request object (U5). Header: wudfddi.h, page: nn-wudfddi-iwdfiorequest.

use core::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use umdf_callback::raw::*;
use umdf_callback::{GUID, HRESULT};
use windows_core::{BOOL, ComObject, IUnknown, Interface, implement};

use super::client::Slot;
use super::codes::{
    BAD_IMPERSONATION_LEVEL, Code, E_POINTER, INSUFFICIENT_BUFFER, INVALID_OPERATION, NOT_FOUND,
    S_OK,
};
use super::core::Core;
use super::file_object::FileObject;
use super::impersonation;
use super::io::{RequestId, Wrong};
use super::memory_object::{Buffer, MemoryObject};
use super::object::{Base, absent, object, parameter, put, set};
use super::queue_object::QueueObject;
use super::sending::Way;
use super::target_object::target_of;
use super::trace::What;
use super::verifier::Rule;
use super::world::{Agile, lock};

/// What a request is made of.
pub(crate) struct Parts {
    pub(crate) kind: WDF_REQUEST_TYPE,
    pub(crate) code: u32,
    pub(crate) offset: i64,
    pub(crate) input: Arc<Buffer>,
    pub(crate) output: Arc<Buffer>,
    pub(crate) file: Option<ComObject<FileObject>>,
    pub(crate) process: u32,
}

/// A request that was sent to a device.
#[implement(IWDFIoRequest3)]
pub(crate) struct RequestObject {
    pub(crate) base: Base,
    pub(crate) core: Arc<Core>,
    pub(crate) id: RequestId,
    pub(crate) parts: Parts,
    /// What `SetInformation` was told.
    pub(crate) information: AtomicUsize,
    /// Where its sender finds how it ended.
    pub(crate) slot: Arc<Slot>,
    /// The driver has made it: it has no queue, and is deleted, not completed.
    pub(crate) is_created: bool,
    /// Its way to an I/O target and back.
    pub(crate) way: Arc<Way>,
    pub(crate) marks: Mutex<Marks>,
}

/// What a driver writes on a request.
#[derive(Default)]
pub(crate) struct Marks {
    activity: Option<GUID>,
    is_driver_initiated: bool,
}

impl RequestObject {
    /// A request that the driver makes. Page: nf-wudfddi-iwdfdevice-createrequest.
    pub(crate) fn created(core: &Arc<Core>, callback: Option<&IUnknown>) -> ComObject<Self> {
        let id = core.world.number();
        let way = Arc::<Way>::default();
        let end = {
            let (core, way) = (core.clone(), way.clone());
            move || {
                let request = lock(&core.objects.created).remove(&id);
                if let Some(request) = request.filter(|_| way.state().is_sent()) {
                    let detail = "it was sent, and has not ended";
                    request
                        .base
                        .finding(Rule::Created, "IWDFObject::DeleteWdfObject", detail);
                }
                let target = way.state().target.take();
                if let Some(target) = target {
                    target.drop_request(id);
                }
                let before = way.state().reuse(S_OK);
                drop(before);
            }
        };
        let base = Base::named(&core.world, id, format!("request {id}"))
            .with_callback(callback)
            .of_driver()
            .at_end(end);
        let request = ComObject::new(RequestObject {
            base,
            core: core.clone(),
            id,
            parts: Parts {
                kind: WdfRequestTypeNoFormat,
                code: 0,
                offset: 0,
                input: Buffer::new(&[]),
                output: Buffer::new(&[]),
                file: None,
                process: std::process::id(),
            },
            information: AtomicUsize::new(0),
            slot: Arc::default(),
            is_created: true,
            way,
            marks: Mutex::new(Marks {
                activity: None,
                // Page: nf-wudfddi-iwdfiorequest3-setusermodedriverinitiatedio.
                is_driver_initiated: true,
            }),
        });
        lock(&core.objects.created).insert(id, request.clone());
        request
    }

    /// How many bytes it can transfer.
    fn room(&self) -> Option<usize> {
        match self.parts.kind {
            WdfRequestRead | WdfRequestDeviceIoControl => Some(self.parts.output.len()),
            WdfRequestWrite => Some(self.parts.input.len()),
            _ => None,
        }
    }

    fn complete(&self, method: &'static str, status: HRESULT, information: usize) {
        self.base.tell_always(method, || {
            if self.is_created {
                let detail = "the driver has made it; delete it when it has ended";
                return self.base.finding(Rule::Created, method, detail);
            }
            if let Some(room) = self.room().filter(|&room| information > room) {
                let detail = format!("{information} bytes, and there is room for {room}");
                self.base.finding(Rule::RequestInformation, method, detail);
            }
            let completed = self
                .core
                .change(|io| io.complete(self.id, status, information));
            if let Err(wrong) = completed {
                self.wrong(method, wrong);
            }
        });
    }

    /// Whether the driver has it, and may give it away.
    pub(crate) fn may_give(&self, method: &'static str) -> Result<(), HRESULT> {
        let may = match self.is_created {
            true if self.way.state().is_sent() => Err(Wrong::Sent),
            true => Ok(()),
            false => self.core.look(|io| io.may_give(self.id)),
        };
        may.map_err(|wrong| {
            self.wrong(method, wrong);
            INVALID_OPERATION
        })
    }

    fn wrong(&self, method: &'static str, wrong: Wrong) {
        let rule = match wrong {
            Wrong::Cancelable => Rule::RequestCancelable,
            _ => Rule::RequestTwice,
        };
        self.base.finding(rule, method, wrong.text());
    }

    /// A method that gives the request away.
    fn give(&self, method: &'static str, give: impl FnOnce() -> Result<(), HRESULT>) -> HRESULT {
        self.base.answer_always(method, || {
            if self.is_created {
                let detail = "the driver has made it; it goes into no queue";
                self.base.finding(Rule::Created, method, detail);
                return Err(INVALID_OPERATION);
            }
            self.may_give(method)?;
            give()
        })
    }

    fn memory(&self, buffer: &Arc<Buffer>) -> Option<IWDFMemory> {
        let memory = || MemoryObject::of_request(&self.core, self.id, buffer).to_interface();
        (buffer.len() > 0).then(memory)
    }

    /// # Safety
    /// `place` is null or the driver's place.
    unsafe fn retrieve(
        &self,
        method: &'static str,
        buffer: &Arc<Buffer>,
        place: *mut Raw<IWDFMemory>,
    ) -> HRESULT {
        // SAFETY: by this function's contract.
        unsafe { put(place, None) };
        self.base.answer(method, || {
            let memory = self.memory(buffer).ok_or(INSUFFICIENT_BUFFER)?;
            // SAFETY: by this function's contract.
            unsafe { put(place, Some(memory)) };
            Ok(())
        })
    }

    /// # Safety
    /// `place` and `length` are null or the driver's places.
    unsafe fn retrieve_buffer(
        &self,
        method: &'static str,
        buffer: &Arc<Buffer>,
        minimum: usize,
        place: *mut *mut c_void,
        length: *mut usize,
    ) -> HRESULT {
        self.base.answer(method, || {
            if buffer.len() == 0 || buffer.len() < minimum {
                return Err(INSUFFICIENT_BUFFER);
            }
            // SAFETY: by this function's contract.
            unsafe { set(place, buffer.start().cast()) };
            // SAFETY: by this function's contract.
            unsafe { set(length, buffer.len()) };
            Ok(())
        })
    }
}

object!(RequestObject_Impl: IWDFIoRequest3);

impl RequestObject_Impl {
    /// The request has ended: its contexts go, and its sender is told.
    pub(crate) fn end(&self, status: HRESULT, information: usize) {
        let information = match information {
            0 => self.information.load(Ordering::Relaxed),
            given => given,
        };
        let information = self
            .room()
            .map_or(information, |room| information.min(room));
        self.base.world.note(What::Completed {
            request: self.base.name.clone(),
            status: Code(status),
            information,
        });
        self.check_borrowers();
        self.delete();
        self.slot.fill(status, information);
    }
}

impl IWDFIoRequest_Impl for RequestObject_Impl {
    unsafe fn CompleteWithInformation(&self, status: HRESULT, information: usize) {
        self.complete(
            "IWDFIoRequest::CompleteWithInformation",
            status,
            information,
        );
    }

    unsafe fn SetInformation(&self, information: usize) {
        self.base.tell("IWDFIoRequest::SetInformation", || {
            self.information.store(information, Ordering::Relaxed);
        });
    }

    unsafe fn Complete(&self, status: HRESULT) {
        let information = self.information.load(Ordering::Relaxed);
        self.complete("IWDFIoRequest::Complete", status, information);
    }

    unsafe fn GetType(&self) -> WDF_REQUEST_TYPE {
        self.base.tell("IWDFIoRequest::GetType", || self.parts.kind)
    }

    unsafe fn GetCreateParameters(&self, options: *mut u32, attributes: *mut u16, share: *mut u16) {
        self.base.tell("IWDFIoRequest::GetCreateParameters", || {
            // SAFETY: the driver's place.
            unsafe { set(options, 0) };
            // SAFETY: the driver's place; FILE_ATTRIBUTE_NORMAL.
            unsafe { set(attributes, 0x80) };
            // SAFETY: the driver's place; reads, writes, deletion.
            unsafe { set(share, 7) };
        });
    }

    unsafe fn GetReadParameters(&self, size: *mut usize, offset: *mut i64, key: *mut u32) {
        self.base.tell("IWDFIoRequest::GetReadParameters", || {
            // SAFETY: the driver's place.
            unsafe { set(size, self.parts.output.len()) };
            // SAFETY: the driver's place.
            unsafe { set(offset, self.parts.offset) };
            // SAFETY: the driver's place.
            unsafe { set(key, 0) };
        });
    }

    unsafe fn GetWriteParameters(&self, size: *mut usize, offset: *mut i64, key: *mut u32) {
        self.base.tell("IWDFIoRequest::GetWriteParameters", || {
            // SAFETY: the driver's place.
            unsafe { set(size, self.parts.input.len()) };
            // SAFETY: the driver's place.
            unsafe { set(offset, self.parts.offset) };
            // SAFETY: the driver's place.
            unsafe { set(key, 0) };
        });
    }

    unsafe fn GetDeviceIoControlParameters(
        &self,
        code: *mut u32,
        input: *mut usize,
        output: *mut usize,
    ) {
        self.base
            .tell("IWDFIoRequest::GetDeviceIoControlParameters", || {
                // SAFETY: the driver's place.
                unsafe { set(code, self.parts.code) };
                // SAFETY: the driver's place.
                unsafe { set(input, self.parts.input.len()) };
                // SAFETY: the driver's place.
                unsafe { set(output, self.parts.output.len()) };
            });
    }

    unsafe fn GetOutputMemory(&self, memory: *mut Raw<IWDFMemory>) {
        let own = || self.memory(&self.parts.output);
        // SAFETY: the driver's place.
        unsafe {
            self.base
                .give("IWDFIoRequest::GetOutputMemory", memory, own)
        };
    }

    unsafe fn GetInputMemory(&self, memory: *mut Raw<IWDFMemory>) {
        let own = || self.memory(&self.parts.input);
        // SAFETY: the driver's place.
        unsafe { self.base.give("IWDFIoRequest::GetInputMemory", memory, own) };
    }

    unsafe fn MarkCancelable(&self, callback: Raw<IRequestCallbackCancel>) {
        const METHOD: &str = "IWDFIoRequest::MarkCancelable";
        self.base.tell_always(METHOD, || {
            let Some(callback) = parameter(callback) else {
                self.base.finding(
                    Rule::Argument,
                    METHOD,
                    "the callback is null; nothing changes",
                );
                return;
            };
            match self.core.look(|io| io.may_give(self.id)) {
                Ok(()) => {}
                Err(Wrong::Cancelable) => {
                    let detail = "it is marked cancelable already; nothing changes";
                    return self.base.finding(Rule::RequestCancelable, METHOD, detail);
                }
                Err(wrong) => return self.wrong(METHOD, wrong),
            }
            if !self.core.change(|io| io.mark(self.id, Agile(callback))) {
                let detail = "other requests of its queue have another cancel callback";
                self.base.finding(Rule::CancelCallback, METHOD, detail);
            }
        });
    }

    unsafe fn UnmarkCancelable(&self) -> HRESULT {
        const METHOD: &str = "IWDFIoRequest::UnmarkCancelable";
        let at = self.base.world.called(&self.base.name, METHOD, false);
        if self.base.is_deleted() {
            let detail = "OnCancel has completed it already; do not unmark it then";
            self.base.finding(Rule::RequestCancelable, METHOD, detail);
        }
        let result = self.core.change(|io| io.unmark(self.id));
        self.base.world.answered(at, &result);
        result
    }

    unsafe fn ForwardToIoQueue(&self, queue: Raw<IWDFIoQueue>) -> HRESULT {
        const METHOD: &str = "IWDFIoRequest::ForwardToIoQueue";
        self.give(METHOD, || {
            let queue = parameter(queue).and_then(|queue| queue.cast_object::<QueueObject>().ok());
            let Some(queue) = queue.filter(|queue| Arc::ptr_eq(&queue.core, &self.core)) else {
                let detail = "the queue is not one of the request's device";
                self.base.finding(Rule::Argument, METHOD, detail);
                return Err(INVALID_OPERATION);
            };
            self.core.change(|io| io.forward(self.id, queue.id))
        })
    }

    unsafe fn GetFileObject(&self, file: *mut Raw<IWDFFile>) {
        let own = self
            .parts
            .file
            .as_ref()
            .map(|file| IWDFFile::clone(&file.own()));
        // SAFETY: the driver's place.
        self.base
            .tell("IWDFIoRequest::GetFileObject", || unsafe { put(file, own) });
    }

    unsafe fn GetRequestorProcessId(&self) -> u32 {
        self.base.tell("IWDFIoRequest::GetRequestorProcessId", || {
            self.parts.process
        })
    }

    unsafe fn GetIoQueue(&self, queue: *mut Raw<IWDFIoQueue>) {
        let id = self
            .core
            .look(|io| io.requests.get(&self.id).map(|request| request.queue));
        let own = id
            .and_then(|id| self.core.objects.queue(id))
            .map(|queue| queue.own());
        // SAFETY: the driver's place.
        self.base
            .tell("IWDFIoRequest::GetIoQueue", || unsafe { put(queue, own) });
    }

    unsafe fn IsFrom32BitProcess(&self) -> BOOL {
        self.base
            .tell("IWDFIoRequest::IsFrom32BitProcess", || false.into())
    }

    unsafe fn SetCompletionCallback(
        &self,
        callback: Raw<IRequestCallbackRequestCompletion>,
        context: *mut c_void,
    ) {
        const METHOD: &str = "IWDFIoRequest::SetCompletionCallback";
        self.base.tell(METHOD, || {
            if self.may_give(METHOD).is_ok() {
                let mut state = self.way.state();
                let before = std::mem::replace(&mut state.callback, parameter(callback).map(Agile));
                state.context = context.expose_provenance();
                // The driver's object may go, which is not for the lock.
                drop(state);
                drop(before);
            }
        });
    }

    unsafe fn FormatUsingCurrentType(&self) {
        const METHOD: &str = "IWDFIoRequest::FormatUsingCurrentType";
        self.base.tell(METHOD, || self.format_as_it_came(METHOD));
    }

    unsafe fn Send(&self, target: Raw<IWDFIoTarget>, flags: u32, timeout: i64) -> HRESULT {
        const METHOD: &str = "IWDFIoRequest::Send";
        let sent = self.base.answer(METHOD, || {
            let target = parameter(target).and_then(|target| target_of(&target));
            let Some(target) = target.filter(|target| Arc::ptr_eq(&target.core, &self.core)) else {
                let detail = "the target is not one of the request's device";
                self.base.finding(Rule::Argument, METHOD, detail);
                return Err(INVALID_OPERATION);
            };
            self.send(&target, flags, timeout)
        });
        if sent.is_err() {
            self.way.state().status = sent;
        }
        sent
    }

    unsafe fn CancelSentRequest(&self) -> BOOL {
        // It may have ended meanwhile, and be deleted (page: wdf/synchronizing-cancellation-of-sent-requests).
        let world = &self.base.world;
        let at = world.called(&self.base.name, "IWDFIoRequest::CancelSentRequest", false);
        let canceled = self.cancel_below();
        world.answered(at, &canceled);
        canceled.into()
    }

    unsafe fn GetCompletionParams(&self, params: *mut Raw<IWDFRequestCompletionParams>) {
        const METHOD: &str = "IWDFIoRequest::GetCompletionParams";
        let own = || {
            let own = self.completion();
            if own.is_none() {
                let detail = "it was not sent, or has not ended";
                self.base.finding(Rule::RequestTwice, METHOD, detail);
            }
            own.map(|own| IWDFRequestCompletionParams::clone(&own))
        };
        // SAFETY: the driver's place.
        self.base.tell(METHOD, || unsafe { put(params, own()) });
    }

    unsafe fn Impersonate(
        &self,
        level: SECURITY_IMPERSONATION_LEVEL,
        callback: Raw<IImpersonateCallback>,
        context: *mut c_void,
    ) -> HRESULT {
        const METHOD: &str = "IWDFIoRequest::Impersonate";
        let callback = parameter(callback);
        self.base.answer(METHOD, || {
            let Some(callback) = callback else {
                self.base
                    .finding(Rule::Argument, METHOD, "the callback is null");
                return Err(E_POINTER);
            };
            // Page: wdf/handling-client-impersonation-in-umdf-1-x-drivers.
            if self.is_created
                || self
                    .base
                    .world
                    .impersonation
                    .is_none_or(|most| level > most)
            {
                return Err(BAD_IMPERSONATION_LEVEL);
            }
            let detail = format!(", level {level}");
            let method = "IImpersonateCallback::OnImpersonate";
            self.base
                .world
                .callback(&self.base.name, method, detail, || {
                    impersonation::during(|| {
                        // SAFETY: the interface is valid.
                        unsafe { callback.OnImpersonate(context) }
                    });
                });
            Ok(())
        })
    }
}

impl IWDFIoRequest2_Impl for RequestObject_Impl {
    unsafe fn GetRequestorMode(&self) -> WDF_KPROCESSOR_MODE {
        self.base.tell("IWDFIoRequest2::GetRequestorMode", || {
            match self.parts.file {
                Some(_) => WdfUserMode,
                None => WdfKernelMode,
            }
        })
    }

    unsafe fn IsFromUserModeDriver(&self) -> BOOL {
        self.base
            .tell("IWDFIoRequest2::IsFromUserModeDriver", || false.into())
    }

    unsafe fn RetrieveInputBuffer(
        &self,
        minimum: usize,
        buffer: *mut *mut c_void,
        length: *mut usize,
    ) -> HRESULT {
        const METHOD: &str = "IWDFIoRequest2::RetrieveInputBuffer";
        // SAFETY: the driver's places.
        unsafe { self.retrieve_buffer(METHOD, &self.parts.input, minimum, buffer, length) }
    }

    unsafe fn RetrieveOutputBuffer(
        &self,
        minimum: usize,
        buffer: *mut *mut c_void,
        length: *mut usize,
    ) -> HRESULT {
        const METHOD: &str = "IWDFIoRequest2::RetrieveOutputBuffer";
        // SAFETY: the driver's places.
        unsafe { self.retrieve_buffer(METHOD, &self.parts.output, minimum, buffer, length) }
    }

    unsafe fn RetrieveInputMemory(&self, memory: *mut Raw<IWDFMemory>) -> HRESULT {
        const METHOD: &str = "IWDFIoRequest2::RetrieveInputMemory";
        // SAFETY: the driver's place.
        unsafe { self.retrieve(METHOD, &self.parts.input, memory) }
    }

    unsafe fn RetrieveOutputMemory(&self, memory: *mut Raw<IWDFMemory>) -> HRESULT {
        const METHOD: &str = "IWDFIoRequest2::RetrieveOutputMemory";
        // SAFETY: the driver's place.
        unsafe { self.retrieve(METHOD, &self.parts.output, memory) }
    }

    unsafe fn GetEffectiveIoType(&self) -> WDF_DEVICE_IO_TYPE {
        self.base
            .tell("IWDFIoRequest2::GetEffectiveIoType", || WdfDeviceIoBuffered)
    }

    unsafe fn GetCreateParametersEx(
        &self,
        options: *mut u32,
        attributes: *mut u16,
        share: *mut u16,
        access: *mut u32,
    ) {
        // SAFETY: the driver's places.
        unsafe { self.GetCreateParameters(options, attributes, share) };
        // SAFETY: the driver's place; FILE_GENERIC_READ | FILE_GENERIC_WRITE.
        unsafe { set(access, 0x0012_019F) };
    }

    unsafe fn IsCanceled(&self) -> BOOL {
        self.base.tell("IWDFIoRequest2::IsCanceled", || {
            let requested = |io: &super::io::Io| {
                io.requests
                    .get(&self.id)
                    .is_some_and(|request| request.cancel_requested)
            };
            BOOL::from(self.core.look(requested))
        })
    }

    unsafe fn StopAcknowledge(&self, requeue: BOOL) {
        const METHOD: &str = "IWDFIoRequest2::StopAcknowledge";
        self.base.tell_always(METHOD, || {
            let requeue = requeue.as_bool();
            match self.core.look(|io| io.may_give(self.id)) {
                // What is marked or sent may be kept, and is the driver's again before it is given back.
                Err(Wrong::Cancelable | Wrong::Sent) if !requeue => {}
                Err(wrong) => return self.wrong(METHOD, wrong),
                Ok(()) => {}
            }
            if !self.core.change(|io| io.acknowledge(self.id, requeue)) {
                let detail = "the framework has not asked for the request to stop";
                self.base.finding(Rule::Stop, METHOD, detail);
            }
        });
    }

    unsafe fn Requeue(&self) -> HRESULT {
        const METHOD: &str = "IWDFIoRequest2::Requeue";
        self.give(METHOD, || self.core.change(|io| io.requeue(self.id)))
    }

    unsafe fn Reuse(&self, status: HRESULT) {
        const METHOD: &str = "IWDFIoRequest2::Reuse";
        self.base.tell(METHOD, || {
            let mut state = self.way.state();
            if state.is_sent() {
                drop(state);
                let detail = "it was sent, and has not ended; nothing changes";
                return self.base.finding(Rule::Reuse, METHOD, detail);
            }
            let before = state.reuse(status);
            drop(state);
            drop(before);
        });
    }

    unsafe fn GetStatus(&self) -> HRESULT {
        self.base
            .tell("IWDFIoRequest2::GetStatus", || self.way.state().status)
    }

    absent! { "IWDFIoRequest2":
        GetQueryInformationParameters(*mut WDF_FILE_INFORMATION_CLASS, *mut usize);
        GetSetInformationParameters(*mut WDF_FILE_INFORMATION_CLASS, *mut usize);
    }
}

impl IWDFIoRequest3_Impl for RequestObject_Impl {
    unsafe fn SetUserModeDriverInitiatedIo(&self, initiated: BOOL) {
        self.base
            .tell("IWDFIoRequest3::SetUserModeDriverInitiatedIo", || {
                lock(&self.marks).is_driver_initiated = initiated.as_bool();
            });
    }

    unsafe fn GetUserModeDriverInitiatedIo(&self) -> BOOL {
        self.base
            .tell("IWDFIoRequest3::GetUserModeDriverInitiatedIo", || {
                lock(&self.marks).is_driver_initiated.into()
            })
    }

    unsafe fn RetrieveActivityId(&self, id: *mut GUID) -> HRESULT {
        self.base.answer("IWDFIoRequest3::RetrieveActivityId", || {
            let own = lock(&self.marks).activity.ok_or(NOT_FOUND)?;
            // SAFETY: the driver's place.
            unsafe { set(id, own) };
            Ok(())
        })
    }

    unsafe fn SetActivityId(&self, id: *mut GUID) {
        self.base.tell("IWDFIoRequest3::SetActivityId", || {
            if !id.is_null() {
                // SAFETY: not null, so the driver's GUID.
                lock(&self.marks).activity = Some(unsafe { id.read() });
            }
        });
    }
}
