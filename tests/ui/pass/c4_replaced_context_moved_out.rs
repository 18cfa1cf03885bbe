//! C4: a context that was replaced can still be in use by another thread, so `set_context` lends
//! it and it stays where it is.

use cm_callback::{Cookie, Key, RegistryCallback};

pub struct Note(pub String);

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = Note;
    type CallContext = u32;
}

pub fn replace(cookie: Cookie<'_, Notes>, key: Key<'_, Notes>, new: Note) -> Option<String> {
    let replaced = cookie.set_context(key, new).ok()??;
    let Note(text) = replaced;
    Some(text.clone())
}
