//! K3: the stages are those that the kernel's rules tell apart; a driver adds none.

use cm_callback::{Key, RegistryCallback};

pub struct Reopened;
impl cm_callback::Stage for Reopened { //~ ERROR: /`Reopened: .*Sealed` is not satisfied/
    const HAS_CONTEXT: bool = true;
    const HAS_HANDLES: bool = true;
}

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn key(_key: Key<'_, Notes, Reopened>) {}
