//! N8: the buffer of the caller is there for the notification only.

use cm_callback::operation::QueryValue;
use cm_callback::{Post, RegistryCallback};
use wdm_safe::user_memory::UserBuffer;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn remember(op: &Post<'_, QueryValue, Notes>, last: &mut Option<UserBuffer<'static>>) {
    *last = op.output(); //~ ERROR: lifetime may not live long enough
}
