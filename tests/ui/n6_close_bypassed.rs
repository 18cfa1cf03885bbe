//! N6: nor can a driver do the close itself: the object goes, whatever the driver says.

use cm_callback::operation::CloseKey;
use cm_callback::{Pre, PreOutcome, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn close(op: Pre<'_, CloseKey, Notes>) -> PreOutcome<CloseKey, Notes> {
    op.complete() //~ ERROR: a callback that does `CloseKey` itself owes its caller outputs
}
