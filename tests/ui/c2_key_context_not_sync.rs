//! C2, C4: notifications on several threads look at one key object's context at the same time.

use core::cell::Cell;

use cm_callback::RegistryCallback;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = Cell<u32>; //~ ERROR: cannot be shared between threads safely
    type CallContext = u32;
}
