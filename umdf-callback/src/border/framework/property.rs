//! Calls to property stores. A value that the framework gives out is as its type says, and the driver's to clear (F13).

use core::ptr::{null, null_mut};

use windows_core::{GUID, HRESULT};

use super::{E_INVALIDARG, Framework, text, wide_pointer};
use crate::property::{ANOTHER_TYPE, Root, Value};
use crate::raw::*;
use crate::{Error, Result};

const KEY_QUERY_VALUE: u32 = 0x1;
const KEY_SET_VALUE: u32 = 0x2;

const STRINGS: u16 = VT_VECTOR | VT_LPWSTR;

/// A store, and whether it was made.
type Opened = Result<(Framework<IWDFNamedPropertyStore>, bool)>;

fn opened(
    result: HRESULT,
    store: Raw<IWDFNamedPropertyStore>,
    disposition: WDF_PROPERTY_STORE_DISPOSITION,
) -> Opened {
    let store = Framework::made(result, store)?;
    Ok((store, disposition == CreatedNewStore))
}

impl Framework<IWDFDeviceInitialize> {
    pub(crate) fn property_store(
        &self,
        service: Option<&str>,
        flags: WDF_PROPERTY_STORE_RETRIEVE_FLAGS,
    ) -> Opened {
        let service = service.map(text).transpose()?;
        let service = wide_pointer(service.as_ref());
        let (mut store, mut disposition) = (Raw::NULL, 0);
        // SAFETY: the name is null or ends with NUL; the places are valid.
        let result = unsafe {
            self.RetrieveDevicePropertyStore(service, flags, &raw mut store, &raw mut disposition)
        };
        opened(result, store, disposition)
    }
}

impl Framework<IWDFDevice> {
    pub(crate) fn property_store(
        &self,
        service: Option<&str>,
        flags: WDF_PROPERTY_STORE_RETRIEVE_FLAGS,
    ) -> Opened {
        let service = service.map(text).transpose()?;
        let service = wide_pointer(service.as_ref());
        let (mut store, mut disposition) = (Raw::NULL, 0);
        // SAFETY: the name is null or ends with NUL; the places are valid.
        let result = unsafe {
            self.RetrieveDevicePropertyStore(service, flags, &raw mut store, &raw mut disposition)
        };
        opened(result, store, disposition)
    }

    /// A key; without one, the root of the device's hardware key.
    pub(crate) fn open_store(
        &self,
        root: Option<Root<'_>>,
        subkey: Option<&str>,
        flags: WDF_PROPERTY_STORE_RETRIEVE_FLAGS,
        write: bool,
    ) -> Opened {
        let (class, name, interface) = match root {
            None => (WdfPropertyStoreRootClassHardwareKey, Some("\\"), None),
            Some(Root::Hardware(service)) => (WdfPropertyStoreRootClassHardwareKey, service, None),
            Some(Root::Software) => (WdfPropertyStoreRootClassSoftwareKey, None, None),
            Some(Root::Interface(class, reference)) => (
                WdfPropertyStoreRootClassDeviceInterfaceKey,
                reference,
                Some(class),
            ),
            Some(Root::DeviceMap(name)) => {
                (WdfPropertyStoreRootClassLegacyHardwareKey, Some(name), None)
            }
            Some(Root::DriverParameters(service)) => {
                (WdfPropertyStoreRootDriverParametersKey, Some(service), None)
            }
        };
        let name = name.map(text).transpose()?;
        let name = wide_pointer(name.as_ref()).cast();
        let root = WDF_PROPERTY_STORE_ROOT {
            LengthCb: size_of::<WDF_PROPERTY_STORE_ROOT>() as u32,
            RootClass: class,
            Qualifier: match interface {
                Some(class) => [core::ptr::from_ref::<GUID>(class).cast(), name],
                None => [name, null()],
            },
        };
        let access = if write {
            KEY_QUERY_VALUE | KEY_SET_VALUE
        } else {
            KEY_QUERY_VALUE
        };
        let subkey = subkey.map(text).transpose()?;
        let subkey = wide_pointer(subkey.as_ref());
        let factory = self.query::<IWDFPropertyStoreFactory>()?;
        let (mut store, mut disposition) = (Raw::NULL, 0);
        // SAFETY: the root is as its class says; the names are null or end with NUL; the places are valid.
        let result = unsafe {
            factory.RetrieveDevicePropertyStore(
                &raw const root,
                flags,
                access,
                subkey,
                &raw mut store,
                &raw mut disposition,
            )
        };
        let store = Framework::made(result, store)?;
        Ok((store.query()?, disposition == CreatedNewStore))
    }
}

/// A value that the framework gave out.
struct Given(PROPVARIANT);

impl Given {
    fn value(&self) -> Result<Value> {
        let value = self.0.value;
        let value = match self.0.vt {
            // SAFETY: the member that the type says.
            VT_UI4 => Value::U32(unsafe { value.ulVal }),
            VT_LPWSTR => {
                // SAFETY: as above.
                let string = unsafe { value.pwszVal };
                // SAFETY: a string that ends with NUL, or null.
                Value::String(unsafe { string_at(string) })
            }
            VT_BLOB => {
                // SAFETY: as above.
                let blob = unsafe { value.blob };
                // SAFETY: as many bytes, or null.
                Value::Bytes(unsafe { values_at(blob.pBlobData, blob.cbSize) })
            }
            STRINGS => {
                // SAFETY: as above.
                let strings = unsafe { value.calpwstr };
                // SAFETY: as many pointers, or null.
                let strings = unsafe { values_at(strings.pElems, strings.cElems) };
                // SAFETY: each is to a string that ends with NUL, or null.
                let strings = strings.into_iter().map(|at| unsafe { string_at(at) });
                Value::Strings(strings.collect())
            }
            _ => return Err(Error::from_hresult(ANOTHER_TYPE)),
        };
        Ok(value)
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        // SAFETY: the framework's value, or an empty one, cleared once.
        let _ = unsafe { PropVariantClear(&raw mut self.0) };
    }
}

/// A copy of counted values.
///
/// # Safety
/// There are so many, or the pointer is null.
unsafe fn values_at<T: Copy>(first: *const T, count: u32) -> Vec<T> {
    if first.is_null() {
        return Vec::new();
    }
    // SAFETY: not null, so there are as many.
    unsafe { core::slice::from_raw_parts(first, count as usize) }.to_vec()
}

/// A copy of a string.
///
/// # Safety
/// It ends with NUL, or is null.
unsafe fn string_at(string: *const u16) -> String {
    if string.is_null() {
        return String::new();
    }
    let unit = |index| {
        // SAFETY: not null, and no further than the NUL.
        unsafe { string.wrapping_add(index).read() }
    };
    let units: Vec<u16> = (0..).map(unit).take_while(|&unit| unit != 0).collect();
    String::from_utf16_lossy(&units)
}

/// A value as the framework takes it, with what it points to.
struct Taken {
    value: PROPVARIANT,
    /// What it points to.
    _strings: Vec<Vec<u16>>,
    _pointers: Vec<*mut u16>,
}

impl Taken {
    fn new(value: &Value) -> Result<Self> {
        let count =
            |length: usize| u32::try_from(length).map_err(|_| Error::from_hresult(E_INVALIDARG));
        let (mut strings, mut pointers) = (Vec::new(), Vec::new());
        let (vt, value) = match value {
            Value::U32(number) => (VT_UI4, PROPVARIANT_VALUE { ulVal: *number }),
            Value::String(string) => {
                strings.push(text(string)?);
                let first = strings[0].as_ptr().cast_mut();
                (VT_LPWSTR, PROPVARIANT_VALUE { pwszVal: first })
            }
            Value::Bytes(bytes) => {
                let blob = BLOB {
                    cbSize: count(bytes.len())?,
                    pBlobData: bytes.as_ptr().cast_mut(),
                };
                (VT_BLOB, PROPVARIANT_VALUE { blob })
            }
            Value::Strings(list) => {
                for string in list {
                    strings.push(text(string)?);
                }
                pointers.extend(strings.iter().map(|string| string.as_ptr().cast_mut()));
                let calpwstr = CALPWSTR {
                    cElems: count(pointers.len())?,
                    pElems: pointers.as_mut_ptr(),
                };
                (STRINGS, PROPVARIANT_VALUE { calpwstr })
            }
        };
        let value = PROPVARIANT {
            vt,
            value,
            ..PROPVARIANT::EMPTY
        };
        Ok(Taken {
            value,
            _strings: strings,
            _pointers: pointers,
        })
    }
}

impl Framework<IWDFNamedPropertyStore> {
    pub(crate) fn get(&self, name: &str) -> Result<Value> {
        let name = text(name)?;
        let mut value = Given(PROPVARIANT::EMPTY);
        // SAFETY: the name ends with NUL; the place is valid, and cleared afterwards.
        unsafe { self.GetNamedValue(name.as_ptr(), &raw mut value.0) }.ok()?;
        value.value()
    }

    pub(crate) fn set(&self, name: &str, value: &Value) -> Result<()> {
        let name = text(name)?;
        let value = Taken::new(value)?;
        // SAFETY: the name ends with NUL; the value is as its type says, and only read.
        unsafe { self.SetNamedValue(name.as_ptr(), &raw const value.value) }.ok()
    }

    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let mut count = 0;
        // SAFETY: the place is valid.
        unsafe { self.GetNameCount(&raw mut count) }.ok()?;
        (0..count).map(|index| self.name_at(index)).collect()
    }

    fn name_at(&self, index: u32) -> Result<String> {
        let mut name = null_mut();
        // SAFETY: the place is valid.
        unsafe { self.GetNameAt(index, &raw mut name) }.ok()?;
        // SAFETY: a name that ends with NUL, which is the driver's (F13).
        let copy = unsafe { string_at(name) };
        // SAFETY: as above, and freed once.
        unsafe { delete_array(name.cast()) };
        Ok(copy)
    }

    pub(crate) fn delete(&self, name: &str) -> Result<()> {
        let name = text(name)?;
        let store = self.query::<IWDFNamedPropertyStore2>()?;
        // SAFETY: the name ends with NUL.
        unsafe { store.DeleteNamedValue(name.as_ptr()) }.ok()
    }
}
