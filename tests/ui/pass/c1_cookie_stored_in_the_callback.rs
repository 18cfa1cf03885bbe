//! C1: the callback is shared by all threads and outlives every notification; a cookie in it would
//! belong to neither.

use cm_callback::RegistryCallback;

pub struct Notes {
    pub last: Option<u64>,
}

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}
