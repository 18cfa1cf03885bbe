//! N1, R4: a callback is used on the threads of others, and is given back on whichever thread
//! unregisters it.

use std::sync::Mutex;
use std::sync::MutexGuard;

use cm_callback::RegistryCallback;

pub struct Guard {
    pub held: MutexGuard<'static, u32>,
}

impl RegistryCallback for Guard {
    //~^ ERROR: cannot be sent between threads safely
    type KeyContext = Mutex<u32>;
    type CallContext = u32;
}
