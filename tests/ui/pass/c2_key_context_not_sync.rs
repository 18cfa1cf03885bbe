//! C2, C4: notifications on several threads look at one key object's context at the same time.

use core::sync::atomic::AtomicU32;

use cm_callback::RegistryCallback;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = AtomicU32;
    type CallContext = u32;
}
