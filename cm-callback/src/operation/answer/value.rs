//! A value as an answer.
//!
//! The layouts are those of `KEY_VALUE_*_INFORMATION`
//! (<https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_key_value_full_information>
//! and its neighbours).

use wdm_safe::registry::ValueType;
use wdm_safe::user_memory::UserBuffer;
use wdm_safe::{NtError, UnicodeStr};
use wdm_sys as sys;

use super::{Answers, Asked, Structure, number};
use crate::border::reply::Answered;
use crate::operation::{EnumerateValue, Operation, QueryValue};

/// A value, as an answer.
#[derive(Clone, Copy, Debug)]
pub struct ValueAnswer<'a> {
    /// Its name; a query knows it already and may be answered with the name that it asked for.
    pub name: &'a UnicodeStr,
    /// Its type.
    pub kind: ValueType,
    /// Its data.
    pub data: &'a [u8],
}

/// A query or an enumeration of values: their structures name the same fields.
macro_rules! answers_with_a_value {
    ($($operation:ident)+) => {
        $(impl Answers for $operation {
            type Answer<'a> = ValueAnswer<'a>;

            fn write(
                asked: Asked<'_, Self>,
                answer: &ValueAnswer<'_>,
            ) -> Result<Answered, NtError> {
                let to = Self::output(asked).ok_or(NtError::NOT_SUPPORTED)?;
                let class = asked.info.fields().KeyValueInformationClass;
                let said = asked.info.variable(|info| info.ResultLength);
                answer.write(class, to, said)?;
                Ok(asked.info.answered())
            }

            fn output(asked: Asked<'_, Self>) -> Option<UserBuffer<'_>> {
                let place = |info: &<Self as Operation>::Info| (info.KeyValueInformation, info.Length);
                Some(asked.info.output(place))
            }
        })+
    };
}

answers_with_a_value! { QueryValue EnumerateValue }

impl ValueAnswer<'_> {
    fn write(
        &self,
        class: sys::KEY_VALUE_INFORMATION_CLASS,
        to: UserBuffer<'_>,
        said: UserBuffer<'_>,
    ) -> Result<(), NtError> {
        let (name, data) = (self.name.as_bytes(), self.data);
        let (title, kind) = ([0; 4], self.kind.0.to_ne_bytes());
        let (name_length, data_length) = (number(name.len())?, number(data.len())?);
        match class {
            // TitleIndex, Type, NameLength, Name.
            sys::KeyValueBasicInformation => Structure {
                fields: &[title, kind, name_length],
                tails: &[(12, name)],
            }
            .write(to, said),
            // TitleIndex, Type, DataOffset, DataLength, NameLength, Name; the data is aligned.
            sys::KeyValueFullInformation | sys::KeyValueFullInformationAlign64 => {
                let align = match class {
                    sys::KeyValueFullInformation => 4,
                    _ => 8,
                };
                let start = name.len().saturating_add(20).next_multiple_of(align);
                Structure {
                    fields: &[title, kind, number(start)?, data_length, name_length],
                    tails: &[(20, name), (start, data)],
                }
                .write(to, said)
            }
            // TitleIndex, Type, DataLength, Data.
            sys::KeyValuePartialInformation => Structure {
                fields: &[title, kind, data_length],
                tails: &[(12, data)],
            }
            .write(to, said),
            // Type, DataLength, Data.
            sys::KeyValuePartialInformationAlign64 => Structure {
                fields: &[kind, data_length],
                tails: &[(8, data)],
            }
            .write(to, said),
            _ => Err(NtError::NOT_SUPPORTED),
        }
    }
}
