//! The simulated framework of UMDF 1, against Microsoft's pages.

mod belongings;
mod cancellation;
mod entry;
mod fail_each;
mod failures;
mod full;
mod hosts;
mod properties;
mod raw;
mod rules;
mod sequences;
mod support;
mod targets;
mod threads;
mod wake;
