//! C1: a context is set during a notification only, so the cookie lives no longer than that.

use cm_callback::operation::SetValue;
use cm_callback::{Cookie, Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn remember(op: &Pre<'_, SetValue, Notes>, last: &mut Option<Cookie<'static, Notes>>) {
    *last = Some(op.cookie()); //~ ERROR: lifetime may not live long enough
}
