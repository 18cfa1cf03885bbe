//! N5: what version 1 of the structure has besides is there only where its `Version` says so.

use cm_callback::operation::CreateKey;
use cm_callback::{Pre, RegistryCallback};
use wdm_safe::UnicodeStr;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn rest<'n>(op: &Pre<'n, CreateKey, Notes>) -> Option<&'n UnicodeStr> {
    op.v1().map(|v1| v1.remaining_name())
}
