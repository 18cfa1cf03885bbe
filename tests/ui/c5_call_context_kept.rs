//! C5: the call context is dropped with the post-notification that it travelled to, so what has
//! looked at it is done before an outcome uses the notification up.

use cm_callback::operation::SetValue;
use cm_callback::{Post, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn remember<'o, 'n>(op: &'o Post<'n, SetValue, Notes>, last: &mut Option<&'n u32>) {
    *last = op.call_context(); //~ ERROR: lifetime may not live long enough
}
