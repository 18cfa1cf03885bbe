//! K2: the key object of a create is behind a look at its status; `key`, which has none, is for
//! operations on a key that was open before.

use cm_callback::operation::CreateKey;
use cm_callback::{Cookie, Post, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn created(op: &Post<'_, CreateKey, Notes>, cookie: Cookie<'_, Notes>) {
    if let Ok(key) = op.opened_key() {
        let _ = cookie.set_context(key, 1);
    }
}
