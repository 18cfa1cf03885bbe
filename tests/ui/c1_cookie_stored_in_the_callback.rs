//! C1: the callback is shared by all threads and outlives every notification; a cookie in it would
//! belong to neither.

use cm_callback::{Cookie, RegistryCallback};

pub struct Notes {
    pub last: Option<Cookie<'static, Notes>>,
}

impl RegistryCallback for Notes {
    //~^ ERROR: cannot be sent between threads safely
    //~| ERROR: cannot be shared between threads safely
    type KeyContext = u32;
    type CallContext = u32;
}
