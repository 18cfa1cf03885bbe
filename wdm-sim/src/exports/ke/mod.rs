//! The kernel proper: levels, events and other objects that threads wait for, locks, time, processors.

mod bug_check;
mod dispatcher;
pub(super) mod event;
mod guarded_mutex;
mod level;
mod mutex;
mod processor;
mod queued_lock;
mod semaphore;
mod spin_lock;
#[cfg_attr(
    not(all(target_os = "linux", target_arch = "x86_64")),
    allow(dead_code, reason = "the shared page asks")
)]
pub(crate) mod time;
mod timer;
pub(super) mod wait;

use super::Export;

/// The tables of this folder's files.
pub(super) static TABLES: &[&[Export]] = &[
    bug_check::EXPORTS,
    event::EXPORTS,
    guarded_mutex::EXPORTS,
    level::EXPORTS,
    mutex::EXPORTS,
    processor::EXPORTS,
    queued_lock::EXPORTS,
    semaphore::EXPORTS,
    spin_lock::EXPORTS,
    time::EXPORTS,
    timer::EXPORTS,
    wait::EXPORTS,
];
