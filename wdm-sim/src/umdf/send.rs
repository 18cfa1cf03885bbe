//! Sending requests to an I/O target, and what becomes of them there. Page: nf-wudfddi-iwdfiorequest-send.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::{ComObject, IUnknownImpl};

use super::codes::{BAD_IMPERSONATION_LEVEL, INVALID_OPERATION, OPERATION_ABORTED};
use super::completion_object::CompletionObject;
use super::object::Base;
use super::request_object::{RequestObject, RequestObject_Impl};
use super::sending::{Ended, Ending, Format, Part, Reached, Stage};
use super::verifier::Rule;

const METHOD: &str = "IWDFIoRequest::Send";

/// Whether an option is among flags.
fn has(flags: u32, option: WDF_REQUEST_SEND_OPTIONS_FLAGS) -> bool {
    flags & option.cast_unsigned() != 0
}

/// The time that `Send` is told, from now on; none if it is none.
fn duration(flags: u32, timeout: i64) -> Option<Duration> {
    /// 100 ns from 1601 to 1970.
    const EPOCH: u64 = 116_444_736_000_000_000;
    if !has(flags, WDF_REQUEST_SEND_OPTION_TIMEOUT) || timeout == 0 {
        return None;
    }
    let ticks = match timeout < 0 {
        true => timeout.unsigned_abs(),
        false => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let now = now.map_or(0, |now| now.as_nanos() / 100);
            let now = EPOCH.saturating_add(u64::try_from(now).unwrap_or(u64::MAX));
            timeout.unsigned_abs().saturating_sub(now)
        }
    };
    Some(Duration::from_nanos(ticks.saturating_mul(100)))
}

impl RequestObject {
    /// What it asks for, with its own buffers.
    fn as_it_came(&self) -> Format {
        let parts = &self.parts;
        Format {
            kind: parts.kind,
            code: parts.code,
            input: Some(Part::own(&parts.input)),
            output: Some(Part::own(&parts.output)),
            offset: parts.offset,
            file: parts.file.as_ref().map(|file| file.id),
            as_it_came: true,
        }
    }

    /// `FormatUsingCurrentType`.
    pub(crate) fn format_as_it_came(&self, method: &'static str) {
        if self.is_created {
            let detail = "the driver has made it; format it for what it is to do";
            return self.base.finding(Rule::Format, method, detail);
        }
        let format = self.as_it_came();
        // What is wrong is a finding.
        let _ = self.set_format(method, format);
    }

    /// Formats it, if the driver has it.
    pub(crate) fn set_format(&self, method: &'static str, format: Format) -> Result<(), HRESULT> {
        self.may_give(method)?;
        let mut state = self.way.state();
        let again = state.stage == Stage::Back;
        let before = state.format.replace(format);
        drop(state);
        drop(before);
        if again {
            let detail = "it was sent before; call Reuse first";
            self.base.finding(Rule::Reuse, method, detail);
        }
        Ok(())
    }

    /// Looks whether the memory of a request is there.
    fn check_memory(&self, format: &Format) {
        for memory in format.memories() {
            memory.check(METHOD);
            if memory.base.is_deleted() {
                let detail = format!("{} is deleted", memory.base.name);
                self.base.finding(Rule::Memory, METHOD, detail);
            }
        }
    }

    /// The request ends: looks whether one of the driver's own is formatted with its memory still.
    pub(crate) fn check_borrowers(&self) {
        let created: Vec<_> = super::world::lock(&self.core.objects.created)
            .values()
            .cloned()
            .collect();
        for request in created {
            let format = request.way.state().format.clone();
            let borrows =
                |format: Format| format.memories().any(|memory| memory.of() == Some(self.id));
            if format.is_some_and(borrows) {
                let detail = format!(
                    "it is formatted with memory of {}, which has ended; reuse or delete it before",
                    self.base.name
                );
                request.base.finding(Rule::Memory, "end", detail);
            }
        }
    }

    /// How it has ended, if it was sent and has.
    pub(crate) fn completion(&self) -> Option<IWDFIoRequestCompletionParams> {
        let ended = self.way.state().ended.clone()?;
        Some(self.params(ended))
    }

    fn params(&self, ended: Ended) -> IWDFIoRequestCompletionParams {
        let base = Base::new(&self.base.world, "completion");
        ComObject::new(CompletionObject { base, ended }).to_interface()
    }
}

impl RequestObject_Impl {
    /// `Send`.
    pub(crate) fn send(&self, reached: &Reached, flags: u32, timeout: i64) -> Result<(), HRESULT> {
        self.may_give(METHOD)?;
        let ending = self.look_at(flags)?;
        reached.target.takes()?;
        if has(flags, WDF_REQUEST_SEND_OPTION_IMPERSONATE_CLIENT)
            && !has(flags, WDF_REQUEST_SEND_OPTION_IMPERSONATION_IGNORE_FAILURE)
            && self.base.world.impersonation.is_none()
        {
            return Err(BAD_IMPERSONATION_LEVEL);
        }
        let waits = matches!(ending, Ending::Sender);
        let sending = self.way.state().leave(reached.clone(), ending);
        let canceled = !self.is_created && self.core.change(|io| io.sent(self.id));
        let time = duration(flags, timeout);
        if let Some(time) = time.filter(|_| !waits) {
            self.cancel_after(sending, time);
        }
        reached.target.pass(self.to_object(), sending, flags);
        if canceled {
            self.cancel_below();
        }
        if waits {
            self.wait(sending, time);
        }
        Ok(())
    }

    /// What is wrong with sending it so, and who learns its end.
    fn look_at(&self, flags: u32) -> Result<Ending, HRESULT> {
        let mut state = self.way.state();
        let format = state.format.clone();
        let callback = state.callback.clone();
        let context = state.context;
        if has(flags, WDF_REQUEST_SEND_OPTION_SEND_AND_FORGET) {
            let others = WDF_REQUEST_SEND_OPTION_TIMEOUT
                | WDF_REQUEST_SEND_OPTION_SYNCHRONOUS
                | WDF_REQUEST_SEND_OPTION_IGNORE_TARGET_STATE;
            let came = format.as_ref().is_none_or(|format| format.as_it_came);
            if self.is_created || !came || has(flags, others) {
                drop(state);
                let detail = "it is not as it came, or there are other options; the call fails";
                self.base.finding(Rule::Forget, METHOD, detail);
                return Err(INVALID_OPERATION);
            }
            if format.is_none() {
                state.format = Some(self.as_it_came());
            }
            return Ok(Ending::Nobody);
        }
        drop(state);
        let Some(format) = format else {
            let detail = "it is not formatted; the call fails";
            self.base.finding(Rule::Format, METHOD, detail);
            return Err(INVALID_OPERATION);
        };
        self.check_memory(&format);
        if has(flags, WDF_REQUEST_SEND_OPTION_SYNCHRONOUS) {
            return Ok(Ending::Sender);
        }
        if callback.is_none() {
            let detail = "nobody is told when it has ended";
            self.base.finding(Rule::Completion, METHOD, detail);
        }
        Ok(Ending::Callback(callback, context))
    }

    /// Cancels it when its time is up. The thread keeps nothing of it but its way.
    fn cancel_after(&self, sending: u64, time: Duration) {
        let (core, way, id) = (Arc::downgrade(&self.core), self.way.clone(), self.id);
        thread::spawn(move || {
            if way.wait(sending, Some(time)) {
                return;
            }
            let Some(core) = core.upgrade() else {
                return;
            };
            let _busy = core.world.busy();
            if let Some(request) = core.objects.any_request(id) {
                request.cancel_sending(sending);
            }
        });
    }

    /// Waits until it has ended, in its time or after that cancelled.
    fn wait(&self, sending: u64, time: Option<Duration>) {
        let patience = self.base.world.patience;
        if time.is_some() && !self.way.wait(sending, time) {
            self.cancel_sending(sending);
        }
        if !self.way.wait(sending, Some(patience)) {
            let detail = "the lower driver does not complete it; it is taken away";
            self.base.finding(Rule::Stop, METHOD, detail);
            self.ended_below(sending, OPERATION_ABORTED, 0, &[]);
        }
    }

    fn cancel_sending(&self, sending: u64) -> bool {
        let mut state = self.way.state();
        if state.stage != Stage::Sent(sending) {
            return false;
        }
        state.is_cancel_asked = true;
        let cancelable = state.is_cancelable;
        let reached = state.target.clone();
        drop(state);
        let waits = reached.is_some_and(|reached| reached.target.forget(self.id, sending));
        let ends = waits || cancelable;
        if ends {
            self.ended_below(sending, OPERATION_ABORTED, 0, &[]);
        }
        ends
    }

    /// Cancels it, if it is on its way and the lower driver lets it be.
    pub(crate) fn cancel_below(&self) -> bool {
        let stage = self.way.state().stage;
        match stage {
            Stage::Sent(sending) => self.cancel_sending(sending),
            Stage::New | Stage::Back => false,
        }
    }

    /// It has ended below, if it has not before.
    pub(crate) fn ended_below(
        &self,
        sending: u64,
        status: HRESULT,
        information: usize,
        output: &[u8],
    ) {
        let reached = self.way.state().target.clone();
        let Some((ending, ended)) = self.way.end(sending, status, information, output) else {
            return;
        };
        self.check_memory(&ended.format);
        if let Some(reached) = &reached {
            reached.target.left(self.id, sending);
        }
        if !self.is_created && !matches!(ending, Ending::Nobody) {
            self.core.change(|io| io.back(self.id));
        }
        self.way.back();
        match ending {
            Ending::Sender => {}
            Ending::Nobody => self.core.change(|io| io.end(self.id, status, information)),
            Ending::Callback(callback, context) => {
                if let (Some(callback), Some(reached)) = (callback, reached) {
                    self.on_completion(&callback.0, &reached.interface.0, ended, context);
                }
            }
        }
    }

    fn on_completion(
        &self,
        callback: &IRequestCallbackRequestCompletion,
        target: &IWDFIoTarget,
        ended: Ended,
        context: usize,
    ) {
        // Its objects are given to the driver, which may keep them.
        let request = self.own();
        let params = self.params(ended);
        let context = std::ptr::with_exposed_provenance_mut(context);
        let method = "IRequestCallbackRequestCompletion::OnCompletion";
        self.core.tell(&self.base.name, method, "", || {
            // SAFETY: the interfaces are valid; the context is the driver's.
            unsafe {
                callback.OnCompletion(
                    Raw::of(&**request),
                    Raw::of(target),
                    Raw::of(&*params),
                    context,
                )
            }
        });
    }
}
