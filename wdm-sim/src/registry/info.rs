//! The information classes: what `ZwQueryKey` and its family write into the caller's buffer.
//!
//! The layouts are those of `wdm.h` and `ntddk.h`; [`Answer`] tells the rule for buffers that are
//! too small.

use super::byte_len;
use super::key::{Key, KeyFlags, State};
use super::layout::{Answer, Layout, count};
use super::pending::Seen;
use super::value::Value;
use crate::status::Status;

/// The offset that stands for "there is none".
const NO_OFFSET: u32 = u32::MAX;

macro_rules! class_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $value:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub enum $name { $($(#[$vdoc])* $variant = $value,)* }

        impl TryFrom<u32> for $name {
            type Error = Status;

            /// Fails with `STATUS_INVALID_PARAMETER` for a number that is no class.
            fn try_from(class: u32) -> Result<Self, Status> {
                match class {
                    $($value => Ok(Self::$variant),)*
                    _ => Err(Status::INVALID_PARAMETER),
                }
            }
        }
    };
}

class_enum! {
    /// `KEY_INFORMATION_CLASS`.
    KeyInfo {
        /// `KeyBasicInformation`: last write time and name.
        Basic = 0,
        /// `KeyNodeInformation`: last write time, name and class.
        Node = 1,
        /// `KeyFullInformation`: counts, maxima and class.
        Full = 2,
        /// `KeyNameInformation`: the full name.
        Name = 3,
        /// `KeyCachedInformation`: counts and maxima.
        Cached = 4,
        /// `KeyFlagsInformation`: WOW64 flags, volatile and link flags, control flags.
        Flags = 5,
        /// `KeyVirtualizationInformation`: all zero, as no key here is virtualized.
        Virtualization = 6,
        /// `KeyHandleTagsInformation`: zero; a handle's tags are the kernel's to add.
        HandleTags = 7,
        /// `KeyTrustInformation`: zero.
        Trust = 8,
        /// `KeyLayerInformation`: zero, as no key here is layered.
        Layer = 9,
    }
}

class_enum! {
    /// `KEY_VALUE_INFORMATION_CLASS`.
    ValueInfo {
        /// `KeyValueBasicInformation`: type and name.
        Basic = 0,
        /// `KeyValueFullInformation`: type, name and data.
        Full = 1,
        /// `KeyValuePartialInformation`: type and data.
        Partial = 2,
        /// `KeyValueFullInformationAlign64`: as `Full`, the data at a multiple of 8.
        FullAlign64 = 3,
        /// `KeyValuePartialInformationAlign64`: type and data, without the title index.
        PartialAlign64 = 4,
    }
}

class_enum! {
    /// `KEY_SET_INFORMATION_CLASS`.
    KeySetInfo {
        /// `KeyWriteTimeInformation`: the last write time, 8 bytes.
        WriteTime = 0,
        /// `KeyWow64FlagsInformation`: 4 bytes.
        Wow64Flags = 1,
        /// `KeyControlFlagsInformation`: 4 bytes.
        ControlFlags = 2,
        /// `KeySetVirtualizationInformation`: 4 bytes, accepted and without effect here.
        Virtualization = 3,
        /// `KeySetDebugInformation`: 4 bytes, accepted and without effect here.
        Debug = 4,
        /// `KeySetHandleTagsInformation`: 4 bytes; a handle's tags are the kernel's to keep.
        HandleTags = 5,
    }
}

impl Key {
    /// Writes information about the key into `buffer` (`ZwQueryKey`).
    ///
    /// `ZwEnumerateKey` is this, asked of the subkey, for [`KeyInfo::Basic`], [`KeyInfo::Node`] and
    /// [`KeyInfo::Full`] only.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`.
    pub fn query(&self, class: KeyInfo, buffer: &mut [u8]) -> Result<Answer, Status> {
        let full_name = match class {
            KeyInfo::Name => self.full_name()?,
            _ => Vec::new(),
        };
        let state = self.read()?;
        Ok(self.describe(class, &Seen::outside(&state), &full_name, buffer))
    }

    /// Writes information about the key as it is seen by whoever asks. `full_name` is for
    /// [`KeyInfo::Name`].
    pub(super) fn describe(
        &self,
        class: KeyInfo,
        seen: &Seen<'_>,
        full_name: &[u16],
        buffer: &mut [u8],
    ) -> Answer {
        let state = seen.contents();
        let name_len = byte_len(&state.name);
        let class_len = byte_len(self.class());
        let layout = match class {
            KeyInfo::Basic => Layout::new()
                .u64(state.last_write)
                .u32(0)
                .u32(name_len)
                .text(&state.name),
            KeyInfo::Node => {
                let class_at = (24 + name_len).next_multiple_of(4);
                Layout::new()
                    .u64(state.last_write)
                    .u32(0)
                    .u32(if class_len == 0 { NO_OFFSET } else { class_at })
                    .u32(class_len)
                    .u32(name_len)
                    .text(&state.name)
                    .text_at(class_at, self.class())
            }
            KeyInfo::Full => Layout::new()
                .u64(state.last_write)
                .u32(0)
                .u32(if class_len == 0 { NO_OFFSET } else { 44 })
                .u32(class_len)
                .u32(count(seen.subkey_count()))
                .u32(seen.max_subkey_name_len())
                .u32(seen.max_subkey_class_len())
                .u32(count(state.values.len()))
                .u32(state.values.max_name_len())
                .u32(state.values.max_data_len())
                .text(self.class()),
            KeyInfo::Name => Layout::new().u32(byte_len(full_name)).text(full_name),
            KeyInfo::Cached => Layout::new()
                .u64(state.last_write)
                .u32(0)
                .u32(count(seen.subkey_count()))
                .u32(seen.max_subkey_name_len())
                .u32(count(state.values.len()))
                .u32(state.values.max_name_len())
                .u32(state.values.max_data_len())
                .u32(name_len)
                .u32(0), // Padding: the structure's size is a multiple of 8.
            KeyInfo::Flags => Layout::new()
                .u32(state.wow64_flags)
                .u32(self.reg_flags())
                .u32(state.control_flags),
            KeyInfo::Virtualization | KeyInfo::HandleTags | KeyInfo::Trust | KeyInfo::Layer => {
                Layout::new().u32(0)
            }
        };
        layout.write(buffer)
    }

    /// Writes information about the value `name` into `buffer` (`ZwQueryValueKey`).
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND`, `STATUS_KEY_DELETED`.
    pub fn query_value(
        &self,
        name: &[u16],
        class: ValueInfo,
        buffer: &mut [u8],
    ) -> Result<Answer, Status> {
        let state = self.read()?;
        let value = state
            .values
            .find(name)
            .ok_or(Status::OBJECT_NAME_NOT_FOUND)?;
        Ok(value.query(class, buffer))
    }

    /// Writes information about the value number `index` into `buffer` (`ZwEnumerateValueKey`).
    ///
    /// # Errors
    /// `STATUS_NO_MORE_ENTRIES`, `STATUS_KEY_DELETED`.
    pub fn query_value_at(
        &self,
        index: usize,
        class: ValueInfo,
        buffer: &mut [u8],
    ) -> Result<Answer, Status> {
        let state = self.read()?;
        let value = state.values.get(index).ok_or(Status::NO_MORE_ENTRIES)?;
        Ok(value.query(class, buffer))
    }

    /// Changes a property of the key (`ZwSetInformationKey`).
    ///
    /// # Errors
    /// `STATUS_INFO_LENGTH_MISMATCH`, `STATUS_KEY_DELETED`.
    pub fn set_information(&self, class: KeySetInfo, information: &[u8]) -> Result<(), Status> {
        self.write()?.set_information(class, information)
    }

    /// `REG_FLAG_VOLATILE` (1) and `REG_FLAG_LINK` (2).
    fn reg_flags(&self) -> u32 {
        u32::from((self.flags() & (KeyFlags::VOLATILE | KeyFlags::LINK)).bits())
    }
}

impl State {
    /// Changes a property of the key.
    pub(super) fn set_information(
        &mut self,
        class: KeySetInfo,
        information: &[u8],
    ) -> Result<(), Status> {
        match class {
            KeySetInfo::WriteTime => self.last_write = u64::from_le_bytes(exactly(information)?),
            KeySetInfo::Wow64Flags => self.wow64_flags = u32::from_le_bytes(exactly(information)?),
            KeySetInfo::ControlFlags => {
                self.control_flags = u32::from_le_bytes(exactly(information)?);
            }
            KeySetInfo::Virtualization | KeySetInfo::Debug | KeySetInfo::HandleTags => {
                exactly::<4>(information)?;
            }
        }
        Ok(())
    }
}

impl Value {
    /// Writes information about the value into `buffer`.
    pub fn query(&self, class: ValueInfo, buffer: &mut [u8]) -> Answer {
        let layout = match class {
            ValueInfo::Basic => Layout::new()
                .u32(0)
                .u32(self.kind)
                .u32(byte_len(&self.name))
                .text(&self.name),
            ValueInfo::Full => self.full(4),
            ValueInfo::FullAlign64 => self.full(8),
            ValueInfo::Partial => Layout::new()
                .u32(0)
                .u32(self.kind)
                .u32(count(self.data.len()))
                .data(&self.data),
            ValueInfo::PartialAlign64 => Layout::new()
                .u32(self.kind)
                .u32(count(self.data.len()))
                .data(&self.data),
        };
        layout.write(buffer)
    }

    /// `KEY_VALUE_FULL_INFORMATION` with the data at a multiple of `alignment`.
    fn full(&self, alignment: u32) -> Layout<'_> {
        let name_len = byte_len(&self.name);
        let data_at = (20 + name_len).next_multiple_of(alignment);
        Layout::new()
            .u32(0)
            .u32(self.kind)
            .u32(if self.data.is_empty() {
                NO_OFFSET
            } else {
                data_at
            })
            .u32(count(self.data.len()))
            .u32(name_len)
            .text(&self.name)
            .data_at(data_at, &self.data)
    }
}

fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Status> {
    bytes.try_into().map_err(|_| Status::INFO_LENGTH_MISMATCH)
}
