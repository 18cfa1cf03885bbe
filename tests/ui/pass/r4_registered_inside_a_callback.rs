//! R4: registering asks for the same token, so that what registers can also unregister.

use cm_callback::{CallbackObject, RegistryCallback, Unregistered};
use wdm_safe::Lifecycle;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn set(at: &Lifecycle<'_>, idle: CallbackObject<Notes, Unregistered>) {
    drop(idle.register(at));
}
