//! N6: the close of a key handle can be watched only.

use cm_callback::operation::FlushKey;
use cm_callback::{Pre, PreOutcome, RegistryCallback};
use wdm_safe::NtError;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn close(op: Pre<'_, FlushKey, Notes>) -> PreOutcome<FlushKey, Notes> {
    op.block(NtError::ACCESS_DENIED)
}
