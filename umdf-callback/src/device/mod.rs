//! Devices: what is configured before one is made (U3), the framework device object, and what the device callback object is
//! made of. Header: wudfddi.h, pages: nn-wudfddi-iwdfdeviceinitialize, nn-wudfddi-iwdfdevice.

use crate::border::device::DeviceOffers;

pub use self::init::DeviceInit;
pub use self::made::{DeviceHandle, NewDevice};
pub use self::object::Device;

mod init;
mod made;
mod object;

/// A device callback object: the device's context in `self`, and an interface for each trait of [`crate::callback`] that the type
/// implements (U4). [`device_callback!`](crate::device_callback!) implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a device callback object",
    note = "write `device_callback!({Self});` next to the type"
)]
pub trait DeviceCallback: Sized + 'static {
    /// What `QueryInterface` finds.
    #[doc(hidden)]
    const OFFERS: DeviceOffers<Self>;
}

/// Makes a type a [`DeviceCallback`]. Which interfaces the framework finds follows from the traits that the type implements,
/// there is nothing to list. A generic type is made one for each of its instances: `device_callback!(Context<Usb>)`.
///
/// ```
/// use umdf_callback::callback::{FileClose, PnpHardware};
/// use umdf_callback::{Device, File, Result, device_callback};
///
/// struct Context { /* ... */ }
///
/// impl PnpHardware for Context {
///     fn on_prepare_hardware(&self, device: &Device) -> Result<()> {
///         println!("{} is here", device.instance_id()?);
///         Ok(())
///     }
/// }
///
/// impl FileClose for Context {
///     fn on_close_file(&self, _file: &File) {}
/// }
///
/// device_callback!(Context); // IPnpCallbackHardware and IFileCallbackClose
/// ```
#[macro_export]
macro_rules! device_callback {
    ($callback:ty) => {
        impl $crate::DeviceCallback for $callback {
            const OFFERS: $crate::__private::DeviceOffers<Self> = {
                #[allow(unused_imports)]
                use $crate::__private::NoDevice as _;
                type Probe = $crate::__private::Probe<$callback, $crate::__private::DeviceKind>;
                $crate::__private::DeviceOffers::new(
                    Probe::CLEANUP,
                    Probe::PNP,
                    Probe::HARDWARE,
                    Probe::HARDWARE2,
                    Probe::HARDWARE_INTERRUPT,
                    Probe::SELF_MANAGED_IO,
                    Probe::REMOTE_INTERFACE,
                    Probe::WAKE_FROM_S0,
                    Probe::WAKE_FROM_SX,
                    Probe::FILE_CLEANUP,
                    Probe::FILE_CLOSE,
                )
            };
        }
    };
}
