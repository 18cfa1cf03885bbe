//! Going through subkeys and values.
//!
//! The kernel enumerates by index, so a key that changes meanwhile may show an entry twice or not
//! at all.

use wdm_sys as sys;

use super::query::{bytes_at, query, string_at, u32_at};
use super::{RegKey, ValueType};
use crate::{NtError, Passive, PoolVec, Result, UnicodeString};

/// The names of a key's subkeys; see [`RegKey::subkeys`].
#[derive(Debug)]
pub struct Subkeys<'k> {
    key: &'k RegKey,
    index: u32,
    _at: Passive<'k>,
}

/// A key's values; see [`RegKey::values`].
#[derive(Debug)]
pub struct Values<'k> {
    key: &'k RegKey,
    index: u32,
    _at: Passive<'k>,
}

impl RegKey {
    /// The names of the subkeys (`ZwEnumerateKey`), in the order in which the kernel keeps them.
    #[must_use]
    pub fn subkeys<'k>(&'k self, at: Passive<'k>) -> Subkeys<'k> {
        Subkeys {
            key: self,
            index: 0,
            _at: at,
        }
    }

    /// The values (`ZwEnumerateValueKey`): name, type, data.
    #[must_use]
    pub fn values<'k>(&'k self, at: Passive<'k>) -> Values<'k> {
        Values {
            key: self,
            index: 0,
            _at: at,
        }
    }
}

impl Iterator for Subkeys<'_> {
    type Item = Result<UnicodeString>;

    fn next(&mut self) -> Option<Self::Item> {
        /// Offsets in `KEY_BASIC_INFORMATION`.
        const NAME_LENGTH: usize = 12;
        const NAME: usize = 16;
        let (key, index) = (self.key.raw(), self.index);
        let answer = query(|buffer, size, needed| {
            // SAFETY: the handle is open, the buffer has `size` bytes, the length is ours;
            // PASSIVE_LEVEL by the token.
            unsafe {
                sys::ZwEnumerateKey(key, index, sys::KeyBasicInformation, buffer, size, needed)
            }
        });
        advance(&mut self.index, answer, |answer| {
            Ok(string_at(answer, NAME, u32_at(answer, NAME_LENGTH)?)?.into())
        })
    }
}

impl Iterator for Values<'_> {
    type Item = Result<(UnicodeString, ValueType, PoolVec<u8>)>;

    fn next(&mut self) -> Option<Self::Item> {
        /// Offsets in `KEY_VALUE_FULL_INFORMATION`.
        const TYPE: usize = 4;
        const DATA_OFFSET: usize = 8;
        const DATA_LENGTH: usize = 12;
        const NAME_LENGTH: usize = 16;
        const NAME: usize = 20;
        let (key, index) = (self.key.raw(), self.index);
        let class = sys::KeyValueFullInformation;
        let answer = query(|buffer, size, needed| {
            // SAFETY: the handle is open, the buffer has `size` bytes, the length is ours;
            // PASSIVE_LEVEL by the token.
            unsafe { sys::ZwEnumerateValueKey(key, index, class, buffer, size, needed) }
        });
        advance(&mut self.index, answer, |answer| {
            let name = string_at(answer, NAME, u32_at(answer, NAME_LENGTH)?)?;
            let offset = u32_at(answer, DATA_OFFSET)? as usize;
            let mut data = PoolVec::new();
            data.try_extend_from_slice(bytes_at(answer, offset, u32_at(answer, DATA_LENGTH)?)?)?;
            Ok((name.into(), ValueType(u32_at(answer, TYPE)?), data))
        })
    }
}

/// Turns an answer into an iterator's item; after an error the enumeration is over.
fn advance<T>(
    index: &mut u32,
    answer: Result<PoolVec<u8>>,
    read: impl FnOnce(&[u8]) -> Result<T>,
) -> Option<Result<T>> {
    match answer.and_then(|answer| read(&answer)) {
        Ok(item) => {
            *index = index.saturating_add(1);
            Some(Ok(item))
        }
        Err(NtError::NO_MORE_ENTRIES) => None,
        Err(error) => {
            *index = u32::MAX;
            Some(Err(error))
        }
    }
}
