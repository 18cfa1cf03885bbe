//! C1: a context is set from inside the registry callback only, so only a notification has the
//! cookie that it takes. The object that is registered has none.

use cm_callback::{Key, Pre, RegistryCallback, operation::SetValue};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn annotate(op: &Pre<'_, SetValue, Notes>, key: Key<'_, Notes>) {
    let _ = op.cookie().set_context(key, 1);
}
