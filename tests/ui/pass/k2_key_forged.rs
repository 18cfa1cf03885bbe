//! K2: a key object comes out of a structure of the kernel's, never out of an address.

use core::ffi::c_void;
use core::ptr::null_mut;

use cm_callback::{Key, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn forge<'n>(key: Key<'n, Notes>) -> (Option<Key<'n, Notes>>, *mut c_void) {
    let address = null_mut();
    (Some(key), address)
}
