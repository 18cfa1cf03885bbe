//! C5: the post-notification reads the call context as the callback's own type.

use cm_callback::operation::SetValue;
use cm_callback::{Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn set(op: Pre<'_, SetValue, Notes>) {
    let _ = op.pass_with("started"); //~ ERROR: mismatched types
}
