//! The driver callback object of drivers that are written against the interfaces themselves: what they do in `OnDeviceAdd` is a
//! test's.

use core::ffi::c_void;
use std::cell::RefCell;
use std::rc::Rc;

use umdf_callback::raw::*;
use umdf_callback::{GUID, HRESULT};
use wdm_sim::umdf::GetClassObject;
use windows_core::{BOOL, IUnknown, Interface, implement};

use crate::support::S_OK;

/// What a driver does in `OnDeviceAdd`.
type Added = Rc<dyn Fn(&IWDFDriver, &IWDFDeviceInitialize) -> HRESULT>;

thread_local! {
    static NEXT: RefCell<Option<Added>> = const { RefCell::new(None) };
}

/// `DllGetClassObject` of a driver that does this; it is for the next driver that the thread loads.
pub(crate) fn driver(
    added: impl Fn(&IWDFDriver, &IWDFDeviceInitialize) -> HRESULT + 'static,
) -> GetClassObject {
    NEXT.set(Some(Rc::new(added)));
    class_object
}

unsafe extern "system" fn class_object(
    _class: *const GUID,
    iid: *const GUID,
    object: *mut *mut c_void,
) -> HRESULT {
    let added = NEXT.take().expect("a driver is loaded once");
    let factory: IUnknown = Factory(added).into();
    // SAFETY: the framework's pointers.
    unsafe { factory.query(iid, object) }
}

#[implement(IClassFactory)]
struct Factory(Added);

impl IClassFactory_Impl for Factory_Impl {
    unsafe fn CreateInstance(
        &self,
        _outer: Raw<IUnknown>,
        iid: *const GUID,
        object: *mut *mut c_void,
    ) -> HRESULT {
        let entry: IUnknown = Entry(self.0.clone()).into();
        // SAFETY: the framework's pointers.
        unsafe { entry.query(iid, object) }
    }

    unsafe fn LockServer(&self, _lock: BOOL) -> HRESULT {
        S_OK
    }
}

/// A parameter, for as long as the callback runs.
pub(crate) fn parameter<I: Interface>(pointer: Raw<I>) -> I {
    // SAFETY: the framework's object.
    let object = unsafe { pointer.borrow() };
    object.expect("the framework passes an object").to_owned()
}

#[implement(IDriverEntry)]
struct Entry(Added);

impl IDriverEntry_Impl for Entry_Impl {
    unsafe fn OnInitialize(&self, _driver: Raw<IWDFDriver>) -> HRESULT {
        S_OK
    }

    unsafe fn OnDeviceAdd(
        &self,
        driver: Raw<IWDFDriver>,
        init: Raw<IWDFDeviceInitialize>,
    ) -> HRESULT {
        (self.0)(&parameter(driver), &parameter(init))
    }

    unsafe fn OnDeinitialize(&self, _driver: Raw<IWDFDriver>) {}
}
