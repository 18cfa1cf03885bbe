//! Enumerations and queries of keys: which entry, and what the caller wants to know.
//!
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_enumerate_key_information>
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_enumerate_value_key_information>
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_query_key_information>

use wdm_sys as sys;

use super::{EnumerateKey, EnumerateValue, QueryKey};
use crate::RegistryCallback;
use crate::notification::{Post, Pre};

/// What a caller wants to know of a key (`KEY_INFORMATION_CLASS`), and so the form of the answer.
/// Windows has more than have a name here.
///
/// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ne-wdm-_key_information_class>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyInformation(pub sys::KEY_INFORMATION_CLASS);

impl KeyInformation {
    /// Last-write time and name (`KEY_BASIC_INFORMATION`).
    pub const BASIC: Self = Self(sys::KeyBasicInformation);
    /// Last-write time, name and class (`KEY_NODE_INFORMATION`).
    pub const NODE: Self = Self(sys::KeyNodeInformation);
    /// Counts and sizes of what is in the key (`KEY_FULL_INFORMATION`).
    pub const FULL: Self = Self(sys::KeyFullInformation);
    /// The full path (`KEY_NAME_INFORMATION`).
    pub const NAME: Self = Self(sys::KeyNameInformation);
}

/// What a caller wants to know of a value (`KEY_VALUE_INFORMATION_CLASS`), and so the form of the
/// answer. Windows has more than have a name here.
///
/// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ne-wdm-_key_value_information_class>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueInformation(pub sys::KEY_VALUE_INFORMATION_CLASS);

impl ValueInformation {
    /// Name and type (`KEY_VALUE_BASIC_INFORMATION`).
    pub const BASIC: Self = Self(sys::KeyValueBasicInformation);
    /// Name, type and data (`KEY_VALUE_FULL_INFORMATION`).
    pub const FULL: Self = Self(sys::KeyValueFullInformation);
    /// Type and data (`KEY_VALUE_PARTIAL_INFORMATION`).
    pub const PARTIAL: Self = Self(sys::KeyValuePartialInformation);
}

impl<C: RegistryCallback> Pre<'_, EnumerateKey, C> {
    /// Which subkey is asked for, counted from 0.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.info.fields().Index
    }

    /// What the caller wants to know of it.
    #[must_use]
    pub fn wanted(&self) -> KeyInformation {
        KeyInformation(self.info.fields().KeyInformationClass)
    }
}

impl<C: RegistryCallback> Pre<'_, EnumerateValue, C> {
    /// Which value is asked for, counted from 0.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.info.fields().Index
    }

    /// What the caller wants to know of it.
    #[must_use]
    pub fn wanted(&self) -> ValueInformation {
        ValueInformation(self.info.fields().KeyValueInformationClass)
    }
}

impl<C: RegistryCallback> Post<'_, EnumerateKey, C> {
    /// Which subkey was asked for, counted from 0.
    #[must_use]
    pub fn index(&self) -> Option<u32> {
        self.info.map(|info| info.fields().Index)
    }
}

impl<C: RegistryCallback> Post<'_, EnumerateValue, C> {
    /// Which value was asked for, counted from 0.
    #[must_use]
    pub fn index(&self) -> Option<u32> {
        self.info.map(|info| info.fields().Index)
    }
}

impl<C: RegistryCallback> Pre<'_, QueryKey, C> {
    /// What the caller wants to know of the key.
    #[must_use]
    pub fn wanted(&self) -> KeyInformation {
        KeyInformation(self.info.fields().KeyInformationClass)
    }
}
