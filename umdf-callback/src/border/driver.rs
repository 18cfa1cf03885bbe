//! The driver callback object's trampolines, and what the DLL exports (U2).

use core::ffi::c_void;
use core::marker::PhantomData;
use std::sync::Mutex;

use windows_core::{BOOL, GUID, HRESULT, IUnknown, Interface};

use super::framework::Framework;
use super::object::{Live, Object, Offer, Offers};
use super::{E_POINTER, code, parameter};
use crate::device::DeviceInit;
use crate::driver::{Driver, DriverObject};
use crate::raw::*;

const CLASS_E_NOAGGREGATION: HRESULT = HRESULT(0x8004_0110_u32 as i32);
const CLASS_E_CLASSNOTAVAILABLE: HRESULT = HRESULT(0x8004_0111_u32 as i32);

/// Driver callback objects: one interface.
pub(crate) struct DriverKind;

impl<T: Driver> Object<T, DriverKind> {
    const OFFERS: Offers<T, DriverKind> = {
        let table = &IDriverEntry_Vtbl::new::<Self, -1>();
        // SAFETY: made for this place of this object.
        let entry = unsafe { Offer::new::<IDriverEntry>(table) };
        Offers::one(entry)
    };
}

impl<T: Driver> IDriverEntry_Impl for Object<T, DriverKind> {
    unsafe fn OnInitialize(&self, driver: Raw<IWDFDriver>) -> HRESULT {
        code(parameter(driver).and_then(|driver| {
            let driver = DriverObject(Framework::to(&driver));
            self.value().on_initialize(&driver)
        }))
    }

    unsafe fn OnDeviceAdd(
        &self,
        driver: Raw<IWDFDriver>,
        init: Raw<IWDFDeviceInitialize>,
    ) -> HRESULT {
        code(parameter(driver).and_then(|driver| {
            let init = parameter(init)?;
            let init = DeviceInit::new(Framework::to(&driver), Framework::to(&init));
            self.value().on_device_add(init).map(drop)
        }))
    }

    unsafe fn OnDeinitialize(&self, driver: Raw<IWDFDriver>) {
        if let Ok(driver) = parameter(driver) {
            self.value()
                .on_deinitialize(&DriverObject(Framework::to(&driver)));
        }
    }
}

/// Class factories: one interface.
pub(crate) struct FactoryKind;

/// The value of a class factory: the locks of `LockServer`.
pub(crate) struct Factory<T> {
    locks: Mutex<Vec<Live>>,
    of: PhantomData<fn() -> T>,
}

impl<T: Driver> Object<Factory<T>, FactoryKind> {
    const OFFERS: Offers<Factory<T>, FactoryKind> = {
        let table = &IClassFactory_Vtbl::new::<Self, -1>();
        // SAFETY: made for this place of this object.
        let entry = unsafe { Offer::new::<IClassFactory>(table) };
        Offers::one(entry)
    };
}

impl<T: Driver> IClassFactory_Impl for Object<Factory<T>, FactoryKind> {
    unsafe fn CreateInstance(
        &self,
        outer: Raw<IUnknown>,
        iid: *const GUID,
        object: *mut *mut c_void,
    ) -> HRESULT {
        if iid.is_null() || object.is_null() {
            return E_POINTER;
        }
        // SAFETY: not null, so the caller's place for a pointer.
        unsafe { object.write(core::ptr::null_mut()) };
        if parameter(outer).is_ok() {
            return CLASS_E_NOAGGREGATION;
        }
        let driver = Object::create(T::default(), &Object::<T, DriverKind>::OFFERS);
        // SAFETY: neither is null, so both are the caller's.
        unsafe { driver.query(iid, object) }
    }

    unsafe fn LockServer(&self, lock: BOOL) -> HRESULT {
        let mut locks = self
            .value()
            .locks
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if lock.as_bool() {
            locks.push(Live::new());
        } else {
            locks.pop();
        }
        HRESULT(0)
    }
}

/// `DllGetClassObject`.
///
/// # Safety
/// Each pointer is null or valid.
pub unsafe fn class_object<T: Driver>(
    clsid: &GUID,
    class: *const GUID,
    iid: *const GUID,
    object: *mut *mut c_void,
) -> HRESULT {
    if class.is_null() || iid.is_null() || object.is_null() {
        return E_POINTER;
    }
    // SAFETY: not null, so the caller's place for a pointer.
    unsafe { object.write(core::ptr::null_mut()) };
    // SAFETY: not null, so the caller's CLSID.
    if unsafe { *class } != *clsid {
        return CLASS_E_CLASSNOTAVAILABLE;
    }
    let factory = Factory::<T> {
        locks: Mutex::default(),
        of: PhantomData,
    };
    let factory = Object::create(factory, &Object::<Factory<T>, FactoryKind>::OFFERS);
    // SAFETY: neither is null, so both are the caller's.
    unsafe { factory.query(iid, object) }
}

/// `DllCanUnloadNow`: S_OK, or S_FALSE as long as there are objects or locks.
pub fn can_unload_now() -> HRESULT {
    HRESULT(i32::from(Live::count() != 0))
}
