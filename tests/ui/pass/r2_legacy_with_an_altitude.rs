//! R2: what was made without an altitude has none to show before it is registered.

use cm_callback::{CallbackObject, LegacyCallback, RegistryCallback, Unregistered};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

impl LegacyCallback for Notes {}

pub fn shown(idle: &CallbackObject<Notes, Unregistered>) -> usize {
    idle.altitude().units().len()
}
