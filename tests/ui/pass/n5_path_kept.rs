//! N5: the path of a create is the caller's text, below a root that is lent for the notification.

use cm_callback::operation::{CreateKey, OpenPath};
use cm_callback::{Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn remember<'n>(op: &Pre<'n, CreateKey, Notes>, last: &mut Option<OpenPath<'n, Notes>>) {
    *last = Some(op.path());
}
