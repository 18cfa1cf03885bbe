//! The configuration manager's rules, a test or more for each, named after it (`docs/semantics.md`).

#![allow(
    clippy::mut_from_ref,
    reason = "the kernel lends structures for a call"
)]
#![allow(non_upper_case_globals, reason = "C's names in patterns")]

mod contexts;
mod hive_calls;
mod hive_exports;
mod hives;
mod keys;
mod names;
mod notifications;
mod operations;
mod overrides;
mod profiles;
mod registration;
mod security;
mod support;
mod threads;
mod transactions;
mod views;
mod watch;
