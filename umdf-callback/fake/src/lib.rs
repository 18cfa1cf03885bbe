//! A small stand-in for the UMDF 1 framework: as much of it as tests of `umdf-callback` need, in one thread.
//!
//! It loads a driver by its `DllGetClassObject`, adds devices, opens files and sends requests, and finds the driver's callback
//! interfaces by `QueryInterface` as the framework does (U1, U2). What it does not do stops the test with the method's name.

use std::cell::RefCell;
use std::rc::Rc;

use core::ffi::c_void;

use umdf_callback::raw::*;
use umdf_callback::{Error, GUID, HRESULT, Result};
use windows_core::{ComObject, IUnknown, Interface};

pub use self::device::Device;
pub use self::driver::Driver;
pub use self::file::{File, file};
pub use self::init::Init;
pub use self::queue::Queue;
pub use self::request::Sent;

mod device;
mod driver;
mod file;
mod init;
mod memory;
mod queue;
mod request;

/// A method that the stand-in does not have.
macro_rules! absent {
    ($($name:ident($($argument:ty),*) $(-> $result:ty)?;)*) => {
        $(
            unsafe fn $name(&self, $(_: $argument),*) $(-> $result)? {
                unimplemented!(concat!("the stand-in for the framework has no ", stringify!($name)))
            }
        )*
    };
}

/// What the stand-in's objects share: nothing of it is used.
macro_rules! object {
    ($name:ident) => {
        impl IWDFObject_Impl for $name {
            absent! {
                DeleteWdfObject() -> HRESULT;
                AssignContext(Raw<IObjectCleanup>, *mut c_void) -> HRESULT;
                RetrieveContext(*mut *mut c_void) -> HRESULT;
                AcquireLock();
                ReleaseLock();
            }
        }
    };
}
pub(crate) use {absent, object};

/// `DllGetClassObject`, as `driver!` exports it.
pub type GetClassObject =
    unsafe extern "system" fn(*const GUID, *const GUID, *mut *mut c_void) -> HRESULT;

/// An error of the stand-in's: `HRESULT_FROM_WIN32`.
pub(crate) const fn win32(error: u32) -> HRESULT {
    HRESULT::from_win32(error)
}

/// Writes a string as the framework does: the length for a null buffer, then the string with its NUL.
///
/// # Safety
/// The length is valid, and so many units of the buffer are.
pub(crate) unsafe fn write_string(text: &str, buffer: *mut u16, length: *mut u32) -> HRESULT {
    let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
    // SAFETY: the caller's length.
    let room = unsafe { *length } as usize;
    // SAFETY: as above.
    unsafe { length.write(units.len() as u32) };
    if buffer.is_null() {
        return HRESULT(0);
    }
    if room < units.len() {
        return win32(122);
    }
    // SAFETY: the buffer has room for as many.
    unsafe { buffer.copy_from_nonoverlapping(units.as_ptr(), units.len()) };
    HRESULT(0)
}

/// A driver that is loaded.
pub struct Framework {
    entry: IDriverEntry,
    driver: ComObject<Driver>,
}

impl Framework {
    /// Gets the driver callback object from the class factory, and initialises it (U2).
    ///
    /// # Errors
    /// The driver's.
    pub fn load(get_class_object: GetClassObject, clsid: &GUID) -> Result<Self> {
        let factory = class_factory(get_class_object, clsid)?;
        let mut entry = core::ptr::null_mut();
        // SAFETY: all pointers are valid.
        let made = unsafe { factory.CreateInstance(Raw::NULL, &IDriverEntry::IID, &raw mut entry) };
        made.ok()?;
        // SAFETY: what the factory made under this IID, with its reference.
        let entry = unsafe { IDriverEntry::from_raw(entry) };
        let driver = ComObject::new(Driver::default());
        let object: IWDFDriver = driver.to_interface();
        // SAFETY: the interface is valid.
        unsafe { entry.OnInitialize(Raw::of(&object)) }.ok()?;
        Ok(Framework { entry, driver })
    }

    /// Lets the driver add a device.
    ///
    /// # Errors
    /// The driver's; `E_UNEXPECTED` if it said yes without a device (U3).
    pub fn add_device(&self, instance_id: &str) -> Result<ComObject<Device>> {
        let init = ComObject::new(Init::new(instance_id));
        let (driver, init): (IWDFDriver, IWDFDeviceInitialize) =
            (self.driver.to_interface(), init.to_interface());
        // SAFETY: the interfaces are valid.
        unsafe { self.entry.OnDeviceAdd(Raw::of(&driver), Raw::of(&init)) }.ok()?;
        let device = self.driver.devices.borrow_mut().pop();
        device.ok_or_else(|| Error::from_hresult(HRESULT(0x8000_FFFF_u32 as i32)))
    }

    /// Whether an interface is one of the driver callback object's.
    #[must_use]
    pub fn offers<I: Interface>(&self) -> bool {
        self.entry.cast::<I>().is_ok()
    }

    /// Unloads the driver.
    pub fn unload(self) {
        let driver: IWDFDriver = self.driver.to_interface();
        // SAFETY: the interface is valid.
        unsafe { self.entry.OnDeinitialize(Raw::of(&driver)) };
    }
}

/// The class factory of a DLL.
///
/// # Errors
/// The DLL's.
pub fn class_factory(get_class_object: GetClassObject, clsid: &GUID) -> Result<IClassFactory> {
    let mut factory = core::ptr::null_mut();
    // SAFETY: all pointers are valid.
    let got = unsafe { get_class_object(clsid, &IClassFactory::IID, &raw mut factory) };
    got.ok()?;
    // SAFETY: what the DLL gave under this IID, with its reference.
    Ok(unsafe { IClassFactory::from_raw(factory) })
}

/// A driver's callback object, as the framework gets it.
pub(crate) fn callback(pointer: Raw<IUnknown>) -> Option<IUnknown> {
    // SAFETY: the driver's interface, which is valid during the call.
    unsafe { pointer.borrow() }.map(|callback| callback.to_owned())
}

/// What an object of the stand-in and its user both see.
pub(crate) type Shared<T> = Rc<RefCell<Vec<T>>>;
