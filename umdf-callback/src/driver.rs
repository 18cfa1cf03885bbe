//! The driver callback object. Header: wudfddi.h, page: nn-wudfddi-idriverentry.

use core::marker::PhantomData;
use core::num::NonZeroUsize;

use crate::Result;
use crate::border::framework::Framework;
use crate::device::{DeviceInit, NewDevice};
use crate::memory::Memory;
use crate::raw::{IWDFDriver, UMDF_VERSION_DATA};

/// A driver callback object (U2): the framework makes one for each time that it loads the driver, and tells it about devices.
///
/// [`driver!`](crate::driver!) exports it. Methods of it may run on several threads, so what changes in it is behind a lock.
pub trait Driver: Default + Send + Sync + 'static {
    /// The driver was loaded. Page: nf-wudfddi-idriverentry-oninitialize.
    ///
    /// # Errors
    /// An error unloads the driver.
    fn on_initialize(&self, _driver: &DriverObject) -> Result<()> {
        Ok(())
    }

    /// There is a device: configure it, make it with [`DeviceInit::create_device`], and give it back (U3). There is no other
    /// value to say Ok with. Page: nf-wudfddi-idriverentry-ondeviceadd.
    ///
    /// # Errors
    /// An error takes the whole device stack down.
    fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>>;

    /// The driver is about to be unloaded. Page: nf-wudfddi-idriverentry-ondeinitialize.
    fn on_deinitialize(&self, _driver: &DriverObject) {}
}

/// That [`Driver::on_device_add`] made its device: what a [`NewDevice`] turns into.
#[derive(Debug)]
#[must_use = "Driver::on_device_add gives it back"]
pub struct AddedDevice<'add>(PhantomData<fn(&'add ()) -> &'add ()>);

impl<'add, L, T> From<NewDevice<'add, L, T>> for AddedDevice<'add> {
    fn from(_device: NewDevice<'add, L, T>) -> Self {
        AddedDevice(PhantomData)
    }
}

/// The framework driver object.
#[derive(Clone, Debug)]
pub struct DriverObject(pub(crate) Framework<IWDFDriver>);

impl DriverObject {
    /// Whether this version of UMDF 1 is there. Page: nf-wudfddi-iwdfdriver-isversionavailable.
    #[must_use]
    pub fn is_version_available(&self, minor: u32) -> bool {
        let version = UMDF_VERSION_DATA {
            MajorNumber: 1,
            MinorNumber: minor,
            ServiceNumber: 0,
        };
        self.0.is_version_available(version)
    }

    /// Makes memory, to send requests with. There is none of no bytes: `()` stands for that. Page:
    /// nf-wudfddi-iwdfdriver-createwdfmemory.
    ///
    /// # Errors
    /// The framework's.
    pub fn create_memory(&self, size: NonZeroUsize) -> Result<Memory> {
        self.0.create_memory(size.get()).map(Memory::new)
    }

    /// The framework's version as text. Page: nf-wudfddi-iwdfdriver-retrieveversionstring.
    ///
    /// # Errors
    /// The framework's.
    pub fn version(&self) -> Result<String> {
        self.0.version()
    }
}

/// Exports a [`Driver`] from the DLL that the crate becomes (`crate-type = ["cdylib"]`): `DllGetClassObject` gives the class factory
/// for the CLSID (U2), which the INF names in `DriverCLSID`; `DllCanUnloadNow`; and `Microsoft_WDF_UMDF_Version`, the version
/// of the framework that the driver needs: 1.11, or `1.x` with `minor = x`.
///
/// ```
/// # use umdf_callback::{AddedDevice, DeviceInit, Result};
/// use umdf_callback::{Driver, GUID, driver};
///
/// #[derive(Default)]
/// struct Sample;
///
/// impl Driver for Sample {
/// #   fn on_device_add<'add>(&self, _: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
/// #       Err(umdf_callback::Error::from_hresult(umdf_callback::HRESULT(-1)))
/// #   }
/// #   /*
///     // ...
/// #   */
/// }
///
/// driver!(Sample, GUID::from_u128(0x5c6a_3f0e_91d2_4b77_8a35_0c9be1274d68), minor = 9);
/// ```
#[macro_export]
macro_rules! driver {
    ($driver:ty, $clsid:expr) => {
        $crate::driver!($driver, $clsid, minor = 11);
    };
    ($driver:ty, $clsid:expr, minor = $minor:expr) => {
        /// Gives the class factory of the driver.
        ///
        /// # Safety
        /// As COM calls it: each pointer is null or valid.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case)]
        pub unsafe extern "system" fn DllGetClassObject(
            class: *const $crate::GUID,
            iid: *const $crate::GUID,
            object: *mut *mut ::core::ffi::c_void,
        ) -> $crate::HRESULT {
            let clsid: $crate::GUID = $clsid;
            // SAFETY: the caller's pointers.
            unsafe { $crate::__private::class_object::<$driver>(&clsid, class, iid, object) }
        }

        /// Says whether no object of the driver is left.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case)]
        pub extern "system" fn DllCanUnloadNow() -> $crate::HRESULT {
            $crate::__private::can_unload_now()
        }

        /// The version of the framework that the driver needs.
        #[unsafe(no_mangle)]
        #[used]
        #[allow(non_upper_case_globals)]
        pub static Microsoft_WDF_UMDF_Version: $crate::raw::UMDF_VERSION_DATA =
            $crate::raw::UMDF_VERSION_DATA {
                MajorNumber: 1,
                MinorNumber: $minor,
                ServiceNumber: 0,
            };
    };
}
