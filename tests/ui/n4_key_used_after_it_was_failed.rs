//! N4: making a failure of a create lets its key object go, so nothing may be done with it
//! afterwards.

use cm_callback::operation::CreateKey;
use cm_callback::{Post, PostOutcome, RegistryCallback};
use wdm_safe::{NtError, NtStatus};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn created(op: Post<'_, CreateKey, Notes>) -> Result<PostOutcome<CreateKey, Notes>, NtStatus> {
    let key = op.opened_key()?;
    let cookie = op.cookie();
    let outcome = op.fail_with(NtError::ACCESS_DENIED);
    //~^ ERROR: cannot move out of `op` because it is borrowed
    let _ = cookie.set_context(key, 1);
    Ok(outcome)
}
