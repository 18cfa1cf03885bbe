//! A value that was read into a buffer lives no longer than the buffer.

use wdm_safe::registry::{KeyBuffer, RegKey, ValueData};
use wdm_safe::{Passive, Result, unicode};

pub fn read<'b>(key: &RegKey, buffer: &'b mut KeyBuffer, at: Passive<'_>) -> Result<ValueData<'b>> {
    key.value_in(unicode!("Value"), buffer, at)
}
