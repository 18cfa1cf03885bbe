//! R1: an object that is registered has an altitude already.

use cm_callback::{CallbackObject, RegistryCallback, Unregistered};
use wdm_safe::Lifecycle;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn start(object: CallbackObject<Notes, Unregistered>, at: &Lifecycle<'_>) {
    drop(object.register(at));
}
