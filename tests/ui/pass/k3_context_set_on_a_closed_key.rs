//! C1, K3: the pre-notification of the close is the last one that may set a context; in the
//! post-notification the object's contexts have been cleaned up already.

use cm_callback::RegistryCallback;
use cm_callback::operation::CloseKey;
use cm_callback::{Pre, PreOutcome};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn closed(op: Pre<'_, CloseKey, Notes>) -> PreOutcome<CloseKey, Notes> {
    if let Ok(key) = op.key() {
        let _ = op.cookie().set_context(key, 1);
    }
    op.pass()
}
