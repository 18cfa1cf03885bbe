//! The machine's trace, and the files that are made of it.

#![allow(
    clippy::mut_from_ref,
    reason = "the kernel lends structures for a call"
)]
#![allow(non_upper_case_globals, reason = "C's names in patterns")]

#[allow(dead_code, reason = "the configuration manager's tests use the rest")]
#[path = "../cm/support.rs"]
mod support;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[allow(dead_code, reason = "the loader's own tests use the rest")]
#[path = "../../src/loader/tests/fixture.rs"]
mod fixture;

mod chrome;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod command;
mod events;
mod page;
mod run;
