//! N1: a callback's methods run on any number of threads at once, so what they share is made for
//! it.

use core::cell::Cell;

use cm_callback::RegistryCallback;

pub struct Guard {
    pub blocked: Cell<u32>,
}

impl RegistryCallback for Guard {
    //~^ ERROR: cannot be shared between threads safely
    type KeyContext = u32;
    type CallContext = u32;
}
