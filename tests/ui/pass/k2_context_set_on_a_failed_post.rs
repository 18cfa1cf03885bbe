//! K2: only a status of exactly STATUS_SUCCESS gives a key object. Any other leaves a pointer that
//! must not be used, so it comes as the status alone.

use cm_callback::operation::OpenKey;
use cm_callback::{Post, PostOutcome, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn opened(op: Post<'_, OpenKey, Notes>) -> PostOutcome<OpenKey, Notes> {
    if let Ok(key) = op.opened_key() {
        let _ = op.cookie().set_context(key, 1);
    }
    op.keep()
}
