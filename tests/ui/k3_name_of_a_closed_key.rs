//! K3: the kernel gives the name of a key object until the pre-notification of its close.

use cm_callback::operation::CloseKey;
use cm_callback::{Post, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn closed(op: &Post<'_, CloseKey, Notes>) {
    if let Ok(key) = op.key() {
        let _ = op.cookie().key_name(key);
        //~^ ERROR: the registry takes no key object in the stage `Closed`
    }
}
