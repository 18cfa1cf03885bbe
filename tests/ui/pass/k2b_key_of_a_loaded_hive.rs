//! K2b: the post-notification of a load names no key object; the pre-notification does.

use cm_callback::operation::LoadKey;
use cm_callback::{Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn loaded(op: &Pre<'_, LoadKey, Notes>) -> bool {
    op.key().is_ok()
}
