//! R2: a callback that is registered without an altitude says what it does in the older
//! notifications, if only by taking the defaults.

use cm_callback::{CallbackObject, LegacyCallback, RegistryCallback};

pub struct Notes;
pub struct Other;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

impl RegistryCallback for Other {
    type KeyContext = u32;
    type CallContext = u32;
}

impl LegacyCallback for Notes {}

pub fn make() {
    drop(CallbackObject::legacy(Other)); //~ ERROR: the trait bound `Other: LegacyCallback` is not satisfied
}
