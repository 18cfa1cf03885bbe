//! Queries into memory that is used again.
//!
//! [`RegKey::value`] and the iterators allocate for each answer. With a [`KeyBuffer`] of the
//! caller's, answers are read in place: nothing is allocated while they fit, and the buffer grows
//! when one does not. An answer borrows the buffer until the next query:
//!
//! ```
//! # let machine = wdm_sim::Machine::builder().build()?;
//! # let process = machine.system_process(); let _thread = process.enter();
//! # let at = unsafe { wdm_safe::Passive::new_unchecked() };
//! use wdm_safe::registry::{KeyAccess, KeyBuffer, RegKey};
//! use wdm_safe::unicode;
//!
//! let services = unicode!(r"\Registry\Machine\SYSTEM\CurrentControlSet\Services");
//! let services = RegKey::open(services, KeyAccess::READ, at)?;
//! let (mut names, mut values) = (KeyBuffer::new(), KeyBuffer::new());
//! let (start, mut on_demand) = (unicode!("Start"), 0);
//! let mut subkeys = services.subkeys_in(&mut names, at);
//! while let Some(service) = subkeys.next_entry() {
//!     let service = services.open_below(service?.name(), KeyAccess::READ, at)?;
//!     if let Ok(value) = service.value_in(start, &mut values, at) {
//!         on_demand += u32::from(value.as_u32() == Some(3));
//!     }
//! }
//! assert_ne!(on_demand, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use wdm_sys as sys;

use super::query::{bytes_at, part_at, query_into, text_at, text_in, u32_at, u64_at};
use super::{RegKey, ValueRef, ValueType};
use crate::string::Counted;
use crate::{Passive, PoolVec, Result, UnicodeStr};

/// Memory for answers, in the pool, which grows when an answer does not fit.
#[derive(Debug, Default)]
pub struct KeyBuffer(pub(super) PoolVec<u8>);

impl KeyBuffer {
    /// A buffer that allocates at its first use.
    #[must_use]
    pub const fn new() -> Self {
        Self(PoolVec::new())
    }

    /// A buffer with room for answers of so many bytes. An answer is a structure of up to 48 bytes
    /// with the names and the data that it tells of.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if the pool has no memory.
    pub fn try_with_capacity(bytes: usize) -> Result<Self> {
        PoolVec::try_zeroed(bytes).map(Self)
    }

    /// The length of the longest answer that fits without growing, in bytes.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.0.len()
    }
}

/// A value's type and data in a buffer.
#[derive(Clone, Copy, Debug)]
pub struct ValueData<'b> {
    kind: ValueType,
    data: &'b [u8],
}

impl<'b> ValueData<'b> {
    pub(super) const fn new(kind: ValueType, data: &'b [u8]) -> Self {
        Self { kind, data }
    }

    /// The type.
    #[must_use]
    pub fn kind(&self) -> ValueType {
        self.kind
    }

    /// The bytes.
    #[must_use]
    pub fn data(&self) -> &'b [u8] {
        self.data
    }

    /// The data as what its type says it is.
    #[must_use]
    pub fn decode(&self) -> ValueRef<'b> {
        ValueRef::decode(self.kind, self.data)
    }

    /// The number of a `REG_DWORD`.
    #[must_use]
    pub fn as_u32(&self) -> Option<u32> {
        match self.decode() {
            ValueRef::Dword(number) => Some(number),
            _ => None,
        }
    }
}

/// A value in a buffer, with its name.
#[derive(Clone, Copy, Debug)]
pub struct ValueEntry<'b> {
    name: &'b UnicodeStr,
    value: ValueData<'b>,
}

impl<'b> ValueEntry<'b> {
    /// The name; empty for the key's default value.
    #[must_use]
    pub fn name(&self) -> &'b UnicodeStr {
        self.name
    }

    /// The type and the data.
    #[must_use]
    pub fn value(&self) -> ValueData<'b> {
        self.value
    }
}

/// A subkey's name and properties in a buffer.
#[derive(Clone, Copy, Debug)]
pub struct SubkeyEntry<'b> {
    name: &'b UnicodeStr,
    class: &'b UnicodeStr,
    last_write_time: u64,
}

impl<'b> SubkeyEntry<'b> {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &'b UnicodeStr {
        self.name
    }

    /// The class name; empty for none.
    #[must_use]
    pub fn class(&self) -> &'b UnicodeStr {
        self.class
    }

    /// The time of the last change: 100 ns units since 1601, UTC.
    #[must_use]
    pub fn last_write_time(&self) -> u64 {
        self.last_write_time
    }
}

impl RegKey {
    /// Reads a value into a buffer (`ZwQueryValueKey`, `KeyValuePartialInformation`).
    ///
    /// # Errors
    /// As [`value`](Self::value); memory is wanted only if the buffer is too small.
    pub fn value_in<'b>(
        &self,
        name: &UnicodeStr,
        buffer: &'b mut KeyBuffer,
        _at: Passive<'_>,
    ) -> Result<ValueData<'b>> {
        /// Offsets in `KEY_VALUE_PARTIAL_INFORMATION`.
        const TYPE: usize = 4;
        const LENGTH: usize = 8;
        const DATA: usize = 12;
        let name = Counted::new(name)?;
        let class = sys::KeyValuePartialInformation;
        let answer = query_into(&mut buffer.0, |buffer, size, needed| {
            // SAFETY: the handle is open, the name outlives the call, the buffer has `size`
            // bytes, the length is ours; PASSIVE_LEVEL by the token.
            unsafe { sys::ZwQueryValueKey(self.raw(), name.as_ptr(), class, buffer, size, needed) }
        })?;
        let data = bytes_at(answer, DATA, u32_at(answer, LENGTH)?)?;
        Ok(ValueData::new(ValueType(u32_at(answer, TYPE)?), data))
    }

    /// The subkey number `index` into a buffer (`ZwEnumerateKey`, `KeyNodeInformation`).
    ///
    /// # Errors
    /// `STATUS_NO_MORE_ENTRIES` past the last, `STATUS_KEY_DELETED`,
    /// `STATUS_INSUFFICIENT_RESOURCES` if the buffer is too small and the pool has no memory, or
    /// what a registry callback answered.
    pub fn subkey_in<'b>(
        &self,
        index: u32,
        buffer: &'b mut KeyBuffer,
        _at: Passive<'_>,
    ) -> Result<SubkeyEntry<'b>> {
        /// Offsets in `KEY_NODE_INFORMATION`.
        const CLASS_OFFSET: usize = 12;
        const CLASS_LENGTH: usize = 16;
        const NAME_LENGTH: usize = 20;
        const NAME: usize = 24;
        let class = sys::KeyNodeInformation;
        let answer = query_into(&mut buffer.0, |buffer, size, needed| {
            // SAFETY: the handle is open, the buffer has `size` bytes, the length is ours;
            // PASSIVE_LEVEL by the token.
            unsafe { sys::ZwEnumerateKey(self.raw(), index, class, buffer, size, needed) }
        })?;
        let class = (u32_at(answer, CLASS_OFFSET)?, u32_at(answer, CLASS_LENGTH)?);
        Ok(SubkeyEntry {
            name: text_at(answer, NAME, u32_at(answer, NAME_LENGTH)?)?,
            class: text_in(part_at(answer, class.0, class.1)?)?,
            last_write_time: u64_at(answer, 0)?,
        })
    }

    /// The value number `index` into a buffer (`ZwEnumerateValueKey`, `KeyValueFullInformation`).
    ///
    /// # Errors
    /// As [`subkey_in`](Self::subkey_in).
    pub fn value_at_in<'b>(
        &self,
        index: u32,
        buffer: &'b mut KeyBuffer,
        _at: Passive<'_>,
    ) -> Result<ValueEntry<'b>> {
        /// Offsets in `KEY_VALUE_FULL_INFORMATION`.
        const TYPE: usize = 4;
        const DATA_OFFSET: usize = 8;
        const DATA_LENGTH: usize = 12;
        const NAME_LENGTH: usize = 16;
        const NAME: usize = 20;
        let class = sys::KeyValueFullInformation;
        let answer = query_into(&mut buffer.0, |buffer, size, needed| {
            // SAFETY: the handle is open, the buffer has `size` bytes, the length is ours;
            // PASSIVE_LEVEL by the token.
            unsafe { sys::ZwEnumerateValueKey(self.raw(), index, class, buffer, size, needed) }
        })?;
        let data = (u32_at(answer, DATA_OFFSET)?, u32_at(answer, DATA_LENGTH)?);
        let data = part_at(answer, data.0, data.1)?;
        Ok(ValueEntry {
            name: text_at(answer, NAME, u32_at(answer, NAME_LENGTH)?)?,
            value: ValueData::new(ValueType(u32_at(answer, TYPE)?), data),
        })
    }
}
