//! Notifying as Windows XP does it.
//!
//! Each callback gets the pre-notification and can block the operation; only a create or open has a
//! post-notification, which tells the result and cannot change it. The two have structures of their
//! own, with the key's complete name. There are no call contexts, no object contexts, no bypassing
//! and no overriding. Pages: docs: kernel/filtering-registry-calls, kernel/handling-notifications,
//! kernel/specifying-context-information; ddi: ne-wdm-_reg_notify_class,
//! ns-wdm-_reg_pre_create_key_information, ns-wdm-_reg_post_create_key_information.
//!
//! The pages do not say what a callback gets if a later one blocks the create or open that it let
//! pass; here, as on later versions, the post-notification with the status.

use std::ptr;
use std::sync::Arc;

use smallvec::SmallVec;
use wdm_sys::{
    self as sys, PVOID, REG_NOTIFY_CLASS, REG_POST_CREATE_KEY_INFORMATION,
    REG_PRE_CREATE_KEY_INFORMATION,
};

use super::callbacks::Registration;
use super::classes::{self, Operation};
use super::notify::{self, Subject};
use super::rundown::Held;
use crate::machine::{Counter, Thread};
use crate::status::Status;
use crate::trace::{PostVerdict, PreVerdict, What};
use crate::unicode_string::over_mut;
use crate::verifier::Rule;

/// Runs an operation between its notifications and returns what its caller gets.
pub(super) fn run<S: Subject>(
    thread: &Thread,
    operation: Operation,
    list: &[Arc<Registration>],
    info: &mut S::Info,
    subject: &mut S,
) -> Status {
    let (pre, post) = classes(operation);
    let info = ptr::from_mut(info);
    let mut name = post.map(|_| subject.complete_name()).unwrap_or_default();
    let mut name = over_mut(&mut name);
    let mut created = REG_PRE_CREATE_KEY_INFORMATION {
        CompleteName: &raw mut name,
    };
    let shown: PVOID = match post {
        Some(_) => (&raw mut created).cast(),
        None => info.cast(),
    };
    let mut passed: SmallVec<[(&Registration, Held<'_>); 4]> = SmallVec::new();
    let mut blocked = None;
    for registration in list {
        let Some(held) = registration.rundown().acquire() else {
            continue;
        };
        let span = thread.trace_begin(|| What::Pre {
            class: classes::name(pre),
            callback: registration.shown(thread.kernel()),
            verdict: None,
        });
        thread.cm.enter(registration.cookie(), pre);
        let status = notify::call(thread, registration, pre, shown);
        thread.cm.leave();
        let refused = !status.is_success() && refuses(thread, operation, registration, status);
        thread.trace_end(span, |what| {
            what.answered(match refused {
                true => PreVerdict::Block(status),
                false => PreVerdict::Pass,
            });
        });
        if refused {
            blocked = Some(status);
            break;
        }
        passed.push((registration, held));
    }
    let status = blocked.unwrap_or_else(|| {
        // SAFETY: made from a reference above, and no callback runs now.
        subject.perform(unsafe { &mut *info })
    });
    let Some(post) = post else {
        return status;
    };
    while let Some((registration, _held)) = passed.pop() {
        let mut result = REG_POST_CREATE_KEY_INFORMATION {
            CompleteName: &raw mut name,
            Object: subject.post_object(status),
            Status: status.0,
        };
        let span = thread.trace_begin(|| What::Post {
            class: classes::name(post),
            callback: registration.shown(thread.kernel()),
            verdict: None,
        });
        thread.cm.enter(registration.cookie(), post);
        // What it returns means nothing.
        notify::call(thread, registration, post, (&raw mut result).cast());
        thread.cm.leave();
        thread.trace_end(span, |what| what.changed(PostVerdict::Keep));
    }
    status
}

/// Whether a callback's failure blocks the operation: a close can only be watched (N6).
fn refuses(
    thread: &Thread,
    operation: Operation,
    registration: &Registration,
    status: Status,
) -> bool {
    let kernel = thread.kernel();
    let call = classes::name(classes(operation).0);
    if operation == Operation::KeyHandleClose {
        let detail = format!("returned {status}; a close can only be watched");
        kernel.finding(registration.driver(), Rule::N6, call, detail);
        return false;
    }
    if status == Status::CALLBACK_BYPASS {
        let detail = "returned STATUS_CALLBACK_BYPASS, which came with vista: here it is a failure \
                      like any other, and the caller gets it";
        kernel.finding(registration.driver(), Rule::N2, call, detail);
    }
    kernel.counters.count(Counter::Blocked);
    true
}

/// The classes of an operation's notifications.
fn classes(operation: Operation) -> (REG_NOTIFY_CLASS, Option<REG_NOTIFY_CLASS>) {
    match operation {
        Operation::CreateKey => (sys::RegNtPreCreateKey, Some(sys::RegNtPostCreateKey)),
        Operation::OpenKey => (sys::RegNtPreOpenKey, Some(sys::RegNtPostOpenKey)),
        _ => (operation.pre(), None),
    }
}
