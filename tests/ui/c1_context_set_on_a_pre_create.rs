//! C1: a key that is created takes a context from its post-notification on. Before that there is
//! no key object; the one that the structure names is the root.

use cm_callback::RegistryCallback;
use cm_callback::operation::CreateKey;
use cm_callback::{Pre, PreOutcome};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn created(op: Pre<'_, CreateKey, Notes>) -> PreOutcome<CreateKey, Notes> {
    if let Ok(key) = op.key() {
        //~^ ERROR: `CreateKey` is not an operation on a key that is already open
        let _ = op.cookie().set_context(key, 1);
    }
    op.pass()
}
