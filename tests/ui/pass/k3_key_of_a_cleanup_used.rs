//! K3: what is left of the key object in its cleanup is an address.

use cm_callback::{Cleanup, Cookie, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn cleanup(op: &Cleanup<'_, Notes>, cookie: Cookie<'_, Notes>) {
    if let Some(key) = op.key() {
        let _ = (key.address(), cookie);
    }
}
