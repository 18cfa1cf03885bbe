//! N2, N3: what a pre-notification decides is not what a post-notification decides.

use cm_callback::operation::SetValue;
use cm_callback::{PostOutcome, Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn set(op: Pre<'_, SetValue, Notes>) -> PostOutcome<SetValue, Notes> {
    op.pass() //~ ERROR: mismatched types
}
