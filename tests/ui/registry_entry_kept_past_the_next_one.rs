//! A cursor's entry is in the buffer until the next one is asked for.

use wdm_safe::registry::{KeyBuffer, RegKey, SubkeyEntry};
use wdm_safe::{Passive, Result, UnicodeString};

pub fn last(key: &RegKey, at: Passive<'_>) -> Result<Option<UnicodeString>> {
    let mut buffer = KeyBuffer::new();
    let mut last: Option<SubkeyEntry<'_>> = None;
    let mut subkeys = key.subkeys_in(&mut buffer, at);
    while let Some(entry) = subkeys.next_entry() { //~ ERROR: cannot borrow `subkeys` as mutable more than once
        last = Some(entry?);
    }
    last.map(|entry| UnicodeString::try_from_str(entry.name())).transpose()
}
