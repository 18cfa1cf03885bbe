//! K2, K3: the stage comes from the notification and stays.

use cm_callback::{Key, RegistryCallback, stage};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn revive(key: Key<'_, Notes, stage::Closing>) -> Key<'_, Notes, stage::Live> {
    key //~ ERROR: mismatched types
}
