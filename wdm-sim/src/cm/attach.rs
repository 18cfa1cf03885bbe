//! Attaching contexts to key objects (C1).

use wdm_sys::PVOID;

use super::callbacks::Cookie;
use super::key_object::ClosePhase;
use crate::machine::{Counter, Thread};
use crate::object::Manager as Objects;
use crate::status::Status;
use crate::trace::{ContextChange, What};
use crate::verifier::Rule;

const CALL: &str = "CmSetCallbackObjectContext";

/// Sets the context of (key object, cookie) and returns the one before, or null.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER`, with a finding, outside the callback that the cookie names, and for
/// an object that is none or whose close is past its pre-notification.
pub(crate) fn set_object_context(
    thread: &Thread,
    object: usize,
    cookie: Cookie,
    context: PVOID,
) -> Result<PVOID, Status> {
    let refuse = |rule, detail: String| {
        thread.finding(rule, CALL, detail);
        Err(Status::INVALID_PARAMETER)
    };
    if cookie.0 == 0 {
        return refuse(
            Rule::R3,
            "the cookie is zero: registering has not stored it yet; cope with its absence".into(),
        );
    }
    if thread.cm.running().map(|(running, _)| running) != Some(cookie) {
        return refuse(
            Rule::C1,
            format!(
                "the callback with cookie {:#x} does not run on this thread; set contexts from \
                 inside their own callback only",
                cookie.0
            ),
        );
    }
    let kernel = thread.kernel();
    let Some(registration) = kernel.cm.callbacks.find(cookie) else {
        return refuse(
            Rule::C1,
            "the callback has been unregistered; set contexts while it is registered".into(),
        );
    };
    let Some(found) = kernel.objects.find(object) else {
        return refuse(Rule::C1, not_an_object(object));
    };
    let Some(key) = found.key() else {
        return refuse(
            Rule::C1,
            format!("{object:#x} is a {}, not a key object", found.object_type()),
        );
    };
    if key.phase() == ClosePhase::Cleaned {
        return refuse(
            Rule::C1,
            "the key object's contexts have been cleaned up; set them before its close or in the \
             pre-notification of it"
                .into(),
        );
    }
    if !context.is_null() {
        kernel.context_set(registration.driver(), object, cookie.0, context.addr());
    }
    let old = key.contexts().set(object, &registration, context);
    if !old.is_null() {
        kernel.counters.count(Counter::ContextsReplaced);
    }
    let change = match (old.is_null(), context.is_null()) {
        (true, true) => return Ok(old),
        (true, false) => ContextChange::Set,
        (false, false) => ContextChange::Replaced,
        (false, true) => ContextChange::Removed,
    };
    thread.trace(|| What::Context {
        callback: registration.shown(kernel),
        key: String::from_utf16_lossy(&key.full_name()),
        change,
    });
    Ok(old)
}

/// What is wrong with a pointer that leads to no object.
pub(super) fn not_an_object(address: usize) -> String {
    if address == 0 {
        "the object is NULL; after a failed create or open there is none (K2)".into()
    } else if Objects::was_object(address) {
        format!("the object {address:#x} has been closed; do not keep objects past their close")
    } else {
        format!("{address:#x} is not an object; pass the Object of a notification")
    }
}
