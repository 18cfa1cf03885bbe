//! N4, C3: with the key object its contexts go, too.

use cm_callback::operation::OpenKey;
use cm_callback::{Post, PostOutcome, RegistryCallback};
use wdm_safe::{NtError, NtStatus};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn opened(op: Post<'_, OpenKey, Notes>) -> Result<PostOutcome<OpenKey, Notes>, NtStatus> {
    let note = op.opened_key()?.context();
    assert_eq!(note, Some(&1));
    Ok(op.fail_with(NtError::ACCESS_DENIED))
}
