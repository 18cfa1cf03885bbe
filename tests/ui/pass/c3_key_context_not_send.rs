//! C3: a context is dropped in the thread whose operation lets the key object go, or in the one
//! that unregisters the callback.

use std::sync::Mutex;

use cm_callback::RegistryCallback;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = Mutex<u32>;
    type CallContext = Mutex<u32>;
}
