//! An answer is in the buffer until the next query into it, which writes over it.

use wdm_safe::registry::{KeyBuffer, RegKey};
use wdm_safe::{Passive, Result, unicode};

pub fn both(key: &RegKey, at: Passive<'_>) -> Result<(Option<u32>, Option<u32>)> {
    let mut buffer = KeyBuffer::new();
    let first = key.value_in(unicode!("First"), &mut buffer, at)?;
    let second = key.value_in(unicode!("Second"), &mut buffer, at)?; //~ ERROR: cannot borrow `buffer` as mutable more than once
    Ok((first.as_u32(), second.as_u32()))
}
