//! Registering and unregistering callbacks (R1 to R4).

use std::ptr;

use wdm_sys::{REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION, RegNtCallbackObjectContextCleanup};

use super::altitude::Altitude;
use super::callbacks::{Cookie, Function, Rank, Registration};
use super::context::Slot;
use super::{lock_order, notify};
use crate::machine::{DriverId, Kernel, Thread, on_this_host_thread};
use crate::status::Status;
use crate::trace::What;
use crate::verifier::Rule;

/// Registers a callback at an altitude, or above all of them for a legacy registration.
///
/// The cookie is published before the callback can be called for the first time. With the builder's
/// `publish_cookie_late` another thread uses the registry in between, as can happen on NT (R3).
pub(crate) fn register(
    thread: &Thread,
    call: &'static str,
    altitude: Option<&[u16]>,
    function: Function,
    publish: impl FnOnce(Cookie),
) -> Status {
    let text = || String::from_utf16_lossy(altitude.unwrap_or_default());
    let altitude = match altitude.map(Altitude::try_from).transpose() {
        Ok(altitude) => altitude,
        Err(malformed) => {
            thread.finding(Rule::R2, call, format!("{:?}: {malformed}", text()));
            return Status::INVALID_PARAMETER;
        }
    };
    let kernel = thread.kernel();
    let announce = |registration: &Registration| {
        thread.trace(|| What::Register {
            callback: registration.shown(kernel),
        });
        registration.cookie()
    };
    let registered = if kernel.options.publish_cookie_late {
        let mut cookie = None;
        let registered = kernel
            .cm
            .callbacks
            .register(altitude, function, |new| cookie = Some(announce(new)));
        if let Some(cookie) = cookie {
            super::ops::system_activity(kernel);
            publish(cookie);
        }
        registered
    } else {
        let publish = |new: &Registration| publish(announce(new));
        kernel.cm.callbacks.register(altitude, function, publish)
    };
    if registered == Err(Status::FLT_INSTANCE_ALTITUDE_COLLISION) {
        let detail = format!(
            "altitude {} is held by another callback; give each callback an altitude of its own",
            text()
        );
        thread.finding(Rule::R2, call, detail);
    }
    registered.err().unwrap_or(Status::SUCCESS)
}

/// Unregisters a callback: waits until no operation is under way that it was told of, then sends
/// the cleanup notification for each context that it still holds (R4, C3).
///
/// Called from inside the callback, or with a lock that the callback takes, this would wait for ever;
/// here that is a finding and `STATUS_POSSIBLE_DEADLOCK`.
pub(crate) fn unregister(thread: &Thread, call: &'static str, cookie: Cookie) -> Status {
    if on_this_host_thread(|entered| entered.cm.contains(cookie)) {
        thread.finding(
            Rule::R4,
            call,
            "called from inside the callback that it is to unregister, which deadlocks on NT; \
             unregister from DriverUnload",
        );
        return Status::POSSIBLE_DEADLOCK;
    }
    let kernel = thread.kernel();
    if let Some(registration) = kernel.cm.callbacks.find(cookie)
        && !registration.locks().begin(thread)
    {
        lock_order::report(thread, &registration);
        return Status::POSSIBLE_DEADLOCK;
    }
    let Some(registration) = kernel.cm.callbacks.begin_leave(cookie) else {
        thread.finding(
            Rule::R4,
            call,
            format!(
                "{:#x} is no registered callback's cookie; pass the one that registering gave",
                cookie.0
            ),
        );
        return Status::INVALID_PARAMETER;
    };
    let span = thread.trace_begin(|| What::Unregister {
        callback: registration.shown(kernel),
    });
    run_down(kernel, &registration, |slot| deliver_cleanup(thread, slot));
    thread.trace_end(span, |_| {});
    Status::SUCCESS
}

/// Takes away the callbacks that a driver left behind, without calling them again, and gives their
/// altitudes.
pub(crate) fn remove_callbacks_of(kernel: &Kernel, driver: DriverId) -> Vec<String> {
    let callbacks = &kernel.cm.callbacks;
    let left = callbacks.of_driver(driver).into_iter();
    left.filter_map(|cookie| callbacks.begin_leave(cookie))
        .map(|registration| {
            run_down(kernel, &registration, |_| {});
            match registration.rank() {
                Rank::At(altitude) => altitude.to_string(),
                Rank::Legacy(_) => "none (CmRegisterCallback)".to_owned(),
            }
        })
        .collect()
}

/// Ends a registration that is off the list.
fn run_down(kernel: &Kernel, registration: &Registration, deliver: impl Fn(&Slot)) {
    registration.rundown().close();
    for slot in registration.contexts().drain() {
        slot.clean_up(&deliver);
        if let Some(object) = kernel.objects.find(slot.object())
            && let Some(key) = object.key()
        {
            key.contexts().forget(registration.cookie());
        }
    }
    kernel.cm.callbacks.gone(registration.cookie());
}

/// Sends the cleanup notification for one context. From here on the driver may release it, and all
/// that it replaced (C4).
pub(super) fn deliver_cleanup(thread: &Thread, slot: &Slot) {
    let registration = slot.registration();
    let cookie = registration.cookie();
    thread.kernel().contexts_cleaned(slot.object(), cookie.0);
    let mut info = REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION {
        Object: ptr::without_provenance_mut(slot.object()),
        ObjectContext: slot.context(),
        Reserved: ptr::null_mut(),
    };
    let span = thread.trace_begin(|| What::Cleanup {
        callback: registration.shown(thread.kernel()),
        key: slot.key_name(thread.kernel()),
    });
    let class = RegNtCallbackObjectContextCleanup;
    thread.cm.enter(cookie, class);
    // What a cleanup notification returns means nothing.
    notify::call(thread, registration, class, (&raw mut info).cast());
    thread.cm.leave();
    thread.trace_end(span, |_| {});
}
