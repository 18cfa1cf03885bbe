//! Tests that see all the crates of the workspace; they live in `tests/` and in `conformance/`.
//!
//! The library says which tests there have to be ([`list`]), reads INF files ([`inf`]), and runs sessions with user-mode drivers
//! ([`session`]).

#![deny(unsafe_code)]

pub mod inf;
pub mod list;
pub mod session;
