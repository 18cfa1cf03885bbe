//! R4: unregistering gives the callback back and uses the object up.

use cm_callback::{CallbackObject, RegistryCallback};
use wdm_safe::Lifecycle;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn stop(live: CallbackObject<Notes>, at: &Lifecycle<'_>) {
    let altitude = live.altitude().is_some();
    drop((live.unregister(at), altitude));
}
