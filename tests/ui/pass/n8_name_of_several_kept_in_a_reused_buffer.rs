//! N8: a name that was copied into a buffer is gone when the next one takes its place.

use cm_callback::operation::QueryMultipleValue;
use cm_callback::{Pre, RegistryCallback};
use wdm_safe::NtError;

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn same(op: &Pre<'_, QueryMultipleValue, Notes>) -> Result<bool, NtError> {
    let (mut buffer, mut other) = ([0; 16], [0; 16]);
    let first = op.value_name_in(0, &mut buffer)?;
    let second = op.value_name_in(1, &mut other)?;
    Ok(first == second)
}
