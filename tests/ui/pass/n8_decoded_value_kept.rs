//! N8: decoding does not copy, so what was decoded lives no longer than the data.

use cm_callback::operation::SetValue;
use cm_callback::{Pre, RegistryCallback};
use wdm_safe::registry::ValueRef;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn remember<'n>(op: &Pre<'n, SetValue, Notes>, last: &mut Option<ValueRef<'n>>) {
    *last = Some(op.decode());
}
