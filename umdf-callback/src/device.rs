//! Devices: what is configured before one is made (U3), the framework device object, and what the device callback object is
//! made of. Header: wudfddi.h, pages: nn-wudfddi-iwdfdeviceinitialize, nn-wudfddi-iwdfdevice.

use core::marker::PhantomData;

use crate::border::device::{self, DeviceOffers};
use crate::border::framework::Framework;
use crate::driver::DriverObject;
use crate::file::{CreatedFile, File};
use crate::lock::{DeviceLevel, Fits, Unsynchronized};
use crate::queue::{
    Dispatch, IoQueue, ManualQueue, ManualQueueCallback, QueueCallback, QueueConfig,
};
use crate::raw::{
    IWDFDevice, IWDFDeviceInitialize, IWDFDriver, WdfCallbackConstraintNone, WdfDeviceLevel,
};
use crate::request::{CreatedRequest, IoTarget};
use crate::state::{PnpCapability, TriState};
use crate::{GUID, Result};

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

/// A device before it is made (U3): [`create_device`](DeviceInit::create_device) uses it up.
///
/// `'add` is the call of [`Driver::on_device_add`](crate::Driver::on_device_add); `L` says which callbacks of the device's
/// queues run at the same time, [`DeviceLevel`] (none) until [`unsynchronized`](DeviceInit::unsynchronized) is called.
#[derive(Debug)]
#[must_use = "a device that is added has to be made"]
pub struct DeviceInit<'add, L = DeviceLevel> {
    driver: Framework<IWDFDriver>,
    init: Framework<IWDFDeviceInitialize>,
    add: PhantomData<fn(&'add L) -> &'add L>,
}

impl DeviceInit<'_> {
    pub(crate) fn new(
        driver: Framework<IWDFDriver>,
        init: Framework<IWDFDeviceInitialize>,
    ) -> Self {
        init.set_locking_constraint(WdfDeviceLevel);
        DeviceInit {
            driver,
            init,
            add: PhantomData,
        }
    }
}

impl<'add, L> DeviceInit<'add, L> {
    /// Callbacks may run at the same time, so their types must be [`Sync`]. Page: wdf/specifying-a-callback-synchronization-mode;
    /// nf-wudfddi-iwdfdeviceinitialize-setlockingconstraint says that frameworks may serialise them all the same.
    pub fn unsynchronized(self) -> DeviceInit<'add, Unsynchronized> {
        self.init.set_locking_constraint(WdfCallbackConstraintNone);
        DeviceInit {
            driver: self.driver,
            init: self.init,
            add: PhantomData,
        }
    }

    /// The driver is a filter. Page: nf-wudfddi-iwdfdeviceinitialize-setfilter.
    pub fn set_filter(&mut self) {
        self.init.set_filter();
    }

    /// Whether the driver owns the device's power policy. Page: nf-wudfddi-iwdfdeviceinitialize-setpowerpolicyownership.
    pub fn set_power_policy_ownership(&mut self, owner: bool) {
        self.init.set_power_policy_ownership(owner);
    }

    /// Whether opening, cleanup and close go on to the next driver by themselves. Page:
    /// nf-wudfddi-iwdfdeviceinitialize-autoforwardcreatecleanupclose.
    pub fn auto_forward_create_cleanup_close(&mut self, state: TriState) {
        self.init.auto_forward(state.raw());
    }

    /// What the device can do. Page: nf-wudfddi-iwdfdeviceinitialize-setpnpcapability.
    pub fn set_pnp_capability(&mut self, capability: PnpCapability, value: TriState) {
        self.init.set_pnp_capability(capability as i32, value.raw());
    }

    /// What it was told to be able to do. Page: nf-wudfddi-iwdfdeviceinitialize-getpnpcapability.
    #[must_use]
    pub fn pnp_capability(&self, capability: PnpCapability) -> TriState {
        TriState::from_raw(self.init.pnp_capability(capability as i32))
    }

    /// The device's instance id. Page: nf-wudfddi-iwdfdeviceinitialize-retrievedeviceinstanceid.
    ///
    /// # Errors
    /// The framework's.
    pub fn instance_id(&self) -> Result<String> {
        self.init.instance_id()
    }

    /// The driver that the device is for.
    #[must_use]
    pub fn driver(&self) -> DriverObject {
        DriverObject(self.driver.clone())
    }

    /// Makes the device with its callback object. Page: nf-wudfddi-iwdfdriver-createdevice.
    ///
    /// # Errors
    /// The framework's; the callback object is dropped then.
    pub fn create_device<T>(self, callback: T) -> Result<NewDevice<'add, L>>
    where
        T: DeviceCallback + Fits<L>,
    {
        let device = self
            .driver
            .create_device(&self.init, &device::object(callback))?;
        Ok(NewDevice {
            device: Device(device),
            add: PhantomData,
        })
    }
}

/// A device that was just made: its queues are made here, and it is what
/// [`on_device_add`](crate::Driver::on_device_add) gives back, by `.into()`.
#[derive(Debug)]
#[must_use = "Driver::on_device_add gives it back"]
pub struct NewDevice<'add, L> {
    device: Device,
    add: PhantomData<fn(&'add L) -> &'add L>,
}

impl<L> NewDevice<'_, L> {
    /// The device, to be kept.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Makes a queue that hands its requests to `callback`. Page: nf-wudfddi-iwdfdevice-createioqueue.
    ///
    /// # Errors
    /// The framework's.
    pub fn create_queue<Q>(
        &self,
        config: QueueConfig,
        dispatch: Dispatch,
        callback: Q,
    ) -> Result<IoQueue>
    where
        Q: QueueCallback + Fits<L>,
    {
        config.create(&self.device.0, dispatch, callback)
    }

    /// Makes a queue from which the driver takes requests when it likes. Page: nf-wudfddi-iwdfdevice-createioqueue.
    ///
    /// # Errors
    /// The framework's.
    pub fn create_manual_queue<Q>(&self, config: QueueConfig, callback: Q) -> Result<ManualQueue>
    where
        Q: ManualQueueCallback + Fits<L>,
    {
        config
            .create_manual(&self.device.0, callback)
            .map(ManualQueue)
    }
}

/// The framework device object.
#[derive(Clone, Debug)]
pub struct Device(pub(crate) Framework<IWDFDevice>);

impl Device {
    /// The instance id. Page: nf-wudfddi-iwdfdevice-retrievedeviceinstanceid.
    ///
    /// # Errors
    /// The framework's.
    pub fn instance_id(&self) -> Result<String> {
        self.0.instance_id()
    }

    /// The name of the kernel's device object below. Page: nf-wudfddi-iwdfdevice-retrievedevicename.
    ///
    /// # Errors
    /// The framework's.
    pub fn name(&self) -> Result<String> {
        self.0.name()
    }

    /// Registers a device interface, by which programs find the device. Page: nf-wudfddi-iwdfdevice-createdeviceinterface.
    ///
    /// # Errors
    /// The framework's.
    pub fn create_interface(&self, class: &GUID, reference: Option<&str>) -> Result<()> {
        self.0.create_interface(class, reference)
    }

    /// Enables or disables it. Page: nf-wudfddi-iwdfdevice-assigndeviceinterfacestate.
    ///
    /// # Errors
    /// The framework's.
    pub fn enable_interface(
        &self,
        class: &GUID,
        reference: Option<&str>,
        enable: bool,
    ) -> Result<()> {
        self.0.enable_interface(class, reference, enable)
    }

    /// Makes a symbolic link to the device. Page: nf-wudfddi-iwdfdevice-createsymboliclink.
    ///
    /// # Errors
    /// The framework's.
    pub fn create_symbolic_link(&self, name: &str) -> Result<()> {
        self.0.create_symbolic_link(name)
    }

    /// The next driver of the device stack. Page: nf-wudfddi-iwdfdevice-getdefaultiotarget.
    ///
    /// # Errors
    /// `E_POINTER` if there is none.
    pub fn default_io_target(&self) -> Result<IoTarget> {
        self.0.default_io_target().map(IoTarget)
    }

    /// The driver that the device is for. Page: nf-wudfddi-iwdfdevice-getdriver.
    ///
    /// # Errors
    /// `E_POINTER` if there is none, which does not happen.
    pub fn driver(&self) -> Result<DriverObject> {
        self.0.driver().map(DriverObject)
    }

    /// Makes a request of the driver's own. Page: nf-wudfddi-iwdfdevice-createrequest.
    ///
    /// # Errors
    /// The framework's.
    pub fn create_request(&self) -> Result<CreatedRequest> {
        self.0.create_request().map(CreatedRequest::new)
    }

    /// Makes a file of the driver's own, to send requests with; its name, if it has one, is without a path. Page:
    /// nf-wudfddi-iwdfdevice-createwdffile.
    ///
    /// # Errors
    /// The framework's.
    pub fn create_file(&self, name: Option<&str>) -> Result<CreatedFile> {
        let file = self.0.create_file(name)?;
        Ok(CreatedFile::new(File(file.query()?), file))
    }

    /// Gives all requests of a kind to a queue, instead of the default one. Page:
    /// nf-wudfddi-iwdfdevice-configurerequestdispatching.
    ///
    /// # Errors
    /// The framework's.
    pub fn dispatch(&self, kind: crate::request::RequestKind, queue: &IoQueue) -> Result<()> {
        self.0.forward_kind(&queue.0, kind as i32)
    }
}
