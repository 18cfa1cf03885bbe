//! R4: unregistering waits for the callbacks in flight, inside one for ever; so it asks for a
//! token that only the driver's start and end hand out.

use cm_callback::operation::SetValue;
use cm_callback::{CallbackObject, Pre, PreOutcome, RegistryCallback};
use wdm_safe::Lifecycle;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn set(
    op: Pre<'_, SetValue, Notes>,
    live: CallbackObject<Notes>,
    at: &Lifecycle<'_>,
) -> PreOutcome<SetValue, Notes> {
    drop(live.unregister(at));
    op.pass()
}
