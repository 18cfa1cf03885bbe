//! How drivers enter system services.

use wdm_sys::NTSTATUS;

use crate::cm::ops::Outcome;
use crate::machine::{Thread, current, irql};
use crate::verifier::Rule;

/// Runs a system service that a driver called.
pub(super) fn service(call: &'static str, body: impl FnOnce(&Thread) -> Outcome) -> NTSTATUS {
    let thread = current(call);
    // Of the services that are called so, those of the registry have keys in their names.
    let rule = match call.starts_with("Zw") && call.contains("Key") {
        true => Rule::N1,
        false => Rule::Irql,
    };
    thread.require_irql_by(rule, irql::PASSIVE_LEVEL, call);
    let outcome = thread.with_previous_mode(thread.calling_mode(), || body(&thread));
    outcome.unwrap_or_else(|refused| refused).0
}
