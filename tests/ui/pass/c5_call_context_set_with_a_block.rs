//! C5: where an operation is blocked its post-notification does not come, and a call context would
//! be lost. It travels with "go on" only.

use cm_callback::operation::SetValue;
use cm_callback::{Pre, PreOutcome, RegistryCallback};
use wdm_safe::NtError;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn set(op: Pre<'_, SetValue, Notes>) -> PreOutcome<SetValue, Notes> {
    op.pass_with(1)
        .unwrap_or_else(|failed| failed.notification.block(NtError::ACCESS_DENIED))
}
