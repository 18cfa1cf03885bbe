//! C1: a context is set from inside the registry callback only, so only a notification has the
//! cookie that it takes. The object that is registered has none.

use cm_callback::{CallbackObject, Key, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn annotate(live: &CallbackObject<Notes>, key: Key<'_, Notes>) {
    let _ = live.cookie().set_context(key, 1); //~ ERROR: no method named `cookie` found
}
