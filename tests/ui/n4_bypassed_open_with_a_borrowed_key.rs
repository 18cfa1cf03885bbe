//! N4: the caller gets the key object with a reference of its own; one that is lent for the
//! notification has none to give.

use cm_callback::operation::OpenKey;
use cm_callback::{Key, Opened, Pre, PreOutcome, RegistryCallback};
use wdm_safe::registry::KeyAccess;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn open(op: Pre<'_, OpenKey, Notes>, root: Key<'_, Notes>) -> PreOutcome<OpenKey, Notes> {
    let key = root;
    let granted = KeyAccess::READ;
    op.complete_with(Opened { key, granted }) //~ ERROR: mismatched types
}
