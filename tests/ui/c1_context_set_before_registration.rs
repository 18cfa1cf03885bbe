//! C1, R3: before the kernel knows the callback there is no cookie, and no key object to set a
//! context on. An idle callback object has neither.

use cm_callback::{CallbackObject, Unregistered};
use cm_callback::{Key, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn annotate(idle: &CallbackObject<Notes, Unregistered>, key: Key<'_, Notes>) {
    let _ = idle.cookie().set_context(key, 1); //~ ERROR: no method named `cookie` found
}
