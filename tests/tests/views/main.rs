//! `cm-callback`'s views of operations, against the simulated kernel.

mod information;
mod open;
mod requestor;
mod security;
#[allow(dead_code, reason = "the tests of the contract use all of it")]
#[path = "../callback/support.rs"]
mod support;
