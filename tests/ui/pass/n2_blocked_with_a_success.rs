//! N2: a pre-notification blocks with a failure; a success would let the operation go on.

use cm_callback::operation::SetValue;
use cm_callback::{Pre, PreOutcome, RegistryCallback};
use wdm_safe::NtError;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn set(op: Pre<'_, SetValue, Notes>) -> PreOutcome<SetValue, Notes> {
    op.block(NtError::ACCESS_DENIED)
}
