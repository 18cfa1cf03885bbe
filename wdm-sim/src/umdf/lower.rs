//! The driver below a device, played by a closure: what it answers to the requests that the device's driver sends.

use std::sync::{Arc, Mutex};

use umdf_callback::HRESULT;
use umdf_callback::raw::*;

use super::codes::{Code, REQUEST_ABORTED, S_OK};
use super::core::Core;
use super::io::RequestId;
use super::request_object::RequestObject;
use super::sending::{Format, Way};
use super::trace::Name;
use super::world::lock;

/// What it does with a request.
type Answer = Arc<dyn Fn(LowerRequest) + Send + Sync>;

/// The driver below a device, which gets what the device's driver sends to its default I/O target.
///
/// It completes all requests successfully, with zeros for output, until it is told [otherwise](Lower::answer).
#[derive(Clone)]
pub struct Lower {
    answer: Arc<Mutex<Answer>>,
}

impl Default for Lower {
    fn default() -> Self {
        Lower {
            answer: Arc::new(Mutex::new(Arc::new(LowerRequest::succeed))),
        }
    }
}

impl Lower {
    /// What it does with each request from now on: completes it, or keeps it for later, on any thread.
    pub fn answer(&self, answer: impl Fn(LowerRequest) + Send + Sync + 'static) {
        *lock(&self.answer) = Arc::new(answer);
    }

    /// Gives up what it was told to do, and with that the requests that it keeps there, which keep the device.
    pub(crate) fn forget(&self) {
        let none: Answer = Arc::new(LowerRequest::succeed);
        let told = std::mem::replace(&mut *lock(&self.answer), none);
        drop(told);
    }

    /// Gives it a request.
    pub(crate) fn take(&self, request: LowerRequest) {
        let answer = lock(&self.answer).clone();
        answer(request);
    }
}

/// A request that the lower driver has. Dropped, it is completed with `ERROR_REQUEST_ABORTED`.
///
/// It ends at once when it is cancelled, unless it is [made uncancelable](LowerRequest::uncancelable).
pub struct LowerRequest {
    core: Arc<Core>,
    id: RequestId,
    name: Name,
    way: Arc<Way>,
    /// Which of its sendings this is.
    sending: u64,
    format: Format,
    is_completed: bool,
}

impl LowerRequest {
    /// It keeps nothing of the request but its buffers: the driver may do with it what it likes when it has ended.
    pub(crate) fn new(request: &RequestObject, sending: u64, format: &Format) -> Self {
        LowerRequest {
            core: request.core.clone(),
            id: request.id,
            name: request.base.name.clone(),
            way: request.way.clone(),
            sending,
            format: format.buffers(),
            is_completed: false,
        }
    }

    /// Its name in traces.
    #[must_use]
    pub fn name(&self) -> Name {
        self.name.clone()
    }

    /// What it asks for.
    #[must_use]
    pub fn kind(&self) -> WDF_REQUEST_TYPE {
        self.format.kind
    }

    /// The control code, if it is a device I/O control.
    #[must_use]
    pub fn code(&self) -> u32 {
        self.format.code
    }

    /// Where on the device, in bytes.
    #[must_use]
    pub fn offset(&self) -> i64 {
        self.format.offset
    }

    /// What comes with it.
    #[must_use]
    pub fn input(&self) -> Vec<u8> {
        let part = self.format.input.as_ref();
        part.map(|part| part.to_vec()).unwrap_or_default()
    }

    /// Room for how many bytes there is.
    #[must_use]
    pub fn output_length(&self) -> usize {
        self.format.output.as_ref().map_or(0, |part| part.length)
    }

    /// It goes on when it is cancelled.
    #[must_use]
    pub fn uncancelable(self) -> Self {
        self.way.state().set_cancelable(self.sending, false);
        self
    }

    /// Whether it was cancelled.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        self.way.state().is_cancel_asked(self.sending)
    }

    /// Completes it with all that it asks for, zeros for output.
    pub fn succeed(self) {
        let zeros = vec![0; self.output_length()];
        self.succeed_with(&zeros);
    }

    /// Completes it with this output, as far as there is room.
    pub fn succeed_with(self, output: &[u8]) {
        let information = match self.format.kind {
            WdfRequestWrite => self.input().len(),
            _ => output.len().min(self.output_length()),
        };
        self.complete(S_OK, output, information);
    }

    /// Completes it with an error.
    pub fn fail(self, status: HRESULT) {
        self.complete(status, &[], 0);
    }

    /// Completes it.
    pub fn complete(mut self, status: HRESULT, output: &[u8], information: usize) {
        self.end(status, output, information);
    }

    fn end(&mut self, status: HRESULT, output: &[u8], information: usize) {
        if std::mem::replace(&mut self.is_completed, true) {
            return;
        }
        let _busy = self.core.world.busy();
        let action = format!("the lower driver completes it with {}", Code(status));
        self.core.world.system(&self.name, action);
        if let Some(request) = self.core.objects.any_request(self.id) {
            request.ended_below(self.sending, status, information, output);
        }
    }
}

impl Drop for LowerRequest {
    fn drop(&mut self) {
        self.end(REQUEST_ABORTED, &[], 0);
    }
}
