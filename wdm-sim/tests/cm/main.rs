//! The configuration manager's rules, a test or more for each, named after it (`docs/semantics.md`).

#![allow(clippy::mut_from_ref, reason = "the kernel lends structures for a call")]

mod registration;
mod support;
