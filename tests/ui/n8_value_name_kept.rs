//! N8: a name in the structure is lent for the notification; what is to live longer is a copy.

use cm_callback::operation::DeleteValue;
use cm_callback::{Pre, RegistryCallback};
use wdm_safe::{Result, UnicodeStr};
type Kept = Option<&'static UnicodeStr>;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn remember(op: &Pre<'_, DeleteValue, Notes>, last: &mut Kept) -> Result<()> {
    *last = Some(op.value_name()); //~ ERROR: lifetime may not live long enough
    Ok(())
}
