//! A cursor's entry is in the buffer until the next one is asked for.

use wdm_safe::registry::{KeyBuffer, RegKey};
use wdm_safe::{Passive, Result, UnicodeString};

pub fn last(key: &RegKey, at: Passive<'_>) -> Result<Option<UnicodeString>> {
    let mut buffer = KeyBuffer::new();
    let mut last: Option<UnicodeString> = None;
    let mut subkeys = key.subkeys_in(&mut buffer, at);
    while let Some(entry) = subkeys.next_entry() {
        last = Some(UnicodeString::try_from_str(entry?.name())?);
    }
    Ok(last)
}
