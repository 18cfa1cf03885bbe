//! C4: other threads may be reading the context, so it is lent shared; what changes in it is an
//! atomic.

use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::Relaxed;

use cm_callback::{Cookie, Key, RegistryCallback};

pub struct Note {
    pub count: AtomicU32,
}

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = Note;
    type CallContext = u32;
}

pub fn replace(cookie: Cookie<'_, Notes>, key: Key<'_, Notes>, new: Note) {
    if let Ok(Some(replaced)) = cookie.set_context(key, new) {
        replaced.count.store(0, Relaxed);
    }
}
