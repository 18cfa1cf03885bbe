//! A value that was read into a buffer lives no longer than the buffer.

use wdm_safe::registry::{KeyBuffer, RegKey, ValueData};
use wdm_safe::{Passive, Result, unicode};

pub fn read<'b>(key: &RegKey, buffer: &'b mut KeyBuffer, at: Passive<'_>) -> Result<ValueData<'b>> {
    let mut own = KeyBuffer::new();
    let _ = (buffer, &mut own);
    key.value_in(unicode!("Value"), &mut own, at) //~ ERROR: cannot return value referencing local variable `own`
}
