//! C1, R3: before the kernel knows the callback there is no cookie, and no key object to set a
//! context on. An idle callback object has neither.

use cm_callback::{Key, RegistryCallback};
use cm_callback::{Post, operation::SetValue};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn annotate(op: &Post<'_, SetValue, Notes>, key: Key<'_, Notes>) {
    let _ = op.cookie().set_context(key, 1);
}
