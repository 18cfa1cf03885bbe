//! N1: a callback's methods run on any number of threads at once, so what they share is made for
//! it.

use core::sync::atomic::AtomicU32;

use cm_callback::RegistryCallback;

pub struct Guard {
    pub blocked: AtomicU32,
}

impl RegistryCallback for Guard {
    type KeyContext = u32;
    type CallContext = u32;
}
