//! Property stores: values by name, kept in the registry. Header: wudfddi.h, pages: wdf/using-the-registry-in-umdf-1-x-drivers,
//! nn-wudfddi-iwdfnamedpropertystore.
//!
//! ```
//! use umdf_callback::{Device, Result};
//! use umdf_callback::property::Missing;
//!
//! fn count_starts(device: &Device) -> Result<u32> {
//!     let store = device.property_store(None, Missing::Create)?;
//!     let starts = store.get("Starts").unwrap_or(0) + 1;
//!     store.set("Starts", starts)?;
//!     Ok(starts)
//! }
//! ```

use core::marker::PhantomData;

use crate::border::framework::Framework;
use crate::raw::{
    IWDFNamedPropertyStore, WDF_PROPERTY_STORE_RETRIEVE_FLAGS, WdfPropertyStoreCreateIfMissing,
    WdfPropertyStoreCreateVolatile, WdfPropertyStoreNormal,
};
use crate::{Device, DeviceInit, Error, GUID, HRESULT, Result};

/// What [`PropertyStore::get`] says of a value of another type: `HRESULT_FROM_WIN32(ERROR_DATATYPE_MISMATCH)`.
pub const ANOTHER_TYPE: HRESULT = HRESULT::from_win32(1629);

/// A property's value. Integers of any size are read as `U32`, strings of any kind as `String` with their environment variables
/// expanded (page: nf-wudfddi-iwdfnamedpropertystore-getnamedvalue).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    U32(u32),
    /// A string.
    String(String),
    /// Strings.
    Strings(Vec<String>),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The types that a value is read as and made of: `u32`, `String`, `Vec<String>`, `Vec<u8>`, and [`Value`] for any of them.
#[diagnostic::on_unimplemented(
    message = "a property is not read as `{Self}`",
    note = "it is a `u32`, a `String`, a `Vec<String>` or a `Vec<u8>`, or as a `Value` any of them"
)]
pub trait FromValue: Sized {
    /// The value, if it is of this type.
    #[must_use]
    fn from_value(value: Value) -> Option<Self>;
}

impl FromValue for Value {
    fn from_value(value: Value) -> Option<Self> {
        Some(value)
    }
}

macro_rules! values {
    ($($variant:ident($type:ty) $(from $other:ty)?;)*) => {
        $(
            impl FromValue for $type {
                fn from_value(value: Value) -> Option<Self> {
                    match value {
                        Value::$variant(value) => Some(value),
                        _ => None,
                    }
                }
            }

            impl From<$type> for Value {
                fn from(value: $type) -> Self {
                    Value::$variant(value)
                }
            }

            $(
                impl From<$other> for Value {
                    fn from(value: $other) -> Self {
                        Value::$variant(value.into())
                    }
                }
            )?
        )*
    };
}

values! {
    U32(u32);
    String(String) from &str;
    Strings(Vec<String>);
    Bytes(Vec<u8>) from &[u8];
}

/// What may be done with a property store.
pub mod access {
    mod sealed {
        pub trait Sealed {}
    }

    /// One of the types in this module.
    pub trait Access: sealed::Sealed + 'static {}

    /// To read and to write.
    #[diagnostic::on_unimplemented(
        message = "a property store that was opened for `{Self}` is not written"
    )]
    pub trait Writable: Access {}

    macro_rules! accesses {
        ($($(#[$doc:meta])+ $name:ident $(: $more:ident)?;)*) => {
            $(
                $(#[$doc])+
                #[derive(Debug)]
                pub enum $name {}

                impl sealed::Sealed for $name {}
                impl Access for $name {}
                $(impl $more for $name {})?
            )*
        };
    }

    accesses! {
        /// Values are read.
        Read;
        /// Values are read and set.
        Write: Writable;
        /// Values are read, set and deleted.
        Delete: Writable;
    }
}

use access::{Access, Delete, Read, Writable, Write};

/// A registry key, open for what `A` says.
#[derive(Debug)]
pub struct PropertyStore<A: Access> {
    store: Framework<IWDFNamedPropertyStore>,
    created: bool,
    open: PhantomData<fn() -> A>,
}

impl<A: Access> PropertyStore<A> {
    fn new((store, created): (Framework<IWDFNamedPropertyStore>, bool)) -> Self {
        PropertyStore {
            store,
            created,
            open: PhantomData,
        }
    }

    /// Whether there was none before.
    #[must_use]
    pub fn was_created(&self) -> bool {
        self.created
    }

    /// A value. Page: nf-wudfddi-iwdfnamedpropertystore-getnamedvalue.
    ///
    /// # Errors
    /// The framework's, for instance that there is none; [`ANOTHER_TYPE`].
    pub fn get<T: FromValue>(&self, name: &str) -> Result<T> {
        let value = self.store.get(name)?;
        T::from_value(value).ok_or_else(|| Error::from_hresult(ANOTHER_TYPE))
    }

    /// The names of all values. Pages: nf-wudfddi-iwdfnamedpropertystore-getnamecount, -getnameat.
    ///
    /// # Errors
    /// The framework's.
    pub fn names(&self) -> Result<Vec<String>> {
        self.store.names()
    }
}

impl<A: Writable> PropertyStore<A> {
    /// Sets a value. Page: nf-wudfddi-iwdfnamedpropertystore-setnamedvalue.
    ///
    /// # Errors
    /// `E_INVALIDARG` for a string with a NUL in it, and for one of `u32::MAX` bytes or more; the framework's.
    pub fn set(&self, name: &str, value: impl Into<Value>) -> Result<()> {
        self.store.set(name, &value.into())
    }
}

impl PropertyStore<Delete> {
    /// Deletes a value. Page: nf-wudfddi-iwdfnamedpropertystore2-deletenamedvalue.
    ///
    /// # Errors
    /// The framework's, for instance that there is none.
    pub fn delete(&self, name: &str) -> Result<()> {
        self.store.delete(name)
    }
}

/// What to do about a key that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Say so.
    Fail,
    /// Make it.
    Create,
    /// Make it until Windows restarts. From UMDF 1.9.
    CreateVolatile,
}

impl Missing {
    fn raw(self) -> WDF_PROPERTY_STORE_RETRIEVE_FLAGS {
        match self {
            Missing::Fail => WdfPropertyStoreNormal,
            Missing::Create => WdfPropertyStoreCreateIfMissing,
            Missing::CreateVolatile => WdfPropertyStoreCreateVolatile,
        }
    }
}

/// The registry keys that a driver may write to. Page: ns-wudfddi_types-_wdf_property_store_root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root<'a> {
    /// A service's key below the device's hardware key: this driver's if there is no name.
    Hardware(Option<&'a str>),
    /// The driver's software key.
    Software,
    /// The key of a device interface that the device has registered, with the reference string that it was registered by.
    Interface(&'a GUID, Option<&'a str>),
    /// A key below `HKEY_LOCAL_MACHINE\HARDWARE\DEVICEMAP`.
    DeviceMap(&'a str),
    /// The parameters of a driver's service. From UMDF 1.11.
    DriverParameters(&'a str),
}

impl<L> DeviceInit<'_, L> {
    /// The store of a service, or of this driver, below the device's hardware key. Page:
    /// nf-wudfddi-iwdfdeviceinitialize-retrievedevicepropertystore.
    ///
    /// # Errors
    /// The framework's.
    pub fn property_store(
        &self,
        service: Option<&str>,
        missing: Missing,
    ) -> Result<PropertyStore<Write>> {
        let init = self.framework();
        init.property_store(service, missing.raw())
            .map(PropertyStore::new)
    }
}

impl Device {
    /// The store of a service, or of this driver, below the device's hardware key. Page:
    /// nf-wudfddi-iwdfdevice-retrievedevicepropertystore.
    ///
    /// # Errors
    /// The framework's.
    pub fn property_store(
        &self,
        service: Option<&str>,
        missing: Missing,
    ) -> Result<PropertyStore<Write>> {
        let store = self.0.property_store(service, missing.raw());
        store.map(PropertyStore::new)
    }

    /// A store to read, write and delete in: a key, or one below it whose name is the driver's own. From UMDF 1.9. Page:
    /// nf-wudfddi-iwdfpropertystorefactory-retrievedevicepropertystore.
    ///
    /// # Errors
    /// The framework's.
    pub fn open_property_store(
        &self,
        root: Root<'_>,
        subkey: Option<&str>,
        missing: Missing,
    ) -> Result<PropertyStore<Delete>> {
        let store = self.0.open_store(Some(root), subkey, missing.raw(), true);
        store.map(PropertyStore::new)
    }

    /// A store to read in. From UMDF 1.9. Page: nf-wudfddi-iwdfpropertystorefactory-retrievedevicepropertystore.
    ///
    /// # Errors
    /// The framework's.
    pub fn read_property_store(
        &self,
        root: Root<'_>,
        subkey: Option<&str>,
    ) -> Result<PropertyStore<Read>> {
        let missing = WdfPropertyStoreNormal;
        let store = self.0.open_store(Some(root), subkey, missing, false);
        store.map(PropertyStore::new)
    }

    /// `Device Parameters`, the root of the device's hardware key, which drivers only read. From UMDF 1.9. Page:
    /// nf-wudfddi-iwdfpropertystorefactory-retrievedevicepropertystore.
    ///
    /// # Errors
    /// The framework's.
    pub fn device_parameters(&self) -> Result<PropertyStore<Read>> {
        let missing = WdfPropertyStoreNormal;
        let store = self.0.open_store(None, None, missing, false);
        store.map(PropertyStore::new)
    }
}
