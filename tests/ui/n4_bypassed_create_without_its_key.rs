//! N4: a driver that creates the key itself owes the caller the key object, the access granted and
//! whether the key is new.

use cm_callback::operation::CreateKey;
use cm_callback::{Pre, PreOutcome, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn create(op: Pre<'_, CreateKey, Notes>) -> PreOutcome<CreateKey, Notes> {
    op.complete() //~ ERROR: a callback that does `CreateKey` itself owes its caller outputs
}
