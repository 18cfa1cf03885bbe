//! K2b: a save of two merged keys names no key object in either phase.

use cm_callback::operation::SaveMergedKey as Save;
use cm_callback::{Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn save(op: &Pre<'_, Save, Notes>) -> bool {
    op.key().is_ok() //~ ERROR: `SaveMergedKey` is not an operation on a key
}
