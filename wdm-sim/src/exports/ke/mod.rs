//! The kernel proper: levels, events and other objects that threads wait for, locks, time, processors.

pub(super) mod event;
pub(super) mod guarded_mutex;
pub(super) mod processor;
pub(super) mod queued_lock;
pub(super) mod spin_lock;
#[cfg_attr(
    not(all(target_os = "linux", target_arch = "x86_64")),
    allow(dead_code, reason = "the shared page asks")
)]
pub(crate) mod time;
pub(super) mod timer;
pub(super) mod wait;

use super::Export;

/// The tables of this folder's files.
pub(super) static TABLES: &[&[Export]] = &[
    event::EXPORTS,
    guarded_mutex::EXPORTS,
    processor::EXPORTS,
    queued_lock::EXPORTS,
    spin_lock::EXPORTS,
    time::EXPORTS,
    timer::EXPORTS,
    wait::EXPORTS,
];
