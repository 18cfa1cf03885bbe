//! N1: what a post-notification says is not in a pre-notification's structure.

use cm_callback::operation::SetValue;
use cm_callback::{Pre, PreOutcome, RegistryCallback};
use wdm_safe::NtStatus;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;

    fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
        let _: NtStatus = op.status(); //~ ERROR: no method named `status` found
        op.pass()
    }
}
