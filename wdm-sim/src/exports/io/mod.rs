//! The I/O manager's routines: devices, their stacks and keys, requests and their queues.

pub(super) mod csq;
mod devices;
pub(super) mod irp;
mod keys;
mod stacks;

use super::Export;

/// The tables of this folder's files.
pub(super) static TABLES: &[&[Export]] = &[
    csq::EXPORTS,
    devices::EXPORTS,
    irp::EXPORTS,
    keys::EXPORTS,
    stacks::EXPORTS,
];
