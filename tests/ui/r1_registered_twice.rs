//! R1: an altitude is taken once, so registering uses the idle object up; only a registration that
//! failed gives it back.

use cm_callback::{CallbackObject, RegistryCallback, Unregistered};
use wdm_safe::Lifecycle;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn start(
    idle: CallbackObject<Notes, Unregistered>,
    at: &Lifecycle<'_>,
) -> Option<CallbackObject<Notes>> {
    match idle.register(at) {
        Ok(live) => Some(live),
        Err(_) => idle.register(at).ok(), //~ ERROR: use of moved value: `idle`
    }
}
