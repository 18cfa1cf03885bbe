//! C3: a context is dropped when its key object has closed, so a look at it ends with the
//! notification.

use cm_callback::operation::SetValue;
use cm_callback::{Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn remember<'n>(op: &Pre<'n, SetValue, Notes>, last: &mut Option<&'n u32>) {
    if let Ok(key) = op.key() {
        *last = key.context();
    }
}
