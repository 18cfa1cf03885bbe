//! Replaying what Process Monitor has recorded and exported as CSV.

mod names;
mod run;
mod trace;

pub(crate) use run::{Replayed, run};
pub(crate) use trace::{Trace, read};
