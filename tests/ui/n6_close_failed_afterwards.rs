//! N6: the result of a close cannot be changed either.

use cm_callback::operation::CloseKey;
use cm_callback::{Post, PostOutcome, RegistryCallback};
use wdm_safe::NtError;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn closed(op: Post<'_, CloseKey, Notes>) -> PostOutcome<CloseKey, Notes> {
    op.fail_with(NtError::ACCESS_DENIED) //~ ERROR: `CloseKey` can be watched only
}
