//! C2: what comes back as the context is read as the callback's own type, so that is what goes in.

use cm_callback::{Cookie, Key, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn annotate(cookie: Cookie<'_, Notes>, key: Key<'_, Notes>) {
    let _ = cookie.set_context(key, "a note"); //~ ERROR: mismatched types
}
