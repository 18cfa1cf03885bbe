//! N4: a create owes one output more than an open: whether the key is new.

use cm_callback::operation::CreateKey;
use cm_callback::{Created, Opened, Pre, PreOutcome, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn create(op: Pre<'_, CreateKey, Notes>, opened: Opened) -> PreOutcome<CreateKey, Notes> {
    let ours: Created = opened; //~ ERROR: mismatched types
    op.complete_with(ours)
}
