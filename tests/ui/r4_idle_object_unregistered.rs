//! R4: there is nothing to unregister before the object is registered.

use cm_callback::Unregistered as State;
use cm_callback::{CallbackObject, RegistryCallback};
use wdm_safe::Lifecycle;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn stop(object: CallbackObject<Notes, State>, at: &Lifecycle<'_>) {
    drop(object.unregister(at)); //~ ERROR: no method named `unregister` found
}
