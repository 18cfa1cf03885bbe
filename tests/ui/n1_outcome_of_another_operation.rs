//! N1: an outcome is carried out on the structure of the operation that it was made for.

use cm_callback::operation::{DeleteValue, SetValue};
use cm_callback::{Pre, PreOutcome, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn set(op: Pre<'_, DeleteValue, Notes>) -> PreOutcome<SetValue, Notes> {
    op.pass() //~ ERROR: mismatched types
}
