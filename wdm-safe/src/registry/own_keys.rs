//! The registry keys that belong to a driver and to a device.
//!
//! The pages: [`IoOpenDriverRegistryKey`], [`IoOpenDeviceRegistryKey`], and
//! <https://learn.microsoft.com/windows-hardware/drivers/wdf/introduction-to-registry-keys-for-drivers>.
//!
//! [`IoOpenDriverRegistryKey`]: https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioopendriverregistrykey
//! [`IoOpenDeviceRegistryKey`]: https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioopendeviceregistrykey
//!
//! ```
//! use wdm_safe::registry::{DriverKey, KeyAccess, RegKey};
//! use wdm_safe::{Driver, Init, Result, unicode};
//!
//! struct Settings {
//!     verbose: bool,
//! }
//!
//! impl Driver for Settings {
//!     fn init(init: &Init<'_>) -> Result<Self> {
//!         let at = init.passive();
//!         let parameters = RegKey::driver_key(init, DriverKey::Parameters, KeyAccess::READ)?;
//!         let verbose = parameters.value(unicode!("Verbose"), at);
//!         let verbose = verbose.is_ok_and(|value| value.as_u32() == Some(1));
//! #       assert!(verbose);
//!         Ok(Settings { verbose })
//!     }
//! }
//!
//! wdm_safe::driver!(Settings);
//! # fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
//! # let machine = wdm_sim::Machine::builder().build()?;
//! # machine.install("settings", &[("Verbose", 1.into())])?;
//! # let driver = unsafe { machine.load_linked("settings", driver_entry)? };
//! # machine.unload(driver)?;
//! # assert_eq!(machine.report().findings, []);
//! # Ok(())
//! # }
//! ```

use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::transmute;
use core::ptr::{self, NonNull};

use wdm_sys as sys;

use super::{KeyAccess, KeyRequest, RegKey};
use crate::handle::Handle;
use crate::{Init, NtError, NtStatus, Passive, Result, system_routine, unicode};

/// `IoOpenDriverRegistryKey`, which Windows 10 1803 brought.
type IoOpenDriverRegistryKey = unsafe extern "system" fn(
    *mut sys::DRIVER_OBJECT,
    sys::DRIVER_REGKEY_TYPE,
    u32,
    u32,
    *mut sys::HANDLE,
) -> i32;

/// One of a driver's keys (`DRIVER_REGKEY_TYPE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriverKey {
    /// The settings that the driver was installed with, which it does not change.
    Parameters,
    /// What the driver remembers from one start of the machine to the next.
    PersistentState,
    /// What the driver remembers for other components to read.
    SharedPersistentState,
}

impl DriverKey {
    fn raw(self) -> sys::DRIVER_REGKEY_TYPE {
        match self {
            Self::Parameters => sys::DriverRegKeyParameters,
            Self::PersistentState => sys::DriverRegKeyPersistentState,
            Self::SharedPersistentState => sys::DriverRegKeySharedPersistentState,
        }
    }
}

/// One of a device's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKey {
    /// The hardware key: information about the device (`PLUGPLAY_REGKEY_DEVICE`).
    Hardware,
    /// The software key: information of the driver's about the device (`PLUGPLAY_REGKEY_DRIVER`).
    Software,
}

impl DeviceKey {
    fn raw(self) -> u32 {
        match self {
            Self::Hardware => sys::PLUGPLAY_REGKEY_DEVICE,
            Self::Software => sys::PLUGPLAY_REGKEY_DRIVER,
        }
    }
}

/// The physical device object (PDO) of a device, for as long as `'a`.
#[derive(Clone, Copy, Debug)]
pub struct PhysicalDevice<'a> {
    device: NonNull<sys::_DEVICE_OBJECT>,
    _lives: PhantomData<&'a ()>,
}

impl PhysicalDevice<'_> {
    /// Takes a device object as what it is, such as the one that `AddDevice` gets.
    ///
    /// # Safety
    /// It is a device object, which exists for all of the lifetime. (One that is not the physical
    /// one of a device is refused by the kernel.)
    #[must_use]
    pub const unsafe fn from_raw(device: NonNull<sys::_DEVICE_OBJECT>) -> Self {
        Self {
            device,
            _lives: PhantomData,
        }
    }
}

impl RegKey {
    /// Opens one of the driver's own keys (`IoOpenDriverRegistryKey`). Where Windows does not have
    /// the routine, before Windows 10 1803, the parameters are opened by their path; there is no
    /// place for state there. IRQL: `PASSIVE_LEVEL`, in a system thread, as
    /// [`Driver::init`](crate::Driver::init) is.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if there is no such key, `STATUS_NOT_SUPPORTED` for state
    /// where Windows has none, `STATUS_ACCESS_DENIED`, or what a registry callback answered.
    pub fn driver_key(init: &Init<'_>, which: DriverKey, access: KeyAccess) -> Result<Self> {
        let at = init.passive();
        let Some(routine) = system_routine(unicode!("IoOpenDriverRegistryKey"), at) else {
            return parameters(init, which, access);
        };
        // SAFETY: the routine's documented type.
        let routine = unsafe { transmute::<NonNull<c_void>, IoOpenDriverRegistryKey>(routine) };
        let (driver, access) = (init.driver_object().as_ptr(), access.bits());
        let mut handle = ptr::null_mut();
        // SAFETY: the calling driver's own object, no flags, a place for the handle; PASSIVE_LEVEL
        // by the token.
        let status = unsafe { routine(driver, which.raw(), access, 0, &mut handle) };
        NtStatus::from_raw(status).to_result()?;
        own(handle, KeyAccess::from_bits_retain(access), at)
    }

    /// Opens one of a device's keys (`IoOpenDeviceRegistryKey`). IRQL: `PASSIVE_LEVEL`, in a system
    /// thread, as `AddDevice` and the handling of Plug and Play requests are: in another process the
    /// key is, for a moment, within that process's reach.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` or `STATUS_INVALID_DEVICE_REQUEST` if the device object is not a
    /// physical one, `STATUS_OBJECT_NAME_NOT_FOUND` if the device has no such key, or what a
    /// registry callback answered.
    pub fn device_key(
        device: &PhysicalDevice<'_>,
        which: DeviceKey,
        access: KeyAccess,
        at: Passive<'_>,
    ) -> Result<Self> {
        let mut handle = ptr::null_mut();
        let device = device.device.as_ptr();
        // SAFETY: the device object exists, says `PhysicalDevice`; a place for the handle;
        // PASSIVE_LEVEL by the token.
        let status = unsafe {
            sys::IoOpenDeviceRegistryKey(device, which.raw(), access.bits(), &mut handle)
        };
        NtStatus::from_raw(status).to_result()?;
        own(handle, access, at)
    }
}

/// A driver's key as far as Windows has always had it.
fn parameters(init: &Init<'_>, which: DriverKey, access: KeyAccess) -> Result<RegKey> {
    if which != DriverKey::Parameters {
        return Err(NtError::NOT_SUPPORTED);
    }
    let at = init.passive();
    let service = RegKey::open(init.registry_path(), KeyAccess::READ, at)?;
    service.open_below(unicode!("Parameters"), access, at)
}

/// Exchanges a handle of the current process, which these routines are not documented to make a
/// kernel handle, for one that is good in every process.
fn own(handle: sys::HANDLE, access: KeyAccess, at: Passive<'_>) -> Result<RegKey> {
    // SAFETY: the kernel has just made it for this call; it is closed below, in the same process.
    let handle = unsafe { Handle::from_raw(handle) }.ok_or(NtError::INVALID_HANDLE)?;
    let key = RegKey::from_handle(handle);
    KeyRequest::new(unicode!(""), access).below(&key).open(at)
}
