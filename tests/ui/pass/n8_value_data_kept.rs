//! N8: the kernel's captured copy of the input lives as long as the notification.

use cm_callback::operation::SetValue;
use cm_callback::{Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn remember<'n>(op: &Pre<'n, SetValue, Notes>, last: &mut &'n [u8]) {
    *last = op.data();
}
