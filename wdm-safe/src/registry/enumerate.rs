//! Going through subkeys and values.
//!
//! The kernel enumerates by index, so a key that changes meanwhile may show an entry twice or not
//! at all.

use super::{KeyBuffer, RegKey, SubkeyEntry, ValueEntry, ValueType};
use crate::{NtError, Passive, PoolVec, Result, UnicodeString};

/// The names of a key's subkeys; see [`RegKey::subkeys`].
#[derive(Debug)]
pub struct Subkeys<'k> {
    key: &'k RegKey,
    buffer: KeyBuffer,
    index: u32,
    at: Passive<'k>,
}

/// A key's values; see [`RegKey::values`].
#[derive(Debug)]
pub struct Values<'k> {
    key: &'k RegKey,
    buffer: KeyBuffer,
    index: u32,
    at: Passive<'k>,
}

/// A key's subkeys, in a buffer one after the other; see [`RegKey::subkeys_in`].
#[derive(Debug)]
pub struct SubkeyCursor<'k> {
    key: &'k RegKey,
    buffer: &'k mut KeyBuffer,
    index: u32,
    at: Passive<'k>,
}

/// A key's values, in a buffer one after the other; see [`RegKey::values_in`].
#[derive(Debug)]
pub struct ValueCursor<'k> {
    key: &'k RegKey,
    buffer: &'k mut KeyBuffer,
    index: u32,
    at: Passive<'k>,
}

impl RegKey {
    /// The names of the subkeys (`ZwEnumerateKey`), in the order in which the kernel keeps them.
    #[must_use]
    pub fn subkeys<'k>(&'k self, at: Passive<'k>) -> Subkeys<'k> {
        Subkeys {
            key: self,
            buffer: KeyBuffer::new(),
            index: 0,
            at,
        }
    }

    /// The values (`ZwEnumerateValueKey`): name, type, data.
    #[must_use]
    pub fn values<'k>(&'k self, at: Passive<'k>) -> Values<'k> {
        Values {
            key: self,
            buffer: KeyBuffer::new(),
            index: 0,
            at,
        }
    }

    /// The subkeys, each of them in the buffer until the next is asked for (`ZwEnumerateKey`).
    #[must_use]
    pub fn subkeys_in<'k>(
        &'k self,
        buffer: &'k mut KeyBuffer,
        at: Passive<'k>,
    ) -> SubkeyCursor<'k> {
        SubkeyCursor {
            key: self,
            buffer,
            index: 0,
            at,
        }
    }

    /// The values, each of them in the buffer until the next is asked for (`ZwEnumerateValueKey`).
    #[must_use]
    pub fn values_in<'k>(&'k self, buffer: &'k mut KeyBuffer, at: Passive<'k>) -> ValueCursor<'k> {
        ValueCursor {
            key: self,
            buffer,
            index: 0,
            at,
        }
    }
}

impl SubkeyCursor<'_> {
    /// The next subkey; none after the last, and none after an error.
    ///
    /// # Errors
    /// As [`RegKey::subkey_in`], but for `STATUS_NO_MORE_ENTRIES`.
    pub fn next_entry(&mut self) -> Option<Result<SubkeyEntry<'_>>> {
        let entry = self.key.subkey_in(self.index, self.buffer, self.at);
        advance(&mut self.index, entry)
    }
}

impl ValueCursor<'_> {
    /// The next value; none after the last, and none after an error.
    ///
    /// # Errors
    /// As [`RegKey::value_at_in`], but for `STATUS_NO_MORE_ENTRIES`.
    pub fn next_entry(&mut self) -> Option<Result<ValueEntry<'_>>> {
        let entry = self.key.value_at_in(self.index, self.buffer, self.at);
        advance(&mut self.index, entry)
    }
}

impl Iterator for Subkeys<'_> {
    type Item = Result<UnicodeString>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.key.subkey_in(self.index, &mut self.buffer, self.at);
        let name = entry.and_then(|entry| UnicodeString::try_from_str(entry.name()));
        advance(&mut self.index, name)
    }
}

impl Iterator for Values<'_> {
    type Item = Result<(UnicodeString, ValueType, PoolVec<u8>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.key.value_at_in(self.index, &mut self.buffer, self.at);
        let copied = entry.and_then(|entry| {
            let mut data = PoolVec::new();
            data.try_extend_from_slice(entry.value().data())?;
            let name = UnicodeString::try_from_str(entry.name())?;
            Ok((name, entry.value().kind(), data))
        });
        advance(&mut self.index, copied)
    }
}

/// Turns an answer into an item; after an error the enumeration is over.
fn advance<T>(index: &mut u32, answer: Result<T>) -> Option<Result<T>> {
    match answer {
        Ok(_) => *index = index.saturating_add(1),
        Err(NtError::NO_MORE_ENTRIES) => return None,
        Err(_) => *index = u32::MAX,
    }
    Some(answer)
}
