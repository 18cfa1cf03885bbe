//! Requests on their way: formatted for a target, and sent. Page: nf-wudfddi-iwdfiorequest-send.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Completed, Create, CreatedRequest, Refused, Request, Returned, Sendable, marker};
use crate::Result;
use crate::border::closure;
use crate::border::framework::Framework;
use crate::once::Once;
use crate::raw::*;
use crate::target::{IoTarget, Target};

/// What can be formatted and sent: requests of queues, unless they are cancelled, and the driver's own.
#[diagnostic::on_unimplemented(message = "`{Self}` is not sent")]
pub trait ToSend: Sized {
    /// What it is from then on: [`Request`] that is [`Returned`], or [`CreatedRequest`].
    type Sent: Outgoing;

    /// Formatting begins.
    #[doc(hidden)]
    fn outgoing(self) -> Self::Sent;
}

/// What is formatted and sent.
pub trait Outgoing: ToSend<Sent = Self> + marker::Outgoing + 'static {}

impl<K: marker::Kind, O: Sendable> ToSend for Request<K, O> {
    type Sent = Request<K, Returned>;

    fn outgoing(self) -> Self::Sent {
        self.into_marked()
    }
}

impl<K: marker::Kind> Outgoing for Request<K, Returned> {}

impl<K: marker::Kind> marker::Outgoing for Request<K, Returned> {
    fn framework(&self) -> &Framework<IWDFIoRequest> {
        Request::framework(self)
    }

    fn make_ready(&mut self) -> Result<()> {
        if self.is_back {
            self.framework().reuse()?;
            self.is_back = false;
        }
        Ok(())
    }

    fn leave(mut self) {
        self.owned = None;
    }

    fn back(request: Framework<IWDFIoRequest>) -> Self {
        let mut request = Request::new(request);
        request.is_back = true;
        request
    }
}

/// A request that is formatted for an I/O target, with its memory `M`.
///
/// Dropping it completes or deletes the request.
#[derive(Debug)]
#[must_use = "a request that is dropped is completed with an error"]
pub struct Formatted<R: Outgoing, M> {
    /// Before the memory, since it goes first.
    request: R,
    memory: M,
    target: Target,
    /// Of `WDF_REQUEST_SEND_OPTIONS_FLAGS`.
    flags: u32,
}

impl<R: Outgoing, M> Formatted<R, M> {
    pub(crate) fn new(request: R, memory: M, target: Target) -> Self {
        Formatted {
            request,
            memory,
            target,
            flags: 0,
        }
    }

    /// Sends it, and goes on; `ended` gets it back when the lower driver has completed it, on some thread, maybe before this returns.
    ///
    /// The framework does not serialise `ended` with other callbacks (page: wdf/specifying-a-callback-synchronization-mode).
    ///
    /// # Errors
    /// The request, and why the framework did not take it; `ended` is not called then.
    pub fn send(
        self,
        options: SendOptions,
        ended: impl FnOnce(Completed<R, M>) + Send + 'static,
    ) -> core::result::Result<Sent, Refused<Self>>
    where
        M: Send + 'static,
    {
        let Formatted {
            request,
            memory,
            target,
            flags,
        } = self;
        let has_ended = Arc::new(AtomicBool::new(false));
        let once = Once::new((memory, ended));
        let callback = closure::completion({
            let (has_ended, once) = (has_ended.clone(), once.clone());
            move |request, completion| {
                if let Some((memory, ended)) = once.take() {
                    has_ended.store(true, Ordering::Release);
                    ended(Completed::new(R::back(request), memory, completion));
                }
            }
        });
        let sent = Sent {
            request: request.framework().clone(),
            has_ended,
        };
        sent.request.set_completion(&callback);
        let (options, timeout) = options.raw();
        if let Err(error) = sent.request.send(&target.0, flags | options, timeout) {
            // If it had been called all the same, the request would be in good hands.
            if let Some((memory, _)) = once.take() {
                let request = Formatted {
                    request,
                    memory,
                    target,
                    flags,
                };
                return Err(Refused { request, error });
            }
        }
        request.leave();
        Ok(sent)
    }

    /// Sends it and waits until the lower driver has completed it.
    ///
    /// # Errors
    /// The request, and why the framework did not take it. How the lower driver has completed it is in the [`Completed`].
    pub fn send_synchronously(
        self,
        options: SendOptions,
    ) -> core::result::Result<Completed<R, M>, Refused<Self>> {
        const SYNCHRONOUS: u32 = WDF_REQUEST_SEND_OPTION_SYNCHRONOUS as u32;
        let (options, timeout) = options.raw();
        let request = self.request.framework().clone();
        let flags = self.flags | options | SYNCHRONOUS;
        if let Err(error) = request.send(&self.target.0, flags, timeout) {
            return Err(Refused {
                request: self,
                error,
            });
        }
        self.request.leave();
        let completion = request.completion();
        Ok(Completed::new(R::back(request), self.memory, completion))
    }
}

impl<K: marker::Kind, M> Formatted<Request<K, Returned>, M> {
    /// The request, which is not sent, and the memory.
    pub fn into_parts(self) -> (Request<K, Returned>, M) {
        (self.request, self.memory)
    }
}

impl<K: marker::Kind, M> Refused<Formatted<Request<K, Returned>, M>> {
    /// Completes it with the error, as is usual (page: nf-wudfddi-iwdfiorequest-send).
    pub fn fail(self) {
        self.request.request.fail(self.error);
    }
}

impl<K: marker::Kind, M> Refused<(Request<K, Returned>, M)> {
    /// Completes it with the error.
    pub fn fail(self) {
        self.request.0.fail(self.error);
    }
}

impl<M> Formatted<CreatedRequest, M> {
    /// The memory of a request that is not sent, which is deleted.
    pub fn into_memory(self) -> M {
        drop(self.request);
        self.memory
    }
}

impl<M> Formatted<Request<Create, Returned>, M> {
    /// Opens what is below as the client who opens the device. Sending fails if that fails, or if `ignore_failure`, goes on as the
    /// driver's host process. From UMDF 1.9. Page: wdf/handling-client-impersonation-in-umdf-1-x-drivers.
    pub fn impersonate_client(mut self, ignore_failure: bool) -> Self {
        self.flags = impersonation(ignore_failure);
        self
    }
}

/// The options to send a create request as the client.
fn impersonation(ignore_failure: bool) -> u32 {
    let ignore = if ignore_failure {
        WDF_REQUEST_SEND_OPTION_IMPERSONATION_IGNORE_FAILURE
    } else {
        0
    };
    (WDF_REQUEST_SEND_OPTION_IMPERSONATE_CLIENT | ignore) as u32
}

impl<O: super::Unformatted> Request<Create, O> {
    /// Sends it to a lower driver as it is, as the client who opens the device. From UMDF 1.9. Page:
    /// wdf/handling-client-impersonation-in-umdf-1-x-drivers.
    ///
    /// # Errors
    /// The request, and why the framework did not take it: that it could not act as the client too, unless `ignore_failure`.
    pub fn send_and_forget_as_client(
        self,
        target: &IoTarget,
        ignore_failure: bool,
    ) -> core::result::Result<(), Refused<Self>> {
        self.forget(target, impersonation(ignore_failure))
    }
}

impl<K: marker::Kind, O: super::Unformatted> Request<K, O> {
    /// Sends it to a lower driver as it is, which completes it. Page: nf-wudfddi-iwdfiorequest-send, with the option
    /// send-and-forget.
    ///
    /// # Errors
    /// The request, and why the framework did not take it.
    pub fn send_and_forget(self, target: &IoTarget) -> core::result::Result<(), Refused<Self>> {
        self.forget(target, 0)
    }

    fn forget(self, target: &Target, flags: u32) -> core::result::Result<(), Refused<Self>> {
        const FORGET: u32 = WDF_REQUEST_SEND_OPTION_SEND_AND_FORGET as u32;
        self.give(|request| {
            request.format_using_current_type();
            request.send(&target.0, FORGET | flags, 0)
        })
    }
}

/// How a request is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendOptions {
    timeout: Option<Duration>,
    ignore_target_state: bool,
}

impl SendOptions {
    /// Without a limit of time, and when the target is started.
    #[must_use]
    pub const fn new() -> Self {
        SendOptions {
            timeout: None,
            ignore_target_state: false,
        }
    }

    /// The framework cancels it after this time, which is counted in 100 ns, and at least that.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends it also to a target that is stopped.
    #[must_use]
    pub const fn ignore_target_state(mut self) -> Self {
        self.ignore_target_state = true;
        self
    }

    /// As the framework is told: flags, and the time, which is relative if it is negative. Zero is none.
    fn raw(self) -> (u32, i64) {
        let mut flags = 0;
        let mut timeout = 0;
        if let Some(time) = self.timeout {
            flags |= WDF_REQUEST_SEND_OPTION_TIMEOUT;
            timeout = -i64::try_from(time.as_nanos() / 100)
                .unwrap_or(i64::MAX)
                .max(1);
        }
        if self.ignore_target_state {
            flags |= WDF_REQUEST_SEND_OPTION_IGNORE_TARGET_STATE;
        }
        (flags as u32, timeout)
    }
}

/// A request that was sent. The framework has it; it comes back to the closure that it was sent with.
#[derive(Clone)]
pub struct Sent {
    pub(super) request: Framework<IWDFIoRequest>,
    has_ended: Arc<AtomicBool>,
}

impl Sent {
    /// Asks for it to be cancelled. It may be too late, and the lower driver may take its time. It comes back in any case. Page:
    /// nf-wudfddi-iwdfiorequest-cancelsentrequest.
    ///
    /// Whether somebody was asked.
    #[expect(clippy::must_use_candidate, reason = "nothing depends on it")]
    pub fn cancel(&self) -> bool {
        !self.has_ended() && self.request.cancel_sent()
    }

    /// Whether it is back.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent")
            .field("has_ended", &self.has_ended())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_relative_and_never_none() {
        let raw = |time| SendOptions::new().timeout(time).raw();
        assert_eq!(raw(Duration::from_secs(2)), (1, -20_000_000));
        assert_eq!(raw(Duration::ZERO), (1, -1));
        assert_eq!(raw(Duration::MAX), (1, -i64::MAX));
        assert_eq!(SendOptions::new().raw(), (0, 0));
        assert_eq!(SendOptions::new().ignore_target_state().raw(), (4, 0));
    }
}
