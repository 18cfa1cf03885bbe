//! The framework request object (U5). Header: wudfddi.h, page: nn-wudfddi-iwdfiorequest.

use core::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use umdf_callback::raw::*;
use umdf_callback::{GUID, HRESULT};
use windows_core::{BOOL, ComObject, Interface, implement};

use super::client::Slot;
use super::codes::{BAD_IMPERSONATION_LEVEL, Code, E_POINTER, INVALID_OPERATION};
use super::core::Core;
use super::file_object::FileObject;
use super::impersonation;
use super::io::{RequestId, Wrong};
use super::memory_object::{Buffer, MemoryObject};
use super::object::{Base, object, parameter, put, set};
use super::queue_object::QueueObject;
use super::sending::{Reached, Way};
use super::target_object::target_of;
use super::trace::What;
use super::verifier::Rule;
use super::world::Agile;

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
    pub(super) activity: Option<GUID>,
    pub(super) is_driver_initiated: bool,
}

impl RequestObject {
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

    pub(super) fn wrong(&self, method: &'static str, wrong: Wrong) {
        let rule = match wrong {
            Wrong::Cancelable => Rule::RequestCancelable,
            _ => Rule::RequestTwice,
        };
        self.base.finding(rule, method, wrong.text());
    }

    /// A method that gives the request away.
    pub(super) fn give(
        &self,
        method: &'static str,
        give: impl FnOnce() -> Result<(), HRESULT>,
    ) -> HRESULT {
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

    pub(super) fn memory(&self, buffer: &Arc<Buffer>) -> Option<IWDFMemory> {
        let memory = || MemoryObject::of_request(&self.core, self.id, buffer).to_interface();
        (buffer.len() > 0).then(memory)
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
            let reached = parameter(target).and_then(|interface| {
                let target = target_of(&interface)?;
                let interface = Agile(interface);
                Some(Reached { target, interface })
            });
            let of_device = |reached: &Reached| Arc::ptr_eq(&reached.target.core, &self.core);
            let Some(reached) = reached.filter(of_device) else {
                let detail = "the target is not one of the request's device";
                self.base.finding(Rule::Argument, METHOD, detail);
                return Err(INVALID_OPERATION);
            };
            self.send(&reached, flags, timeout)
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
