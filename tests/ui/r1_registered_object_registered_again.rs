//! R1: an object that is registered has an altitude already.

use cm_callback::{CallbackObject, Registered, RegistryCallback};
use wdm_safe::Lifecycle;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn start(object: CallbackObject<Notes, Registered>, at: &Lifecycle<'_>) {
    drop(object.register(at)); //~ ERROR: no method named `register` found
}
