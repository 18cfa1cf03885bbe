//! The object manager's routines: handles and references, callbacks for handles, event objects.

mod callbacks;
mod event;
pub(super) mod objects;

use super::Export;

/// The tables of this folder's files.
pub(super) static TABLES: &[&[Export]] = &[callbacks::EXPORTS, event::EXPORTS, objects::EXPORTS];
