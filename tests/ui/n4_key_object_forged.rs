//! N4: what is handed to a caller is a key object with a reference, made by the kernel.

use core::ptr::NonNull;

use cm_callback::{Key, KeyObject, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn forge(key: Key<'_, Notes>) -> (KeyObject, NonNull<u32>) {
    let address = NonNull::dangling();
    (KeyObject(address), address.cast())
    //~^ ERROR: cannot initialize a tuple struct which contains private fields
}
