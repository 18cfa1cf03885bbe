//! Security: access checks, descriptors and identifiers in memory.

mod access;
mod descriptor;
pub(super) mod sid;
pub(super) mod well_known;

use super::Export;

/// The tables of this folder's files.
pub(super) static TABLES: &[&[Export]] = &[access::EXPORTS, descriptor::EXPORTS, sid::EXPORTS];
