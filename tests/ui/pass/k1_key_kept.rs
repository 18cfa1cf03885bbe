//! K1, K3: a key object is lent for the notification. What keeps it alive for longer is a
//! reference of one's own.

use cm_callback::KeyObject;
use cm_callback::operation::SetValue;
use cm_callback::{Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn remember(op: &Pre<'_, SetValue, Notes>, last: &mut Option<KeyObject>) {
    *last = op.key().ok().map(|key| key.reference());
}
