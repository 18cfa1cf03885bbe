//! The conformance suite: what `docs/semantics.md` says, line by line, against the simulated kernel.
//!
//! A test is named after the line that it tests: `r1_...` for a rule, `hlk_...` for a case of the
//! HLK's registry callback tests, `regfltr_...` for one of that sample, `field_...` for a mistake
//! that was seen in the field. `list` checks that no line is without one; `cargo xtask conformance`
//! prints the table. The drivers are this project's own and call the kernel's routines as a linked
//! driver does, so that what is tested is the simulator.

#![allow(non_upper_case_globals, reason = "C's names in patterns")]

#[allow(dead_code, reason = "the rest is for the simulator's own tests")]
#[allow(
    clippy::mut_from_ref,
    reason = "the kernel lends structures for a call"
)]
#[path = "../../wdm-sim/tests/cm/support.rs"]
mod driver;

mod field;
mod hlk;
mod list;
#[allow(dead_code, reason = "the rest is for the simulator's own tests")]
#[path = "../../wdm-sim/tests/cm/transactions/managers.rs"]
mod managers;
mod protection;
mod regfltr;
mod rules;
mod support;
