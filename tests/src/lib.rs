//! Tests that see all the crates of the workspace; they live in `tests/` and in `conformance/`.
//!
//! The library says which tests there have to be ([`list`]), and reads INF files ([`inf`]).

#![deny(unsafe_code)]

pub mod inf;
pub mod list;
