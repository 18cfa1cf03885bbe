//! A key's full name as an answer: a string that leads to its own text, behind it
//! (<https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_query_key_name>).

use core::mem::offset_of;

use wdm_safe::user_memory::UserBuffer;
use wdm_safe::{NtError, UnicodeStr};
use wdm_sys::UNICODE_STRING;

use super::{Answers, Asked, number};
use crate::border::reply::Answered;
use crate::operation::{Operation, QueryKeyName};

impl Answers for QueryKeyName {
    type Answer<'a> = UnicodeStr;

    fn write(asked: Asked<'_, Self>, answer: &UnicodeStr) -> Result<Answered, NtError> {
        const HEAD: usize = size_of::<UNICODE_STRING>();
        const NUL: [u8; 2] = [0; 2];
        let text = answer.as_bytes();
        let with_nul = text.len().saturating_add(NUL.len());
        let maximum = u16::try_from(with_nul).map_err(|_| NtError::NAME_TOO_LONG)?;
        let needed = HEAD.saturating_add(with_nul);
        let info = asked.info;
        let mut to = Self::output(asked).ok_or(NtError::NOT_SUPPORTED)?;
        if !info.fields().ReturnLength.is_null() {
            let mut said = info.variable(|info| info.ReturnLength);
            said.write_at(0, &number(needed)?)?;
        }
        if to.len() < needed {
            return Err(NtError::INFO_LENGTH_MISMATCH);
        }
        let length = maximum - NUL.len() as u16;
        let behind = to.address().wrapping_add(HEAD);
        to.write_at(offset_of!(UNICODE_STRING, Length), &length.to_ne_bytes())?;
        to.write_at(
            offset_of!(UNICODE_STRING, MaximumLength),
            &maximum.to_ne_bytes(),
        )?;
        to.write_at(offset_of!(UNICODE_STRING, Buffer), &behind.to_ne_bytes())?;
        to.write_at(HEAD, text)?;
        to.write_at(HEAD.saturating_add(text.len()), &NUL)?;
        Ok(info.answered())
    }

    fn output(asked: Asked<'_, Self>) -> Option<UserBuffer<'_>> {
        let place = |info: &<Self as Operation>::Info| (info.ObjectNameInfo.cast(), info.Length);
        Some(asked.info.output(place))
    }
}
