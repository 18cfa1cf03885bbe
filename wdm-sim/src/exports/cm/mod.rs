//! The configuration manager's routines: registry callbacks, and the system services for keys and hives.

pub(super) mod callbacks;
mod hives;
mod keys;

use super::Export;

/// The tables of this folder's files.
pub(super) static TABLES: &[&[Export]] = &[callbacks::EXPORTS, hives::EXPORTS, keys::EXPORTS];
