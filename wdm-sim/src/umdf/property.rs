//! Property stores: registry keys of a device and its driver, in memory. Header: wudfddi.h, pages:
//! wdf/using-the-registry-in-umdf-1-x-drivers, nf-wudfddi-iwdfpropertystorefactory-retrievedevicepropertystore.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use umdf_callback::property::Value;
use umdf_callback::raw::*;
use umdf_callback::{GUID, HRESULT};
use windows_core::{ComObject, implement};

use super::codes::{ACCESS_DENIED, E_INVALIDARG, E_POINTER, FILE_NOT_FOUND, NO_MORE_ITEMS};
use super::object::{Base, put, read_string, set};
use super::verifier::Rule;
use super::world::{World, lock};

const KEY_SET_VALUE: u32 = 0x2;
/// `GENERIC_WRITE`, `WRITE_DAC` and `KEY_CREATE_SUB_KEY`.
const FORBIDDEN: u32 = 0x4000_0000 | 0x4_0000 | 0x4;

const STRINGS: u16 = VT_VECTOR | VT_LPWSTR;

/// The keys of a device and its driver, by their paths, with their values.
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<BTreeMap<String, BTreeMap<String, Value>>>);

impl Registry {
    /// The values of a key.
    pub(crate) fn values(&self, path: &str) -> Option<BTreeMap<String, Value>> {
        lock(&self.0).get(path).cloned()
    }

    /// Sets a value, and makes its key.
    pub(crate) fn set(&self, path: &str, name: &str, value: Value) {
        let mut keys = lock(&self.0);
        let key = keys.entry(path.to_owned()).or_default();
        key.insert(name.to_owned(), value);
    }

    /// Opens a key; says whether it was made.
    fn open(
        &self,
        path: &str,
        exists: bool,
        flags: WDF_PROPERTY_STORE_RETRIEVE_FLAGS,
    ) -> Result<bool, HRESULT> {
        let mut keys = lock(&self.0);
        if exists || keys.contains_key(path) {
            keys.entry(path.to_owned()).or_default();
            return Ok(false);
        }
        if flags == WdfPropertyStoreNormal {
            return Err(FILE_NOT_FOUND);
        }
        keys.insert(path.to_owned(), BTreeMap::new());
        Ok(true)
    }
}

/// The hardware key's part for a service, of this driver's if it has no name.
fn hardware(service: Option<&str>) -> String {
    format!(r"Device Parameters\{}", service.unwrap_or("driver"))
}

/// A store that is open.
pub(crate) struct Key {
    base: Base,
    registry: Arc<Registry>,
    path: String,
    writable: bool,
}

/// `RetrieveDevicePropertyStore` of a device, before or after it is made.
///
/// # Safety
/// The string and the places are the driver's, or null.
pub(crate) unsafe fn retrieve(
    world: &Arc<World>,
    registry: &Arc<Registry>,
    service: *const u16,
    flags: WDF_PROPERTY_STORE_RETRIEVE_FLAGS,
    store: *mut Raw<IWDFNamedPropertyStore>,
    disposition: *mut WDF_PROPERTY_STORE_DISPOSITION,
) -> Result<(), HRESULT> {
    // SAFETY: the driver's string, or null.
    let service = unsafe { read_string(service) };
    let path = hardware(service.as_deref());
    let made = registry.open(&path, false, flags)?;
    let key = Key {
        base: Base::new(world, "property store"),
        registry: registry.clone(),
        path,
        writable: true,
    };
    let object = ComObject::new(Store { key });
    // SAFETY: the driver's place.
    unsafe { put(store, Some(object.to_interface())) };
    // SAFETY: the driver's place, or null.
    unsafe { tell(disposition, made) };
    Ok(())
}

/// # Safety
/// `place` is null or the driver's place.
unsafe fn tell(place: *mut WDF_PROPERTY_STORE_DISPOSITION, made: bool) {
    let value = if made {
        CreatedNewStore
    } else {
        OpenedExistingStore
    };
    // SAFETY: by this function's contract.
    unsafe { set(place, value) };
}

/// What `IWDFPropertyStoreFactory::RetrieveDevicePropertyStore` was told.
pub(crate) struct Opening {
    pub(crate) root: *const WDF_PROPERTY_STORE_ROOT,
    pub(crate) flags: WDF_PROPERTY_STORE_RETRIEVE_FLAGS,
    pub(crate) access: u32,
    pub(crate) subkey: *const u16,
}

/// Opens a store as the factory does.
///
/// # Safety
/// The pointers are the driver's, or null; the root is as its class says.
pub(crate) unsafe fn open(
    device: &Base,
    registry: &Arc<Registry>,
    interfaces: &[(GUID, Option<String>, bool)],
    opening: &Opening,
    store: *mut Raw<IWDFNamedPropertyStore2>,
    disposition: *mut WDF_PROPERTY_STORE_DISPOSITION,
) -> Result<(), HRESULT> {
    const METHOD: &str = "IWDFPropertyStoreFactory::RetrieveDevicePropertyStore";
    if opening.root.is_null() {
        return Err(E_INVALIDARG);
    }
    // SAFETY: not null, so the driver's structure.
    let root = unsafe { opening.root.read() };
    if root.LengthCb as usize != size_of::<WDF_PROPERTY_STORE_ROOT>() {
        return Err(E_INVALIDARG);
    }
    let [first, second] = root.Qualifier;
    // SAFETY: a string where the class says so, or null.
    let name = || unsafe { read_string(first.cast()) };
    let (mut path, mut exists) = match root.RootClass {
        WdfPropertyStoreRootClassHardwareKey => match name().as_deref() {
            Some("\\") => ("Device Parameters".to_owned(), true),
            service => (hardware(service), false),
        },
        WdfPropertyStoreRootClassSoftwareKey => ("Software".to_owned(), true),
        WdfPropertyStoreRootClassDeviceInterfaceKey if !first.is_null() => {
            // SAFETY: not null, so the driver's GUID.
            let class = unsafe { first.cast::<GUID>().read() };
            // SAFETY: the driver's string, or null.
            let reference = unsafe { read_string(second.cast()) };
            let known =
                |entry: &(GUID, Option<String>, bool)| entry.0 == class && entry.1 == reference;
            if !interfaces.iter().any(known) {
                let detail = "the device has not registered this interface; the call fails";
                device.finding(Rule::PropertyStore, METHOD, detail);
                return Err(FILE_NOT_FOUND);
            }
            let reference = reference.map_or(String::new(), |text| format!(r"\{text}"));
            (format!(r"Interface\{class:?}{reference}"), true)
        }
        WdfPropertyStoreRootClassLegacyHardwareKey => {
            (format!(r"DEVICEMAP\{}", name().ok_or(E_INVALIDARG)?), false)
        }
        WdfPropertyStoreRootDriverParametersKey => {
            let service = name().ok_or(E_INVALIDARG)?;
            (format!(r"Services\{service}\Parameters"), true)
        }
        _ => return Err(E_INVALIDARG),
    };
    let writable = opening.access & KEY_SET_VALUE != 0;
    if opening.access & FORBIDDEN != 0 || path == "Device Parameters" && writable {
        let detail = "the access is more than a driver may ask for; the call fails";
        device.finding(Rule::PropertyStore, METHOD, detail);
        return Err(ACCESS_DENIED);
    }
    // SAFETY: the driver's string, or null.
    if let Some(subkey) = unsafe { read_string(opening.subkey) } {
        path = format!(r"{path}\{subkey}");
        exists = false;
    }
    let made = registry.open(&path, exists, opening.flags)?;
    let key = Key {
        base: Base::new(&device.world, "property store"),
        registry: registry.clone(),
        path,
        writable,
    };
    let object = ComObject::new(Store2 { key });
    // SAFETY: the driver's place.
    unsafe { put(store, Some(object.to_interface())) };
    // SAFETY: the driver's place, or null.
    unsafe { tell(disposition, made) };
    Ok(())
}

/// Memory that the driver frees, filled.
fn allocate<T: Copy>(values: &[T]) -> *mut T {
    // SAFETY: any size is allowed.
    #[cfg_attr(not(windows), allow(unused_unsafe))]
    let block: *mut T = unsafe { CoTaskMemAlloc(size_of_val(values)) }.cast();
    // SAFETY: so many bytes were just allocated.
    unsafe { block.copy_from_nonoverlapping(values.as_ptr(), values.len()) };
    block
}

fn string(text: &str) -> *mut u16 {
    let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
    allocate(&units)
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// A value as the driver gets it.
fn give(value: &Value) -> PROPVARIANT {
    let (vt, value) = match value {
        Value::U32(number) => (VT_UI4, PROPVARIANT_VALUE { ulVal: *number }),
        Value::String(text) => (
            VT_LPWSTR,
            PROPVARIANT_VALUE {
                pwszVal: string(text),
            },
        ),
        Value::Bytes(bytes) => {
            let blob = BLOB {
                cbSize: count(bytes.len()),
                pBlobData: allocate(bytes),
            };
            (VT_BLOB, PROPVARIANT_VALUE { blob })
        }
        Value::Strings(list) => {
            let strings: Vec<*mut u16> = list.iter().map(|text| string(text)).collect();
            let calpwstr = CALPWSTR {
                cElems: count(strings.len()),
                pElems: allocate(&strings),
            };
            (STRINGS, PROPVARIANT_VALUE { calpwstr })
        }
    };
    PROPVARIANT {
        vt,
        value,
        ..PROPVARIANT::EMPTY
    }
}

/// A value of the driver's.
///
/// # Safety
/// It is as its type says.
unsafe fn take(value: &PROPVARIANT) -> Option<Value> {
    let union = value.value;
    match value.vt {
        // SAFETY: the member that the type says.
        VT_UI4 => Some(Value::U32(unsafe { union.ulVal })),
        VT_LPWSTR => {
            // SAFETY: as above.
            let text = unsafe { union.pwszVal };
            // SAFETY: a string, or null.
            unsafe { read_string(text) }.map(Value::String)
        }
        VT_BLOB => {
            // SAFETY: as above.
            let blob = unsafe { union.blob };
            let bytes = (0..blob.cbSize as usize).map(|index| {
                // SAFETY: there are as many bytes.
                unsafe { blob.pBlobData.wrapping_add(index).read() }
            });
            Some(Value::Bytes(bytes.collect()))
        }
        STRINGS => {
            // SAFETY: as above.
            let list = unsafe { union.calpwstr };
            let strings = (0..list.cElems as usize).map(|index| {
                // SAFETY: there are as many pointers.
                let text = unsafe { list.pElems.wrapping_add(index).read() };
                // SAFETY: a string, or null.
                unsafe { read_string(text) }
            });
            strings.collect::<Option<_>>().map(Value::Strings)
        }
        _ => None,
    }
}

/// A store that `RetrieveDevicePropertyStore` of a device has opened.
#[implement(IWDFNamedPropertyStore)]
struct Store {
    key: Key,
}

/// A store that the factory has opened.
#[implement(IWDFNamedPropertyStore2)]
struct Store2 {
    key: Key,
}

impl Key {
    fn values(&self) -> BTreeMap<String, Value> {
        self.registry.values(&self.path).unwrap_or_default()
    }

    /// # Safety
    /// The string is the driver's, or null.
    unsafe fn named(&self, name: *const u16) -> Result<String, HRESULT> {
        // SAFETY: the driver's string, or null.
        unsafe { read_string(name) }.ok_or(E_INVALIDARG)
    }

    fn may_write(&self, method: &str) -> Result<(), HRESULT> {
        if self.writable {
            return Ok(());
        }
        let detail = "it is open for reading only; the call fails";
        self.base.finding(Rule::PropertyStore, method, detail);
        Err(ACCESS_DENIED)
    }
}

macro_rules! store {
    ($outer:ident) => {
        impl IWDFNamedPropertyStore_Impl for $outer {
            unsafe fn GetNamedValue(&self, name: *const u16, value: *mut PROPVARIANT) -> HRESULT {
                let key = &self.key;
                key.base
                    .answer("IWDFNamedPropertyStore::GetNamedValue", || {
                        // SAFETY: the driver's string, or null.
                        let name = unsafe { key.named(name) }?;
                        let values = key.values();
                        let found = values.get(&name).ok_or(FILE_NOT_FOUND)?;
                        // SAFETY: the driver's place.
                        unsafe { set(value, give(found)) };
                        Ok(())
                    })
            }

            unsafe fn SetNamedValue(&self, name: *const u16, value: *const PROPVARIANT) -> HRESULT {
                const METHOD: &str = "IWDFNamedPropertyStore::SetNamedValue";
                let key = &self.key;
                key.base.answer(METHOD, || {
                    // SAFETY: the driver's string, or null.
                    let name = unsafe { key.named(name) }?;
                    if value.is_null() {
                        return Err(E_POINTER);
                    }
                    key.may_write(METHOD)?;
                    // SAFETY: not null, so the driver's value.
                    let value = unsafe { take(&*value) }.ok_or(E_INVALIDARG)?;
                    key.registry.set(&key.path, &name, value);
                    Ok(())
                })
            }

            unsafe fn GetNameCount(&self, place: *mut u32) -> HRESULT {
                let key = &self.key;
                key.base.answer("IWDFNamedPropertyStore::GetNameCount", || {
                    // SAFETY: the driver's place.
                    unsafe { set(place, count(key.values().len())) };
                    Ok(())
                })
            }

            unsafe fn GetNameAt(&self, index: u32, name: *mut *mut u16) -> HRESULT {
                let key = &self.key;
                key.base.answer("IWDFNamedPropertyStore::GetNameAt", || {
                    let values = key.values();
                    let found = values.keys().nth(index as usize).ok_or(NO_MORE_ITEMS)?;
                    // SAFETY: the driver's place.
                    unsafe { set(name, string(found)) };
                    Ok(())
                })
            }
        }
    };
}

store!(Store_Impl);
store!(Store2_Impl);

impl IWDFNamedPropertyStore2_Impl for Store2_Impl {
    unsafe fn DeleteNamedValue(&self, name: *const u16) -> HRESULT {
        const METHOD: &str = "IWDFNamedPropertyStore2::DeleteNamedValue";
        let key = &self.key;
        key.base.answer(METHOD, || {
            // SAFETY: the driver's string, or null.
            let name = unsafe { key.named(name) }?;
            key.may_write(METHOD)?;
            let mut keys = lock(&key.registry.0);
            let values = keys.get_mut(&key.path).ok_or(FILE_NOT_FOUND)?;
            values.remove(&name).map(drop).ok_or(FILE_NOT_FOUND)
        })
    }
}
