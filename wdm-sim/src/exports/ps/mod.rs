//! Processes and threads.

mod notify;
mod processes;
mod query;
pub(super) mod system_threads;

use super::Export;

/// The tables of this folder's files.
pub(super) static TABLES: &[&[Export]] = &[
    notify::EXPORTS,
    processes::EXPORTS,
    query::EXPORTS,
    system_threads::EXPORTS,
];
