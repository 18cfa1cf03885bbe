//! N1: what a post-notification says is not in a pre-notification's structure.

use cm_callback::operation::SetValue;
use cm_callback::{Post, PostOutcome, RegistryCallback};
use wdm_safe::NtStatus;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;

    fn post_set_value(&self, op: Post<'_, SetValue, Self>) -> PostOutcome<SetValue, Self> {
        let _: NtStatus = op.status();
        op.keep()
    }
}
