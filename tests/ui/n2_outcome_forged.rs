//! N2, C5: only a notification makes an outcome, and is used up by it.

use cm_callback::operation::SetValue;
use cm_callback::{Pre, PreOutcome, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn set(op: Pre<'_, SetValue, Notes>) -> PreOutcome<SetValue, Notes> {
    PreOutcome(op.pass()) //~ ERROR: cannot initialize a tuple struct which contains private fields
}
