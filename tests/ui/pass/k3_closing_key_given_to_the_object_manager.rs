//! K3: the object of a close is being destroyed, with a reference count of zero; the object
//! manager must not see it.

use cm_callback::operation::DeleteKey as Operation;
use cm_callback::{Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn closing(op: &Pre<'_, Operation, Notes>) {
    if let Ok(key) = op.key() {
        drop(key.reference());
    }
}
