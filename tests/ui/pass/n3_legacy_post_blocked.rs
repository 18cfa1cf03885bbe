//! N3: an older post-notification tells what has happened, and has no outcome.

use cm_callback::{LegacyPre, RegistryCallback};
use wdm_safe::NtError;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn end(op: LegacyPre<'_>) {
    let _ = op.block(NtError::ACCESS_DENIED);
}
