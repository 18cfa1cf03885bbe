//! Keys' own data: set information, and several values at once.
//!
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_set_information_key_information>
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_query_multiple_value_key_information>
//!
//! A query of a key is in [`enumerate`](super::enumerate), since it asks for what an enumeration
//! asks for. A query of a key's name has outputs only, so nothing but the key to look at.

use wdm_sys as sys;

use super::{QueryMultipleValue, SetInformation};
use crate::RegistryCallback;
use crate::notification::{Post, Pre};

/// What is set of a key (`KEY_SET_INFORMATION_CLASS`). All but the first are reserved for the
/// system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySetInformation(pub sys::KEY_SET_INFORMATION_CLASS);

impl KeySetInformation {
    /// The last-write time.
    pub const WRITE_TIME: Self = Self(sys::KeyWriteTimeInformation);
    /// Flags of the 32-bit view.
    pub const WOW64_FLAGS: Self = Self(sys::KeyWow64FlagsInformation);
    /// Control flags.
    pub const CONTROL_FLAGS: Self = Self(sys::KeyControlFlagsInformation);
    /// Virtualization.
    pub const VIRTUALIZATION: Self = Self(sys::KeySetVirtualizationInformation);
    /// Debugging.
    pub const DEBUG: Self = Self(sys::KeySetDebugInformation);
    /// Tags of the handle.
    pub const HANDLE_TAGS: Self = Self(sys::KeySetHandleTagsInformation);
    /// Layering.
    pub const LAYER: Self = Self(sys::KeySetLayerInformation);
}

impl<'n, C: RegistryCallback> Pre<'n, SetInformation, C> {
    /// What is set.
    #[must_use]
    pub fn kind(&self) -> KeySetInformation {
        KeySetInformation(self.info.fields().KeySetInformationClass)
    }

    /// The bytes that it is set to; what they mean depends on the kind.
    #[must_use]
    pub fn data(&self) -> &'n [u8] {
        self.info
            .bytes(|info| (info.KeySetInformation, info.KeySetInformationLength))
    }

    /// The last-write time that the key gets, in units of 100 ns since 1601, UTC; none if another
    /// thing is set, or too few bytes are given.
    #[must_use]
    pub fn last_write_time(&self) -> Option<i64> {
        if self.kind() != KeySetInformation::WRITE_TIME {
            return None;
        }
        let time = self.data().first_chunk()?;
        Some(i64::from_ne_bytes(*time))
    }
}

impl<C: RegistryCallback> Pre<'_, QueryMultipleValue, C> {
    /// How many values are asked for.
    ///
    /// Which ones has no view: the array that names them is also where the kernel writes their
    /// types and lengths. As an output it stays in the caller's memory, where the names can change
    /// at any time (N8). A callback that must not let a value be read this way blocks the operation.
    #[must_use]
    pub fn value_count(&self) -> u32 {
        self.info.fields().EntryCount
    }
}

impl<C: RegistryCallback> Post<'_, QueryMultipleValue, C> {
    /// How many values were asked for.
    #[must_use]
    pub fn value_count(&self) -> Option<u32> {
        self.info.map(|info| info.fields().EntryCount)
    }
}
