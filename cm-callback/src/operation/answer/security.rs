//! A security descriptor as an answer.

use wdm_safe::NtError;
use wdm_safe::user_memory::UserBuffer;

use super::{Answers, Asked, number};
use crate::border::reply::Answered;
use crate::operation::QuerySecurity;

/// The answer is the bytes of a self-relative security descriptor with the parts that are asked for
/// ([`Pre::security_parts`](crate::Pre::security_parts)).
impl Answers for QuerySecurity {
    type Answer<'a> = [u8];

    fn write(asked: Asked<'_, Self>, answer: &[u8]) -> Result<Answered, NtError> {
        let mut to = Self::output(asked).ok_or(NtError::NOT_SUPPORTED)?;
        let mut length = asked.info.variable(|info| info.Length);
        length.write_at(0, &number(answer.len())?)?;
        if to.len() < answer.len() {
            return Err(NtError::BUFFER_TOO_SMALL);
        }
        to.write_at(0, answer)?;
        Ok(asked.info.answered())
    }

    fn output(asked: Asked<'_, Self>) -> Option<UserBuffer<'_>> {
        asked.sized(|info| info.SecurityDescriptor, |info| info.Length)
    }
}
