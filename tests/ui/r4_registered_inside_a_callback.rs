//! R4: registering asks for the same token, so that what registers can also unregister.

use cm_callback::Pre;
use cm_callback::operation::SetValue;
use cm_callback::{CallbackObject, RegistryCallback, Unregistered};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn set(op: &Pre<'_, SetValue, Notes>, idle: CallbackObject<Notes, Unregistered>) {
    drop(idle.register(&op.irql())); //~ ERROR: mismatched types
}
