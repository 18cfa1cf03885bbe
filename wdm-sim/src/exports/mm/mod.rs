//! The memory manager's routines: addresses, and lists of the pages behind them.

pub(super) mod addresses;
pub(super) mod mdl;

use super::Export;

/// The tables of this folder's files.
pub(super) static TABLES: &[&[Export]] = &[addresses::EXPORTS, mdl::EXPORTS];
