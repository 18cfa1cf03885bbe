//! N5: the name of a create is relative as often as not; only with its root it is a full path.

use cm_callback::operation::CreateKey;
use cm_callback::{CookieError, Pre, RegistryCallback};
use wdm_safe::UnicodeString;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn name(op: &Pre<'_, CreateKey, Notes>) -> Result<UnicodeString, CookieError> {
    op.path().full(op.cookie())
}
