//! The default I/O target: the way to the driver below. Header: wudfddi.h, page: nn-wudfddi-iwdfiotarget.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::{BOOL, ComObject, Interface, implement};

use super::codes::{E_INVALIDARG, INSUFFICIENT_BUFFER, INVALID_DEVICE_STATE, INVALID_OPERATION};
use super::core::Core;
use super::file_object::file_id;
use super::io::{FileId, RequestId};
use super::lower::{Lower, LowerRequest};
use super::memory_object::MemoryObject;
use super::object::{Base, absent, object, parameter, put};
use super::remote::RemoteTargetObject;
use super::request_object::RequestObject;
use super::sending::{Format, Part};
use super::verifier::Rule;
use super::world::{during, lock};

/// A request and the number of its sending.
type Sending = (ComObject<RequestObject>, u64);

/// The default I/O target of a device.
#[implement(IWDFIoTarget2, IWDFIoTargetStateManagement)]
pub(crate) struct TargetObject {
    pub(crate) base: Base,
    pub(crate) core: Arc<Core>,
    /// The driver that it leads to.
    lower: Lower,
    /// Whether it leads to another device, so that requests need no file.
    is_remote: bool,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    state: WDF_IO_TARGET_STATE,
    /// What was sent while it was stopped.
    waiting: VecDeque<Sending>,
    /// What the lower driver has.
    below: Vec<Sending>,
    /// `Start` or `Stop` is under way.
    is_changing: bool,
}

/// Whether a callback is about a request, so that the request may wait for its end.
fn is_about_a_request(callback: &str) -> bool {
    callback.starts_with("IQueueCallback") || callback.starts_with("IRequestCallback")
}

fn is(sending: &Sending, id: RequestId, number: u64) -> bool {
    sending.0.id == id && sending.1 == number
}

impl TargetObject {
    pub(crate) fn new(core: &Arc<Core>) -> ComObject<Self> {
        Self::to(core, core.lower.clone(), false)
    }

    /// A target in another device stack: not open yet.
    pub(crate) fn remote(core: &Arc<Core>) -> ComObject<Self> {
        Self::to(core, core.belongings.remote_lower.clone(), true)
    }

    fn to(core: &Arc<Core>, lower: Lower, is_remote: bool) -> ComObject<Self> {
        ComObject::new(TargetObject {
            base: Base::new(&core.world, "target"),
            core: core.clone(),
            lower,
            is_remote,
            state: Mutex::new(State {
                state: match is_remote {
                    true => WdfIoTargetClosed,
                    false => WdfIoTargetStarted,
                },
                waiting: VecDeque::new(),
                below: Vec::new(),
                is_changing: false,
            }),
            changed: Condvar::new(),
        })
    }

    /// Whether it takes requests, now or later.
    pub(crate) fn takes(&self) -> Result<(), HRESULT> {
        match lock(&self.state).state {
            WdfIoTargetStarted | WdfIoTargetStopped => Ok(()),
            _ => Err(INVALID_DEVICE_STATE),
        }
    }

    /// Gives a request to the lower driver, or keeps it until it is started.
    pub(crate) fn pass(&self, request: ComObject<RequestObject>, sending: u64, flags: u32) {
        let ignores = flags & WDF_REQUEST_SEND_OPTION_IGNORE_TARGET_STATE.cast_unsigned() != 0;
        let mut state = lock(&self.state);
        if state.state == WdfIoTargetStopped && !ignores {
            state.waiting.push_back((request, sending));
            return;
        }
        state.below.push((request.clone(), sending));
        drop(state);
        self.give(&request, sending);
    }

    fn give(&self, request: &RequestObject, sending: u64) {
        let format = request.way.state().format.clone();
        if let Some(format) = format {
            self.lower
                .take(LowerRequest::new(request, sending, &format));
        }
    }

    /// A request has ended.
    pub(crate) fn left(&self, id: RequestId, sending: u64) {
        lock(&self.state)
            .below
            .retain(|entry| !is(entry, id, sending));
        self.changed.notify_all();
    }

    /// A request is deleted, wherever it is.
    pub(crate) fn drop_request(&self, id: RequestId) {
        let mut state = lock(&self.state);
        state.waiting.retain(|entry| entry.0.id != id);
        state.below.retain(|entry| entry.0.id != id);
        drop(state);
        self.changed.notify_all();
    }

    /// Takes out a request that waits for the target; says whether it did.
    pub(crate) fn forget(&self, id: RequestId, sending: u64) -> bool {
        let mut state = lock(&self.state);
        let before = state.waiting.len();
        state.waiting.retain(|entry| !is(entry, id, sending));
        before != state.waiting.len()
    }

    /// All that it has, or what was sent with a file.
    fn sent(&self, file: Option<FileId>) -> Vec<ComObject<RequestObject>> {
        let state = lock(&self.state);
        let all = state.below.iter().chain(&state.waiting);
        let all: Vec<_> = all.map(|entry| entry.0.clone()).collect();
        drop(state);
        let of_file = |request: &ComObject<RequestObject>| {
            let format = request.way.state().format.clone();
            file.is_none() || format.is_some_and(|format| format.file == file)
        };
        all.into_iter().filter(of_file).collect()
    }

    pub(crate) fn state(&self) -> WDF_IO_TARGET_STATE {
        lock(&self.state).state
    }

    /// It is open, and starts.
    pub(crate) fn open(&self) {
        lock(&self.state).state = WdfIoTargetStarted;
    }

    /// It is closed, in this way.
    pub(crate) fn close_as(&self, state: WDF_IO_TARGET_STATE) {
        lock(&self.state).state = state;
        self.cancel(None);
    }

    fn cancel(&self, file: Option<FileId>) {
        for request in self.sent(file) {
            request.cancel_below();
        }
    }

    /// The device is removed.
    pub(crate) fn close(&self) {
        self.close_as(WdfIoTargetDeleted);
    }

    /// Waits until the lower driver has none; `false` if that takes too long.
    fn wait(&self) -> bool {
        let end = Instant::now() + self.base.world.patience;
        let mut state = lock(&self.state);
        while !state.below.is_empty() {
            let Some(left) = end.checked_duration_since(Instant::now()) else {
                return false;
            };
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// `Start` or `Stop`.
    fn change(
        &self,
        method: &'static str,
        change: impl FnOnce() -> Result<(), HRESULT>,
    ) -> HRESULT {
        self.base.answer(method, || {
            if std::mem::replace(&mut lock(&self.state).is_changing, true) {
                let detail = "another Start or Stop of the target is under way";
                self.base.finding(Rule::TargetState, method, detail);
            }
            let changed = change();
            lock(&self.state).is_changing = false;
            changed
        })
    }

    /// What was sent while it was stopped goes on.
    pub(crate) fn start(&self) {
        let mut state = lock(&self.state);
        state.state = WdfIoTargetStarted;
        let waiting = std::mem::take(&mut state.waiting);
        state.below.extend(waiting.iter().cloned());
        drop(state);
        for (request, sending) in waiting {
            self.give(&request, sending);
        }
    }

    pub(crate) fn stop(&self, method: &'static str, action: WDF_IO_TARGET_SENT_IO_ACTION) {
        lock(&self.state).state = WdfIoTargetStopped;
        match action {
            WdfIoTargetCancelSentIo => self.cancel(None),
            // Page: ne-wudfddi_types-_wdf_io_target_sent_io_action.
            WdfIoTargetWaitForSentIoToComplete if is_about_a_request(during()) => {
                let detail = "called in a callback of a request, which may be the one that it waits for; it returns at once";
                self.base.finding(Rule::TargetState, method, detail);
            }
            WdfIoTargetWaitForSentIoToComplete if !self.wait() => {
                let detail = "the lower driver has not completed what it has in time";
                self.base.finding(Rule::Stop, method, detail);
            }
            _ => {}
        }
    }

    fn format(
        &self,
        method: &'static str,
        request: Raw<IWDFIoRequest>,
        file: Raw<IWDFFile>,
        format: impl FnOnce(Option<FileId>) -> Result<Format, HRESULT>,
    ) -> HRESULT {
        self.base.answer(method, || {
            let wrong = |detail| {
                self.base.finding(Rule::Argument, method, detail);
                E_INVALIDARG
            };
            let request =
                parameter(request).and_then(|request| request.cast_object::<RequestObject>().ok());
            let request = request
                .filter(|request| Arc::ptr_eq(&request.core, &self.core))
                .ok_or_else(|| wrong("the request is not one of the target's device"))?;
            // Page: nf-wudfddi-iwdfiotarget-formatrequestforread.
            let file = match parameter(file) {
                Some(file) => Some(file_id(&file).ok_or_else(|| wrong("the file is closed"))?),
                None if self.is_remote => None,
                None => {
                    let detail = "the file is null, and this is the default I/O target";
                    return Err(wrong(detail));
                }
            };
            request.set_format(method, format(file)?)
        })
    }
}

/// Memory that a request is formatted with, if any.
///
/// # Safety
/// `part` is null or the driver's structure.
unsafe fn part(
    memory: Raw<IWDFMemory>,
    part: *const WDFMEMORY_OFFSET,
) -> Result<Option<Part>, HRESULT> {
    let Some(memory) = parameter(memory) else {
        return Ok(None);
    };
    let memory = memory.cast_object::<MemoryObject>();
    let memory = memory.map_err(|_| INVALID_OPERATION)?;
    // SAFETY: by this function's contract, if it is not null.
    let part = (!part.is_null()).then(|| unsafe { part.read() });
    Part::of(memory, part).map(Some).ok_or(INSUFFICIENT_BUFFER)
}

/// An offset on the device; 0 if there is none.
///
/// # Safety
/// `offset` is null or the driver's number.
unsafe fn device_offset(offset: *const i64) -> i64 {
    match offset.is_null() {
        true => 0,
        // SAFETY: by this function's contract.
        false => unsafe { offset.read() },
    }
}

/// The target that the driver sends to, local or remote.
pub(crate) fn target_of(target: &IWDFIoTarget) -> Option<ComObject<TargetObject>> {
    let local = target.cast_object::<TargetObject>().ok();
    local.or_else(|| {
        let remote = target.cast_object::<RemoteTargetObject>().ok()?;
        Some(remote.way.clone())
    })
}

object!(TargetObject_Impl: IWDFIoTarget2);

impl IWDFIoTarget_Impl for TargetObject_Impl {
    unsafe fn GetTargetFile(&self, file: *mut Raw<IWDFFile>) {
        // The default one has none (page: nf-wudfddi-iwdfiotarget-gettargetfile).
        self.base.tell("IWDFIoTarget::GetTargetFile", || {
            // SAFETY: the driver's place.
            unsafe { put(file, None) }
        });
    }

    unsafe fn CancelSentRequestsForFile(&self, file: Raw<IWDFFile>) {
        const METHOD: &str = "IWDFIoTarget::CancelSentRequestsForFile";
        self.base.tell(METHOD, || {
            match parameter(file).and_then(|file| file_id(&file)) {
                Some(file) => self.cancel(Some(file)),
                None => self
                    .base
                    .finding(Rule::Argument, METHOD, "the file is not open"),
            }
        });
    }

    unsafe fn FormatRequestForRead(
        &self,
        request: Raw<IWDFIoRequest>,
        file: Raw<IWDFFile>,
        memory: Raw<IWDFMemory>,
        range: *const WDFMEMORY_OFFSET,
        offset: *const i64,
    ) -> HRESULT {
        const METHOD: &str = "IWDFIoTarget::FormatRequestForRead";
        self.format(METHOD, request, file, |file| {
            Ok(Format {
                kind: WdfRequestRead,
                code: 0,
                input: None,
                // SAFETY: the driver's structure, or null.
                output: unsafe { part(memory, range) }?,
                // SAFETY: the driver's number, or null.
                offset: unsafe { device_offset(offset) },
                file,
                as_it_came: false,
            })
        })
    }

    unsafe fn FormatRequestForWrite(
        &self,
        request: Raw<IWDFIoRequest>,
        file: Raw<IWDFFile>,
        memory: Raw<IWDFMemory>,
        range: *const WDFMEMORY_OFFSET,
        offset: *const i64,
    ) -> HRESULT {
        const METHOD: &str = "IWDFIoTarget::FormatRequestForWrite";
        self.format(METHOD, request, file, |file| {
            Ok(Format {
                kind: WdfRequestWrite,
                code: 0,
                // SAFETY: the driver's structure, or null.
                input: unsafe { part(memory, range) }?,
                output: None,
                // SAFETY: the driver's number, or null.
                offset: unsafe { device_offset(offset) },
                file,
                as_it_came: false,
            })
        })
    }

    unsafe fn FormatRequestForIoctl(
        &self,
        request: Raw<IWDFIoRequest>,
        code: u32,
        file: Raw<IWDFFile>,
        input: Raw<IWDFMemory>,
        input_range: *const WDFMEMORY_OFFSET,
        output: Raw<IWDFMemory>,
        output_range: *const WDFMEMORY_OFFSET,
    ) -> HRESULT {
        const METHOD: &str = "IWDFIoTarget::FormatRequestForIoctl";
        self.format(METHOD, request, file, |file| {
            Ok(Format {
                kind: WdfRequestDeviceIoControl,
                code,
                // SAFETY: the driver's structure, or null.
                input: unsafe { part(input, input_range) }?,
                // SAFETY: the driver's structure, or null.
                output: unsafe { part(output, output_range) }?,
                offset: 0,
                file,
                as_it_came: false,
            })
        })
    }
}

impl IWDFIoTarget2_Impl for TargetObject_Impl {
    absent! { "IWDFIoTarget2":
        FormatRequestForFlush(Raw<IWDFIoRequest>, Raw<IWDFFile>) -> HRESULT;
        FormatRequestForSetInformation(Raw<IWDFIoRequest>, WDF_FILE_INFORMATION_CLASS, Raw<IWDFFile>, Raw<IWDFMemory>, *const WDFMEMORY_OFFSET) -> HRESULT;
        FormatRequestForQueryInformation(Raw<IWDFIoRequest>, WDF_FILE_INFORMATION_CLASS, Raw<IWDFFile>, Raw<IWDFMemory>, *const WDFMEMORY_OFFSET) -> HRESULT;
    }
}

impl IWDFIoTargetStateManagement_Impl for TargetObject_Impl {
    unsafe fn GetState(&self) -> WDF_IO_TARGET_STATE {
        self.base.tell("IWDFIoTargetStateManagement::GetState", || {
            lock(&self.state).state
        })
    }

    unsafe fn Start(&self) -> HRESULT {
        self.change("IWDFIoTargetStateManagement::Start", || {
            if self.state() == WdfIoTargetDeleted {
                return Err(INVALID_DEVICE_STATE);
            }
            self.start();
            Ok(())
        })
    }

    unsafe fn Stop(&self, action: WDF_IO_TARGET_SENT_IO_ACTION) -> HRESULT {
        const METHOD: &str = "IWDFIoTargetStateManagement::Stop";
        self.change(METHOD, || {
            self.stop(METHOD, action);
            Ok(())
        })
    }

    unsafe fn Remove(&self, _surprise: BOOL) -> HRESULT {
        self.base.answer("IWDFIoTargetStateManagement::Remove", || {
            self.close();
            Ok(())
        })
    }
}
