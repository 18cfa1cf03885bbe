//! N1: the structure is the kernel's, for the duration of the call.

use cm_callback::operation::SetValue;
use cm_callback::{Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn remember<'n>(op: Pre<'n, SetValue, Notes>, last: &mut Option<Pre<'n, SetValue, Notes>>) {
    *last = Some(op);
}
