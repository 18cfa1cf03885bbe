//! C1: a context is set during a notification only, so the cookie lives no longer than that.

use cm_callback::operation::SetValue;
use cm_callback::{Cookie, Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn remember<'n>(op: &Pre<'n, SetValue, Notes>, last: &mut Option<Cookie<'n, Notes>>) {
    *last = Some(op.cookie());
}
