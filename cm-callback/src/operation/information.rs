//! Keys' own data: set information, and several values at once.
//!
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_set_information_key_information>
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_query_multiple_value_key_information>
//!
//! A query of a key is in [`enumerate`](super::enumerate), since it asks for what an enumeration
//! asks for. A query of a key's name has an output only ([`Post::output`]), so nothing but the key to
//! look at before.

use wdm_safe::{NtError, UnicodeStr};
use wdm_sys as sys;

use super::{QueryMultipleValue, SetInformation, answer};
use crate::RegistryCallback;
use crate::border::input::Info;
use crate::notification::{Post, Pre};

/// What is set of a key (`KEY_SET_INFORMATION_CLASS`). All but the first are reserved for the
/// system.
///
/// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ne-wdm-_key_set_information_class>
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

/// Which values are asked for.
///
/// The array that names them is also where the kernel writes their types and lengths: an output,
/// which stays in the caller's memory (N8). A name that is read here need not be the one that the
/// registry reads afterwards, so a callback that must not let a value be read this way blocks the
/// operation whatever the names say.
impl<C: RegistryCallback> Pre<'_, QueryMultipleValue, C> {
    /// How many values are asked for.
    #[must_use]
    pub fn value_count(&self) -> u32 {
        self.info.fields().EntryCount
    }

    /// The name of one of the values, counted from 0, as it is at this moment: a copy, in the
    /// buffer that is given, whose length is in UTF-16 units. IRQL: `<= APC_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_BUFFER_TOO_SMALL` if the buffer is too short or the index too high,
    /// `STATUS_ACCESS_VIOLATION` if the caller's memory is not there.
    pub fn value_name_in<'b>(
        &self,
        index: u32,
        buffer: &'b mut [u16],
    ) -> Result<&'b UnicodeStr, NtError> {
        value_name(self.info, index, buffer)
    }
}

impl<C: RegistryCallback> Post<'_, QueryMultipleValue, C> {
    /// How many values were asked for.
    #[must_use]
    pub fn value_count(&self) -> Option<u32> {
        self.info.map(|info| info.fields().EntryCount)
    }

    /// As [`Pre::value_name_in`].
    ///
    /// # Errors
    /// As there.
    pub fn value_name_in<'b>(
        &self,
        index: u32,
        buffer: &'b mut [u16],
    ) -> Result<&'b UnicodeStr, NtError> {
        let info = self.info.ok_or(NtError::BUFFER_TOO_SMALL)?;
        value_name(info, index, buffer)
    }
}

fn value_name<'b>(
    info: Info<'_, sys::REG_QUERY_MULTIPLE_VALUE_KEY_INFORMATION>,
    index: u32,
    buffer: &'b mut [u16],
) -> Result<&'b UnicodeStr, NtError> {
    let text = info.entry_name(&answer::entries(info), index)?;
    let units = text.len() / size_of::<u16>();
    let buffer = buffer.get_mut(..units).ok_or(NtError::BUFFER_TOO_SMALL)?;
    // Some units at a time, since each guarded copy is a call.
    let mut offset = 0;
    for part in buffer.chunks_mut(32) {
        let mut bytes = [[0; size_of::<u16>()]; 32];
        let bytes = bytes.get_mut(..part.len()).unwrap_or_default();
        text.read_at(offset, bytes.as_flattened_mut())?;
        for (unit, bytes) in part.iter_mut().zip(&*bytes) {
            *unit = u16::from_ne_bytes(*bytes);
        }
        offset += bytes.len() * size_of::<u16>();
    }
    Ok(UnicodeStr::new(buffer))
}
