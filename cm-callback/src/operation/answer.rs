//! Answering a query or an enumeration in the registry's place.
//!
//! The layouts are those of `KEY_VALUE_*_INFORMATION` and `KEY_*_INFORMATION`
//! (<https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_key_value_full_information>
//! and its neighbours).

use core::marker::PhantomData;

use wdm_safe::registry::ValueType;
use wdm_safe::{NtError, UnicodeStr};
use wdm_sys as sys;

use super::{EnumerateKey, EnumerateValue, Operation, QueryValue};
use crate::RegistryCallback;
use crate::border::input::Info;
use crate::border::output::{Place, Structure};
use crate::border::reply::Answered;
use crate::notification::{Post, Pre};
use crate::outcome::{PostAction, PostOutcome, PreAction, PreOutcome};

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

/// A subkey, as an answer.
#[derive(Clone, Copy, Debug)]
pub struct KeyAnswer<'a> {
    /// Its name: one component.
    pub name: &'a UnicodeStr,
    /// When it was written last, in units of 100 ns since 1601, UTC.
    pub last_write_time: i64,
}

/// An operation that asks for something, which a callback can answer in the registry's place.
#[diagnostic::on_unimplemented(message = "`{Self}` asks for nothing that a callback could answer")]
pub trait Answers: Operation<Reply = Answered> {
    /// What is asked for.
    type Answer<'a>;

    /// Writes the answer to where the caller wants it.
    #[doc(hidden)]
    fn write(info: Writing<'_, Self>, answer: &Self::Answer<'_>) -> Result<Answered, NtError>;
}

/// The structure that says where an answer goes.
#[doc(hidden)]
pub struct Writing<'n, O: Operation>(Info<'n, O::Info>);

macro_rules! place {
    ($info:ident $buffer:ident) => {
        |$info| Place {
            buffer: $info.$buffer,
            length: $info.Length,
            result_length: $info.ResultLength,
        }
    };
}

/// A query or an enumeration of values: their structures name the same fields.
macro_rules! answers_with_a_value {
    ($($operation:ident)+) => {
        $(impl Answers for $operation {
            type Answer<'a> = ValueAnswer<'a>;

            fn write(
                info: Writing<'_, Self>,
                answer: &ValueAnswer<'_>,
            ) -> Result<Answered, NtError> {
                let class = info.0.fields().KeyValueInformationClass;
                value(class, answer, |it| info.0.answer(place!(info KeyValueInformation), it))
            }
        })+
    };
}

answers_with_a_value! { QueryValue EnumerateValue }

impl Answers for EnumerateKey {
    type Answer<'a> = KeyAnswer<'a>;

    fn write(info: Writing<'_, Self>, answer: &KeyAnswer<'_>) -> Result<Answered, NtError> {
        let class = info.0.fields().KeyInformationClass;
        key(class, answer, |it| {
            info.0.answer(place!(info KeyInformation), it)
        })
    }
}

impl<O: Operation, C: RegistryCallback> Pre<'_, O, C> {
    /// Answers in the registry's place (bypass): the outputs are written now, in the form that the
    /// caller asked for, and this callback gets no post-notification (N2). If they do not fit, the
    /// caller gets the status for that and the length that is needed, as from the registry.
    ///
    /// # Errors
    /// The notification comes back if the caller asks for a form that this crate does not write.
    pub fn answer(self, answer: &O::Answer<'_>) -> Result<PreOutcome<O, C>, Self>
    where
        O: Answers,
    {
        match O::write(Writing(self.info), answer) {
            Ok(answered) => Ok(PreOutcome(PreAction::Complete(answered))),
            Err(NtError::NOT_SUPPORTED) => Err(self),
            Err(status) => Ok(PreOutcome(PreAction::Block(status))),
        }
    }
}

impl<O: Operation, C: RegistryCallback> Post<'_, O, C> {
    /// Puts another answer in the place of the registry's, be that an answer or a failure (N3).
    ///
    /// # Errors
    /// The notification comes back if the caller asks for a form that this crate does not write.
    pub fn answer(self, answer: &O::Answer<'_>) -> Result<PostOutcome<O, C>, Self>
    where
        O: Answers,
    {
        let Some(info) = self.info else {
            return Err(self);
        };
        let action = match O::write(Writing(info), answer) {
            Ok(answered) => PostAction::Succeed(answered),
            Err(NtError::NOT_SUPPORTED) => return Err(self),
            Err(status) => PostAction::Fail(status),
        };
        Ok(PostOutcome(action, PhantomData))
    }
}

/// A 32-bit field.
fn field(number: usize) -> Result<[u8; 4], NtError> {
    let number = u32::try_from(number).map_err(|_| NtError::INSUFFICIENT_RESOURCES)?;
    Ok(number.to_ne_bytes())
}

fn value(
    class: sys::KEY_VALUE_INFORMATION_CLASS,
    answer: &ValueAnswer<'_>,
    write: impl FnOnce(&Structure<'_>) -> Result<Answered, NtError>,
) -> Result<Answered, NtError> {
    let (name, data) = (answer.name.as_bytes(), answer.data);
    let (title, kind) = ([0; 4], answer.kind.0.to_ne_bytes());
    let (name_length, data_length) = (field(name.len())?, field(data.len())?);
    match class {
        // TitleIndex, Type, NameLength, Name.
        sys::KeyValueBasicInformation => {
            let fixed = [title, kind, name_length];
            write(&Structure {
                fixed: fixed.as_flattened(),
                tails: &[(12, name)],
            })
        }
        // TitleIndex, Type, DataOffset, DataLength, NameLength, Name; the data is aligned.
        sys::KeyValueFullInformation | sys::KeyValueFullInformationAlign64 => {
            let align = if class == sys::KeyValueFullInformation {
                4
            } else {
                8
            };
            let start = name.len().saturating_add(20).next_multiple_of(align);
            let fixed = [title, kind, field(start)?, data_length, name_length];
            write(&Structure {
                fixed: fixed.as_flattened(),
                tails: &[(20, name), (start, data)],
            })
        }
        // TitleIndex, Type, DataLength, Data.
        sys::KeyValuePartialInformation => {
            let fixed = [title, kind, data_length];
            write(&Structure {
                fixed: fixed.as_flattened(),
                tails: &[(12, data)],
            })
        }
        // Type, DataLength, Data.
        sys::KeyValuePartialInformationAlign64 => {
            let fixed = [kind, data_length];
            write(&Structure {
                fixed: fixed.as_flattened(),
                tails: &[(8, data)],
            })
        }
        _ => Err(NtError::NOT_SUPPORTED),
    }
}

fn key(
    class: sys::KEY_INFORMATION_CLASS,
    answer: &KeyAnswer<'_>,
    write: impl FnOnce(&Structure<'_>) -> Result<Answered, NtError>,
) -> Result<Answered, NtError> {
    let name = answer.name.as_bytes();
    let time = answer.last_write_time.to_ne_bytes();
    let [low, high] = [
        [time[0], time[1], time[2], time[3]],
        [time[4], time[5], time[6], time[7]],
    ];
    match class {
        // LastWriteTime, TitleIndex, NameLength, Name.
        sys::KeyBasicInformation => {
            let fixed = [low, high, [0; 4], field(name.len())?];
            write(&Structure {
                fixed: fixed.as_flattened(),
                tails: &[(16, name)],
            })
        }
        // LastWriteTime, TitleIndex, ClassOffset, ClassLength, NameLength, Name; no class.
        sys::KeyNodeInformation => {
            let fixed = [low, high, [0; 4], [0xFF; 4], [0; 4], field(name.len())?];
            write(&Structure {
                fixed: fixed.as_flattened(),
                tails: &[(24, name)],
            })
        }
        _ => Err(NtError::NOT_SUPPORTED),
    }
}
