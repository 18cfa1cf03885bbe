//! N1: the classes are the kernel's; a driver adds none.

use cm_callback::{Pre, RegistryCallback};

pub struct MoveKey;
impl cm_callback::Operation for MoveKey {}
//~^ ERROR: /`MoveKey: .*Sealed` is not satisfied/
//~| ERROR: not all trait items implemented

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn moved(_op: &Pre<'_, MoveKey, Notes>) {}
