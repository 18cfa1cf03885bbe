//! Several values as an answer.
//!
//! The caller's array of `KEY_VALUE_ENTRY` names the values and takes their types, lengths and
//! offsets; the data of all goes into one buffer
//! (<https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_query_multiple_value_key_information>).

use core::mem::offset_of;

use wdm_safe::NtError;
use wdm_safe::registry::ValueType;
use wdm_safe::user_memory::UserBuffer;
use wdm_sys::KEY_VALUE_ENTRY;

use super::{Answers, Asked, number};
use crate::border::input::Info;
use crate::border::reply::Answered;
use crate::operation::{Operation, QueryMultipleValue};

/// A value's type and data, as an answer to a query for several.
#[derive(Clone, Copy, Debug)]
pub struct ValueData<'a> {
    /// Its type.
    pub kind: ValueType,
    /// Its data.
    pub data: &'a [u8],
}

/// The caller's array.
pub(in crate::operation) fn entries<'n>(
    info: Info<'n, <QueryMultipleValue as Operation>::Info>,
) -> UserBuffer<'n> {
    let size = size_of::<KEY_VALUE_ENTRY>() as u32;
    info.output(|info| {
        (
            info.ValueEntries.cast(),
            info.EntryCount.saturating_mul(size),
        )
    })
}

/// An answer has one item for each value that is asked for, in the same order; another number of
/// items is no answer, and the notification comes back.
impl Answers for QueryMultipleValue {
    type Answer<'a> = [ValueData<'a>];

    fn write(asked: Asked<'_, Self>, answer: &[ValueData<'_>]) -> Result<Answered, NtError> {
        let info = asked.info;
        if answer.len() != info.fields().EntryCount as usize {
            return Err(NtError::NOT_SUPPORTED);
        }
        let mut data = Self::output(asked).ok_or(NtError::NOT_SUPPORTED)?;
        let mut entries = entries(info);
        let (mut used, mut needed) = (0, 0_usize);
        for (index, value) in answer.iter().enumerate() {
            let entry = index.saturating_mul(size_of::<KEY_VALUE_ENTRY>());
            let start = needed.next_multiple_of(size_of::<u32>());
            needed = start.saturating_add(value.data.len());
            if needed <= data.len() {
                data.write_at(start, value.data)?;
                used = needed;
            }
            let fields = [
                (
                    offset_of!(KEY_VALUE_ENTRY, DataLength),
                    number(value.data.len())?,
                ),
                (offset_of!(KEY_VALUE_ENTRY, DataOffset), number(start)?),
                (
                    offset_of!(KEY_VALUE_ENTRY, Type),
                    value.kind.0.to_ne_bytes(),
                ),
            ];
            for (field, bytes) in fields {
                entries.write_at(entry.saturating_add(field), &bytes)?;
            }
        }
        let fits = needed <= data.len();
        let mut length = info.variable(|info| info.BufferLength);
        length.write_at(0, &number(used)?)?;
        if !info.fields().RequiredBufferLength.is_null() {
            let mut required = info.variable(|info| info.RequiredBufferLength);
            required.write_at(0, &number(needed)?)?;
        }
        match fits {
            true => Ok(info.answered()),
            false => Err(NtError::BUFFER_OVERFLOW),
        }
    }

    fn output(asked: Asked<'_, Self>) -> Option<UserBuffer<'_>> {
        asked.sized(|info| info.ValueBuffer, |info| info.BufferLength)
    }
}
