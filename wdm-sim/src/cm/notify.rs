//! Notifying: an operation's way down the stack of callbacks and up again (N1 to N7).
//!
//! Going down, each callback from the highest altitude to the lowest gets the pre-notification. One
//! that returns a failure ends the way down: with `STATUS_CALLBACK_BYPASS` the operation counts as
//! done, with any other the operation is blocked, and neither lower callbacks nor that one hear of
//! it again (N2). Going up, each callback that passed gets the post-notification, which can change
//! the result for those above it and for the caller (N3).

use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;

use smallvec::SmallVec;
use wdm_sys::{PVOID, REG_NOTIFY_CLASS, REG_POST_OPERATION_INFORMATION};

use super::callbacks::{Callbacks, Cookie, Registration};
use super::capture::Name;
use super::classes::{self, Detail, Operation, PreInformation};
use super::key_object::KeyObject;
use super::notify_xp;
use super::rundown::Held;
use crate::call;
use crate::machine::{Counter, Mode, Thread};
use crate::object::Object;
use crate::status::Status;
use crate::trace::{PostVerdict, PreVerdict, What};
use crate::verifier::Rule;

/// An operation as the notifications frame it.
pub(crate) trait Subject {
    /// The structure of its pre-notification.
    type Info: PreInformation;

    /// Does the operation.
    fn perform(&mut self, info: &mut Self::Info) -> Status;

    /// Takes the outputs of a callback that did the operation itself, and says how it ended.
    fn bypassed(&mut self, by: &Registration, info: &mut Self::Info) -> Status {
        let _ = (by, info);
        Status::SUCCESS
    }

    /// Takes note of what a callback finds before its post-notification.
    fn before_post(&mut self, by: &Registration) {
        let _ = by;
    }

    /// Takes the outputs of a callback after its post-notification, and says what the result is
    /// now. `overrides` tells whether the callback changed it (N3).
    fn after_post(
        &mut self,
        by: &Registration,
        before: Status,
        overrides: bool,
        post: &REG_POST_OPERATION_INFORMATION,
    ) -> Status {
        let _ = by;
        if overrides {
            Status(post.ReturnStatus)
        } else {
            before
        }
    }

    /// The absolute name of the key that the operation is for; empty for a deleted key.
    fn complete_name(&self) -> Vec<u16>;

    /// `Object` of the post-notification if the operation has ended with `status`.
    fn post_object(&self, status: Status) -> PVOID;

    /// The context for the pre-notification: that of the object, or of the root of a create or open.
    fn pre_context(&self, cookie: Cookie) -> PVOID;

    /// The context for the post-notification.
    fn post_context(&self, cookie: Cookie) -> PVOID {
        self.pre_context(cookie)
    }
}

/// A callback that passed the pre-notification and is owed its post-notification.
struct Passed<'s> {
    registration: &'s Registration,
    /// `CallContext` as the callback left it (C5).
    call_context: PVOID,
    _held: Held<'s>,
}

/// Runs an operation between its notifications and returns what its caller gets.
pub(crate) fn run<S: Subject>(
    thread: &Thread,
    operation: Operation,
    info: &mut S::Info,
    subject: &mut S,
) -> Status {
    thread.kernel().counters.operation(operation.pre());
    let span = thread.trace_begin(|| What::Operation {
        operation,
        key: String::from_utf16_lossy(&subject.complete_name()),
        detail: detail(info),
        status: None,
    });
    let status = go_down_and_up(thread, operation, info, subject);
    thread.trace_end(span, |what| what.ended(status));
    status
}

/// What a trace tells of the operation besides its key.
fn detail(info: &impl PreInformation) -> Option<String> {
    match info.detail() {
        Detail::None => None,
        Detail::Index(index) => Some(index.to_string()),
        Detail::Name(name) => {
            // SAFETY: valid, by the trait's contract: no callback has run yet.
            let name = unsafe { Name::take(Mode::User, name) };
            let name = name.ok().flatten();
            name.map(|name| String::from_utf16_lossy(name.text()))
        }
    }
}

fn go_down_and_up<S: Subject>(
    thread: &Thread,
    operation: Operation,
    info: &mut S::Info,
    subject: &mut S,
) -> Status {
    let kernel = thread.kernel();
    let snapshot = kernel.cm.callbacks.snapshot();
    let list = below_running(thread, &kernel.cm.callbacks, &snapshot);
    if list.is_empty() {
        return subject.perform(info);
    }
    let is_announced = kernel.profile.announces(operation.pre());
    if !kernel.profile.layers_callbacks() && (is_announced || operation.yields_object()) {
        return notify_xp::run(thread, operation, list, info, subject);
    }
    if !is_announced {
        return subject.perform(info);
    }
    // Callbacks keep this pointer from the pre- to the post-notification.
    let info = ptr::from_mut(info);
    let mut passed: SmallVec<[Passed<'_>; 4]> = SmallVec::new();
    let mut ended = None;
    for registration in list {
        let Some(held) = registration.rundown().acquire() else {
            continue;
        };
        let span = thread.trace_begin(|| What::Pre {
            class: classes::name(operation.pre()),
            callback: registration.shown(kernel),
            verdict: None,
        });
        let (verdict, call_context) = pre(thread, operation, registration, info, subject);
        thread.trace_end(span, |what| what.answered(verdict));
        match verdict {
            PreVerdict::Pass => passed.push(Passed {
                registration,
                call_context,
                _held: held,
            }),
            PreVerdict::Block(status) | PreVerdict::Bypass(status) => {
                ended = Some(status);
                break;
            }
        }
    }
    let mut status = ended.unwrap_or_else(|| {
        // SAFETY: made from a reference above, and no callback runs now.
        subject.perform(unsafe { &mut *info })
    });
    while let Some(callback) = passed.pop() {
        status = post(thread, operation, &callback, info, subject, status);
    }
    status
}

/// Sends one pre-notification, and gives the verdict and the call context for the post-notification.
fn pre<S: Subject>(
    thread: &Thread,
    operation: Operation,
    registration: &Registration,
    info: *mut S::Info,
    subject: &mut S,
) -> (PreVerdict, PVOID) {
    let cookie = registration.cookie();
    let class = operation.pre();
    let shown_context = subject.pre_context(cookie);
    show_contexts(info, ptr::null_mut(), shown_context);
    thread.cm.enter(cookie, class);
    let status = call(thread, registration, class, info.cast());
    // SAFETY: `run` made it from a reference, and the callback has returned.
    let info = unsafe { &mut *info };
    let call_context = *info.call_context();
    let finding = |rule, detail: String| {
        let kernel = thread.kernel();
        kernel.finding(registration.driver(), rule, classes::name(class), detail);
    };
    if status.is_success() {
        thread.cm.pend();
        return (PreVerdict::Pass, call_context);
    }
    if operation == Operation::KeyHandleClose {
        finding(
            Rule::N6,
            format!("returned {status}; a close can only be watched, return STATUS_SUCCESS"),
        );
        thread.cm.pend();
        return (PreVerdict::Pass, call_context);
    }
    thread.cm.leave();
    if !call_context.is_null() {
        finding(
            Rule::C5,
            format!(
                "set CallContext and returned {status}, so no post-notification comes to release \
                 it; set it only together with STATUS_SUCCESS"
            ),
        );
    }
    let verdict = if status == Status::CALLBACK_BYPASS {
        thread.kernel().counters.count(Counter::Bypassed);
        PreVerdict::Bypass(subject.bypassed(registration, info))
    } else {
        thread.kernel().counters.count(Counter::Blocked);
        PreVerdict::Block(status)
    };
    (verdict, call_context)
}

/// Sends one post-notification and returns the operation's result after it.
fn post<S: Subject>(
    thread: &Thread,
    operation: Operation,
    callback: &Passed<'_>,
    info: *mut S::Info,
    subject: &mut S,
    status: Status,
) -> Status {
    let registration = callback.registration;
    let cookie = registration.cookie();
    let class = operation.post();
    let pre_context = subject.pre_context(cookie);
    show_contexts(info, callback.call_context, pre_context);
    let mut post = REG_POST_OPERATION_INFORMATION {
        Object: subject.post_object(status),
        Status: status.0,
        PreInformation: info.cast(),
        ReturnStatus: status.0,
        CallContext: callback.call_context,
        ObjectContext: subject.post_context(cookie),
        Reserved: ptr::null_mut(),
    };
    let span = thread.trace_begin(|| What::Post {
        class: classes::name(class),
        callback: registration.shown(thread.kernel()),
        verdict: None,
    });
    subject.before_post(registration);
    thread.cm.resume(class);
    let answer = call(thread, registration, class, (&raw mut post).cast());
    thread.cm.leave();
    let finding = |rule, detail: String| {
        let kernel = thread.kernel();
        kernel.finding(registration.driver(), rule, classes::name(class), detail);
    };
    if post.Status != status.0 {
        finding(
            Rule::N3,
            format!(
                "wrote {} to Status, which the kernel ignores; set ReturnStatus and return \
                 STATUS_CALLBACK_BYPASS",
                Status(post.Status)
            ),
        );
    }
    let mut overrides = answer == Status::CALLBACK_BYPASS;
    if overrides && operation == Operation::KeyHandleClose {
        finding(
            Rule::N6,
            "returned STATUS_CALLBACK_BYPASS; a close can only be watched, return STATUS_SUCCESS"
                .to_owned(),
        );
        overrides = false;
    }
    if overrides {
        thread.kernel().counters.count(Counter::Overridden);
    }
    let now = subject.after_post(registration, status, overrides, &post);
    thread.trace_end(span, |what| {
        what.changed(match overrides {
            false => PostVerdict::Keep,
            true => PostVerdict::Override {
                from: status,
                to: now,
            },
        });
    });
    now
}

/// Gives one callback its own contexts in the structure that all share.
fn show_contexts<I: PreInformation>(info: *mut I, call_context: PVOID, object_context: PVOID) {
    // SAFETY: `run` made it from a reference, and no callback runs now.
    let info = unsafe { &mut *info };
    *info.call_context() = call_context;
    *info.object_context() = object_context;
}

/// The callbacks that hear of an operation on this thread: all, or those below the callback whose
/// code does the operation (N7).
fn below_running<'s>(
    thread: &Thread,
    callbacks: &Callbacks,
    snapshot: &'s [Arc<Registration>],
) -> &'s [Arc<Registration>] {
    let Some((cookie, _)) = thread.cm.running() else {
        return snapshot;
    };
    if let Some(at) = snapshot.iter().position(|other| other.cookie() == cookie) {
        return &snapshot[at + 1..];
    }
    match callbacks.find(cookie) {
        Some(running) => {
            let at = snapshot.partition_point(|other| other.rank() >= running.rank());
            &snapshot[at..]
        }
        None => snapshot,
    }
}

/// Calls a callback, which `thread.cm` knows to be running.
pub(super) fn call(
    thread: &Thread,
    registration: &Registration,
    class: REG_NOTIFY_CLASS,
    info: PVOID,
) -> Status {
    thread.kernel().counters.notification(class);
    let function = registration.function();
    let context = ptr::with_exposed_provenance_mut(function.context);
    // SAFETY: the driver registered the function as a registry callback, and unregistering waits
    // for this call (R4); `info` is the structure that belongs to `class`.
    let answer = unsafe { call::registry_callback(thread, function.code, context, class, info) };
    Status(answer)
}

/// An operation on one open key object, of which nothing special has to be known.
struct OnKey<'a, I, F> {
    object: PVOID,
    key: &'a KeyObject,
    work: F,
    info: PhantomData<I>,
}

/// Runs an operation on a referenced key object between its notifications.
pub(super) fn run_on_key<I: PreInformation>(
    thread: &Thread,
    operation: Operation,
    object: &Object,
    mut info: I,
    work: impl FnMut() -> Status,
) -> Status {
    let Some(key) = object.key() else {
        return Status::OBJECT_TYPE_MISMATCH;
    };
    let mut subject = OnKey {
        object: ptr::without_provenance_mut(object.address()),
        key,
        work,
        info: PhantomData,
    };
    run(thread, operation, &mut info, &mut subject)
}

impl<I: PreInformation, F: FnMut() -> Status> Subject for OnKey<'_, I, F> {
    type Info = I;

    fn perform(&mut self, _: &mut I) -> Status {
        (self.work)()
    }

    fn post_object(&self, _: Status) -> PVOID {
        self.object
    }

    fn complete_name(&self) -> Vec<u16> {
        self.key.full_name()
    }

    fn pre_context(&self, cookie: Cookie) -> PVOID {
        self.key.contexts().get(cookie)
    }
}
