//! N2: every notification is answered.

use cm_callback::operation::SetValue;
use cm_callback::{Pre, PreOutcome, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn set(op: Pre<'_, SetValue, Notes>) -> PreOutcome<SetValue, Notes> {
    let _ = op.kind(); //~^ ERROR: mismatched types
}
