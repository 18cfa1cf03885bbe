//! The machine's trace, and the files that are made of it.

#![allow(
    clippy::mut_from_ref,
    reason = "the kernel lends structures for a call"
)]
#![allow(non_upper_case_globals, reason = "C's names in patterns")]

#[allow(dead_code, reason = "the configuration manager's tests use the rest")]
#[path = "../cm/support.rs"]
mod support;

mod chrome;
mod events;
mod page;
mod run;
