//! N1, R4: a callback is used on the threads of others, and is given back on whichever thread
//! unregisters it.

use std::sync::Mutex;

use cm_callback::RegistryCallback;

pub struct Guard {
    pub held: Mutex<u32>,
}

impl RegistryCallback for Guard {
    type KeyContext = Mutex<u32>;
    type CallContext = u32;
}
