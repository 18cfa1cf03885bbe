//! C2: a context belongs to the pair of key object and cookie, and its type to the callback.
//! Another callback's cookie would hand it a pointer to the wrong type.

use cm_callback::{Cookie, Key, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub struct Audit;

impl RegistryCallback for Audit {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn annotate(cookie: Cookie<'_, Notes>, key: Key<'_, Notes>) {
    let _ = cookie.set_context(key, 1);
}
