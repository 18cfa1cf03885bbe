//! Values: set, delete, query.
//!
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_set_value_key_information>
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_delete_value_key_information>
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_query_value_key_information>

use wdm_safe::UnicodeStr;
use wdm_safe::registry::{ValueRef, ValueType};
use wdm_sys as sys;

use super::enumerate::ValueInformation;
use super::{DeleteValue, Operation, QueryValue, SetValue};
use crate::RegistryCallback;
use crate::border::input::Info;
use crate::notification::{Post, Pre};

/// An operation on one value, whose structure names it.
#[diagnostic::on_unimplemented(message = "`{Self}` is not about one value")]
pub trait OnValue: Operation {
    #[doc(hidden)]
    fn value_name(info: &Self::Info) -> *mut sys::UNICODE_STRING;
}

macro_rules! on_value {
    ($($operation:ident)+) => {
        $(impl OnValue for $operation {
            fn value_name(info: &Self::Info) -> *mut sys::UNICODE_STRING {
                info.ValueName
            }
        })+
    };
}

on_value! { SetValue DeleteValue QueryValue }

impl<'n, O: OnValue, C: RegistryCallback> Pre<'n, O, C> {
    /// The value's name; empty for the key's default value.
    #[must_use]
    pub fn value_name(&self) -> &'n UnicodeStr {
        self.info.text(O::value_name)
    }
}

impl<'n, O: OnValue, C: RegistryCallback> Post<'n, O, C> {
    /// The value's name; empty for the key's default value.
    #[must_use]
    pub fn value_name(&self) -> &'n UnicodeStr {
        self.info
            .map_or(UnicodeStr::new(&[]), |info| info.text(O::value_name))
    }
}

impl<'n, C: RegistryCallback> Pre<'n, SetValue, C> {
    /// The type that the value gets.
    #[must_use]
    pub fn kind(&self) -> ValueType {
        ValueType(self.info.fields().Type)
    }

    /// The bytes that the value gets.
    #[must_use]
    pub fn data(&self) -> &'n [u8] {
        data(self.info)
    }

    /// The data as what its type says it is.
    #[must_use]
    pub fn decode(&self) -> ValueRef<'n> {
        ValueRef::decode(self.kind(), self.data())
    }
}

fn data(info: Info<'_, sys::REG_SET_VALUE_KEY_INFORMATION>) -> &[u8] {
    info.bytes(|info| (info.Data, info.DataSize))
}

impl<C: RegistryCallback> Pre<'_, QueryValue, C> {
    /// What the caller wants to know of the value.
    #[must_use]
    pub fn wanted(&self) -> ValueInformation {
        ValueInformation(self.info.fields().KeyValueInformationClass)
    }
}
