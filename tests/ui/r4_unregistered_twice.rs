//! R4: the kernel forgets a cookie when it is unregistered, and so does the object.

use cm_callback::{CallbackObject, RegistryCallback};
use wdm_safe::Lifecycle;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn stop(live: CallbackObject<Notes>, at: &Lifecycle<'_>) {
    let callback = live.unregister(at);
    drop((callback, live.unregister(at))); //~ ERROR: use of moved value: `live`
}
