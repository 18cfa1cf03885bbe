//! A key as an answer.
//!
//! The layouts are those of `KEY_*_INFORMATION`
//! (<https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_key_full_information> and
//! its neighbours).

use wdm_safe::user_memory::UserBuffer;
use wdm_safe::{NtError, UnicodeStr};
use wdm_sys as sys;

use super::{Answers, Asked, Structure, halves, number};
use crate::border::reply::Answered;
use crate::operation::{EnumerateKey, Operation, QueryKey};

/// A key, as an answer. Which of its parts are used depends on what the caller asked for.
#[derive(Clone, Copy, Debug)]
pub struct KeyAnswer<'a> {
    /// Its name: one component.
    pub name: &'a UnicodeStr,
    /// Its full path; empty if it is not known, and then it cannot be the answer.
    pub full_name: &'a UnicodeStr,
    /// Its class; empty for none.
    pub class: &'a UnicodeStr,
    /// When it was written last, in units of 100 ns since 1601, UTC.
    pub last_write_time: i64,
    /// What is in it.
    pub contents: KeyContents,
}

/// Counts and sizes of what is in a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyContents {
    /// How many subkeys.
    pub subkeys: u32,
    /// The length of the longest subkey's name, in bytes.
    pub longest_name: u32,
    /// The length of the longest subkey's class, in bytes.
    pub longest_class: u32,
    /// How many values.
    pub values: u32,
    /// The length of the longest value's name, in bytes.
    pub longest_value_name: u32,
    /// The length of the longest value's data, in bytes.
    pub longest_value_data: u32,
}

impl<'a> KeyAnswer<'a> {
    /// A key of this name, empty, without a class, written in 1601, whose full path is not known.
    #[must_use]
    pub const fn new(name: &'a UnicodeStr) -> Self {
        Self {
            name,
            full_name: UnicodeStr::new(&[]),
            class: UnicodeStr::new(&[]),
            last_write_time: 0,
            contents: KeyContents {
                subkeys: 0,
                longest_name: 0,
                longest_class: 0,
                values: 0,
                longest_value_name: 0,
                longest_value_data: 0,
            },
        }
    }

    fn write(
        &self,
        class: sys::KEY_INFORMATION_CLASS,
        to: UserBuffer<'_>,
        said: UserBuffer<'_>,
    ) -> Result<(), NtError> {
        let (name, key_class) = (self.name.as_bytes(), self.class.as_bytes());
        let (name_length, class_length) = (number(name.len())?, number(key_class.len())?);
        let ([low, high], title) = (halves(self.last_write_time), [0; 4]);
        let contents = self.contents;
        let (subkeys, values) = (
            contents.subkeys.to_ne_bytes(),
            contents.values.to_ne_bytes(),
        );
        let longest_name = contents.longest_name.to_ne_bytes();
        let longest_class = contents.longest_class.to_ne_bytes();
        let longest_value_name = contents.longest_value_name.to_ne_bytes();
        let longest_value_data = contents.longest_value_data.to_ne_bytes();
        let class_offset = |offset: usize| match key_class {
            [] => Ok([0xFF; 4]),
            _ => number(offset),
        };
        match class {
            // LastWriteTime, TitleIndex, NameLength, Name.
            sys::KeyBasicInformation => Structure {
                fields: &[low, high, title, name_length],
                tails: &[(16, name)],
            }
            .write(to, said),
            // LastWriteTime, TitleIndex, ClassOffset, ClassLength, NameLength, Name, Class; the
            // class is aligned, and where there is none the structure ends with the name.
            sys::KeyNodeInformation => {
                let offset = name.len().saturating_add(24).next_multiple_of(4);
                let start = class_offset(offset)?;
                let tails = [(24, name), (offset, key_class)];
                Structure {
                    fields: &[low, high, title, start, class_length, name_length],
                    tails: if key_class.is_empty() {
                        &tails[..1]
                    } else {
                        &tails
                    },
                }
                .write(to, said)
            }
            // LastWriteTime, TitleIndex, ClassOffset, ClassLength, SubKeys, MaxNameLen, MaxClassLen,
            // Values, MaxValueNameLen, MaxValueDataLen, Class.
            sys::KeyFullInformation => Structure {
                fields: &[
                    low,
                    high,
                    title,
                    class_offset(44)?,
                    class_length,
                    subkeys,
                    longest_name,
                    longest_class,
                    values,
                    longest_value_name,
                    longest_value_data,
                ],
                tails: &[(44, key_class)],
            }
            .write(to, said),
            // LastWriteTime, TitleIndex, SubKeys, MaxNameLen, Values, MaxValueNameLen,
            // MaxValueDataLen, NameLength; padded to eight bytes.
            sys::KeyCachedInformation => Structure {
                fields: &[
                    low,
                    high,
                    title,
                    subkeys,
                    longest_name,
                    values,
                    longest_value_name,
                    longest_value_data,
                    name_length,
                    [0; 4],
                ],
                tails: &[],
            }
            .write(to, said),
            // NameLength, Name.
            sys::KeyNameInformation if !self.full_name.is_empty() => {
                let full_name = self.full_name.as_bytes();
                Structure {
                    fields: &[number(full_name.len())?],
                    tails: &[(4, full_name)],
                }
                .write(to, said)
            }
            _ => Err(NtError::NOT_SUPPORTED),
        }
    }
}

/// A query or an enumeration of keys: their structures name the same fields.
macro_rules! answers_with_a_key {
    ($($operation:ident)+) => {
        $(impl Answers for $operation {
            type Answer<'a> = KeyAnswer<'a>;

            fn write(
                asked: Asked<'_, Self>,
                answer: &KeyAnswer<'_>,
            ) -> Result<Answered, NtError> {
                let to = Self::output(asked).ok_or(NtError::NOT_SUPPORTED)?;
                let class = asked.info.fields().KeyInformationClass;
                let said = asked.info.variable(|info| info.ResultLength);
                answer.write(class, to, said)?;
                Ok(asked.info.answered())
            }

            fn output(asked: Asked<'_, Self>) -> Option<UserBuffer<'_>> {
                let place = |info: &<Self as Operation>::Info| (info.KeyInformation, info.Length);
                Some(asked.info.output(place))
            }
        })+
    };
}

answers_with_a_key! { EnumerateKey QueryKey }
