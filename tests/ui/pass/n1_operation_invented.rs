//! N1: the classes are the kernel's; a driver adds none.

use cm_callback::operation::RenameKey as MoveKey;
use cm_callback::{Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn moved(_op: &Pre<'_, MoveKey, Notes>) {}
