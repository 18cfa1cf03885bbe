//! C4: a context that was replaced can still be in use by another thread, so nobody but the
//! cleanup frees it: what `set_context` gives back is a reference and not a box.

use cm_callback::{Cookie, Key, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn replace(cookie: Cookie<'_, Notes>, key: Key<'_, Notes>) {
    if let Ok(Some(replaced)) = cookie.set_context(key, 1) {
        let lent: &u32 = replaced;
        assert_ne!(*lent, 1);
    }
}
