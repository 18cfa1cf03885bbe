//! Values.

use wdm_sys as sys;

use super::RegKey;
use super::query::{bytes_at, query, u32_at};
use crate::string::{Counted, Utf16, Utf16Strings};
use crate::{NtError, NtStatus, Passive, PoolVec, Result, UnicodeStr};

/// The type of a value: `REG_SZ` and its kin, or any other number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ValueType(pub u32);

impl ValueType {
    /// No type.
    pub const NONE: Self = Self(sys::REG_NONE);
    /// A string.
    pub const SZ: Self = Self(sys::REG_SZ);
    /// A string with environment variables in it.
    pub const EXPAND_SZ: Self = Self(sys::REG_EXPAND_SZ);
    /// Bytes.
    pub const BINARY: Self = Self(sys::REG_BINARY);
    /// A 32-bit number, little-endian.
    pub const DWORD: Self = Self(sys::REG_DWORD);
    /// A 32-bit number, big-endian.
    pub const DWORD_BIG_ENDIAN: Self = Self(sys::REG_DWORD_BIG_ENDIAN);
    /// The target of a symbolic link.
    pub const LINK: Self = Self(sys::REG_LINK);
    /// Strings.
    pub const MULTI_SZ: Self = Self(sys::REG_MULTI_SZ);
    /// A 64-bit number, little-endian.
    pub const QWORD: Self = Self(sys::REG_QWORD);
}

/// A value's data as what its type says it is.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// `REG_SZ`, without the NUL that may end it.
    String(&'a UnicodeStr),
    /// `REG_EXPAND_SZ`, without the NUL that may end it.
    ExpandString(&'a UnicodeStr),
    /// `REG_MULTI_SZ`.
    MultiString(MultiString<'a>),
    /// `REG_DWORD`.
    Dword(u32),
    /// `REG_DWORD_BIG_ENDIAN`, as the number that it means.
    DwordBigEndian(u32),
    /// `REG_QWORD`.
    Qword(u64),
    /// `REG_BINARY`.
    Binary(&'a [u8]),
    /// `REG_SZ`, `REG_EXPAND_SZ` or `REG_MULTI_SZ` at an odd address, which no slice of units can
    /// be at: all of the text, NULs included. [`text`](Self::text) and [`texts`](Self::texts) give
    /// strings wherever they are.
    Unaligned(ValueType, Utf16<'a>),
    /// Any other type, and data that is too short for the number that its type promises.
    Other(ValueType, &'a [u8]),
}

impl<'a> ValueRef<'a> {
    /// Reads data of a type. Whatever the bytes are, the result shows them; a number with too few
    /// bytes comes out as [`ValueRef::Other`], a string at an odd address as
    /// [`ValueRef::Unaligned`]. Odd last bytes of strings and what follows a string's first NUL are
    /// left out.
    #[must_use]
    pub fn decode(kind: ValueType, data: &'a [u8]) -> Self {
        let decoded = match kind {
            ValueType::SZ | ValueType::EXPAND_SZ | ValueType::MULTI_SZ => {
                Some(Self::decode_text(kind, data))
            }
            ValueType::DWORD => data
                .first_chunk()
                .map(|b| Self::Dword(u32::from_le_bytes(*b))),
            ValueType::DWORD_BIG_ENDIAN => data
                .first_chunk()
                .map(|b| Self::DwordBigEndian(u32::from_be_bytes(*b))),
            ValueType::QWORD => data
                .first_chunk()
                .map(|b| Self::Qword(u64::from_le_bytes(*b))),
            ValueType::BINARY => Some(Self::Binary(data)),
            _ => None,
        };
        decoded.unwrap_or(Self::Other(kind, data))
    }

    fn decode_text(kind: ValueType, data: &'a [u8]) -> Self {
        match (units(data), kind) {
            (None, _) => Self::Unaligned(kind, Utf16::new(data)),
            (Some(rest), ValueType::MULTI_SZ) => Self::MultiString(MultiString { rest }),
            (Some(text), ValueType::EXPAND_SZ) => Self::ExpandString(until_nul(text)),
            (Some(text), _) => Self::String(until_nul(text)),
        }
    }

    /// The string of a `REG_SZ` or a `REG_EXPAND_SZ`, wherever it is.
    #[must_use]
    pub fn text(&self) -> Option<Utf16<'a>> {
        match self {
            Self::String(text) | Self::ExpandString(text) => Some((*text).into()),
            Self::Unaligned(ValueType::SZ | ValueType::EXPAND_SZ, text) => Some(text.until_nul()),
            _ => None,
        }
    }

    /// The strings of a `REG_MULTI_SZ`, wherever they are.
    #[must_use]
    pub fn texts(&self) -> Option<Utf16Strings<'a>> {
        match self {
            Self::MultiString(texts) => Some(Utf16::from(UnicodeStr::new(texts.rest)).strings()),
            Self::Unaligned(ValueType::MULTI_SZ, text) => Some(text.strings()),
            _ => None,
        }
    }
}

/// Bytes as UTF-16 units, if they are at an even address.
fn units(data: &[u8]) -> Option<&[u16]> {
    // SAFETY: every pair of bytes is a valid u16.
    let (before, units, _odd) = unsafe { data.align_to::<u16>() };
    before.is_empty().then_some(units)
}

fn until_nul(text: &[u16]) -> &UnicodeStr {
    UnicodeStr::new(text.split(|unit| *unit == 0).next().unwrap_or(text))
}

/// The strings of a `REG_MULTI_SZ`, in order. A missing terminator does no harm; the empty string
/// ends the list.
#[derive(Clone, Debug, PartialEq)]
pub struct MultiString<'a> {
    rest: &'a [u16],
}

impl<'a> MultiString<'a> {
    /// A list from the units of the value: strings, each with a NUL, and a NUL at the end.
    #[must_use]
    pub const fn new(units: &'a UnicodeStr) -> Self {
        Self {
            rest: units.units(),
        }
    }
}

impl<'a> Iterator for MultiString<'a> {
    type Item = &'a UnicodeStr;

    fn next(&mut self) -> Option<Self::Item> {
        let text = until_nul(self.rest);
        self.rest = self.rest.get(text.len().saturating_add(1)..).unwrap_or(&[]);
        (!text.is_empty()).then_some(text)
    }
}

/// A value that was read.
#[derive(Debug)]
pub struct Value {
    kind: ValueType,
    /// The kernel's answer; the data starts at [`Value::DATA`], which is even.
    answer: PoolVec<u8>,
}

impl Value {
    /// Offsets in `KEY_VALUE_PARTIAL_INFORMATION`.
    const TYPE: usize = 4;
    const LENGTH: usize = 8;
    const DATA: usize = 12;

    /// The type.
    #[must_use]
    pub fn kind(&self) -> ValueType {
        self.kind
    }

    /// The bytes.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.answer.get(Self::DATA..).unwrap_or(&[])
    }

    /// The data as what its type says it is.
    #[must_use]
    pub fn decode(&self) -> ValueRef<'_> {
        ValueRef::decode(self.kind, self.data())
    }

    /// The number of a `REG_DWORD`.
    #[must_use]
    pub fn as_u32(&self) -> Option<u32> {
        match self.decode() {
            ValueRef::Dword(number) => Some(number),
            _ => None,
        }
    }

    /// The strings of a `REG_MULTI_SZ`.
    #[must_use]
    pub fn as_multi_string(&self) -> Option<MultiString<'_>> {
        match self.decode() {
            ValueRef::MultiString(strings) => Some(strings),
            _ => None,
        }
    }

    /// The value in a `KEY_VALUE_PARTIAL_INFORMATION`.
    fn from_answer(mut answer: PoolVec<u8>) -> Result<Self> {
        let kind = ValueType(u32_at(&answer, Self::TYPE)?);
        let length = bytes_at(&answer, Self::DATA, u32_at(&answer, Self::LENGTH)?)?.len();
        answer.truncate(Self::DATA + length);
        Ok(Self { kind, answer })
    }
}

impl RegKey {
    /// Reads a value (`ZwQueryValueKey`); the empty name is the key's default value.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if there is none, `STATUS_INSUFFICIENT_RESOURCES`, or what a
    /// registry callback answered.
    pub fn value(&self, name: &UnicodeStr, _at: Passive<'_>) -> Result<Value> {
        let name = Counted::new(name)?;
        let class = sys::KeyValuePartialInformation;
        let answer = query(|buffer, size, needed| {
            // SAFETY: the handle is open, the name outlives the call, the buffer has `size`
            // bytes, the length is ours; PASSIVE_LEVEL by the token.
            unsafe { sys::ZwQueryValueKey(self.raw(), name.as_ptr(), class, buffer, size, needed) }
        })?;
        Value::from_answer(answer)
    }

    /// Creates or replaces a value (`ZwSetValueKey`). Strings get the NUL that ends them, except
    /// [`ValueRef::Unaligned`], which is written as it is.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES`, or what a registry callback answered.
    pub fn set_value(&self, name: &UnicodeStr, value: ValueRef<'_>, at: Passive<'_>) -> Result<()> {
        match value {
            ValueRef::String(text) => self.set_string(name, ValueType::SZ, text, at),
            ValueRef::ExpandString(text) => self.set_string(name, ValueType::EXPAND_SZ, text, at),
            ValueRef::MultiString(strings) => {
                let mut data = PoolVec::new();
                for text in strings {
                    push_string(&mut data, text)?;
                }
                push_string(&mut data, UnicodeStr::new(&[]))?;
                self.set_raw(name, ValueType::MULTI_SZ, &data, at)
            }
            ValueRef::Dword(number) => {
                self.set_raw(name, ValueType::DWORD, &number.to_le_bytes(), at)
            }
            ValueRef::DwordBigEndian(number) => {
                self.set_raw(name, ValueType::DWORD_BIG_ENDIAN, &number.to_be_bytes(), at)
            }
            ValueRef::Qword(number) => {
                self.set_raw(name, ValueType::QWORD, &number.to_le_bytes(), at)
            }
            ValueRef::Binary(data) => self.set_raw(name, ValueType::BINARY, data, at),
            ValueRef::Unaligned(kind, text) => self.set_raw(name, kind, text.as_bytes(), at),
            ValueRef::Other(kind, data) => self.set_raw(name, kind, data, at),
        }
    }

    /// Deletes a value (`ZwDeleteValueKey`).
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if there is none, or what a registry callback answered.
    pub fn delete_value(&self, name: &UnicodeStr, _at: Passive<'_>) -> Result<()> {
        let name = Counted::new(name)?;
        // SAFETY: the handle is open, the name outlives the call; PASSIVE_LEVEL by the token.
        NtStatus::from_raw(unsafe { sys::ZwDeleteValueKey(self.raw(), name.as_ptr()) }).to_result()
    }

    fn set_string(
        &self,
        name: &UnicodeStr,
        kind: ValueType,
        text: &UnicodeStr,
        at: Passive<'_>,
    ) -> Result<()> {
        let mut data = PoolVec::new();
        push_string(&mut data, text)?;
        self.set_raw(name, kind, &data, at)
    }

    fn set_raw(
        &self,
        name: &UnicodeStr,
        kind: ValueType,
        data: &[u8],
        _at: Passive<'_>,
    ) -> Result<()> {
        let name = Counted::new(name)?;
        let size = u32::try_from(data.len()).map_err(|_| NtError::INVALID_PARAMETER)?;
        let data = data.as_ptr().cast_mut().cast();
        // SAFETY: the handle is open, name and data outlive the call, which only reads them;
        // PASSIVE_LEVEL by the token.
        let status =
            unsafe { sys::ZwSetValueKey(self.raw(), name.as_ptr(), 0, kind.0, data, size) };
        NtStatus::from_raw(status).to_result()
    }
}

/// Appends a string and a NUL.
fn push_string(data: &mut PoolVec<u8>, text: &UnicodeStr) -> Result<()> {
    data.try_reserve(size_of_val(text.units()).saturating_add(2))?;
    for unit in text.units().iter().chain(&[0]) {
        data.try_extend_from_slice(&unit.to_le_bytes())?;
    }
    Ok(())
}
