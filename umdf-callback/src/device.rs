//! Devices: what is configured before one is made (U3), the framework device object, and what the device callback object is
//! made of. Header: wudfddi.h, pages: nn-wudfddi-iwdfdeviceinitialize, nn-wudfddi-iwdfdevice.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;

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
use crate::request::{CreatedRequest, IoTarget, RequestKind};
use crate::state::{BufferAccess, IoPreference, PnpCapability, PnpState, TriState};
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

    pub(crate) fn framework(&self) -> &Framework<IWDFDeviceInitialize> {
        &self.init
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

    /// How the driver would like to get the buffers of requests. From UMDF 1.9. Page:
    /// nf-wudfddi-iwdfdeviceinitialize2-setiotypepreference.
    ///
    /// # Errors
    /// The framework is older.
    pub fn set_io_type_preference(&mut self, preference: IoPreference) -> Result<()> {
        let (retrieval, read_write, control) = preference.raw();
        self.init
            .set_io_type_preference(retrieval, read_write, control)
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
    pub fn create_device<T>(self, callback: T) -> Result<NewDevice<'add, L, T>>
    where
        T: DeviceCallback + Fits<L>,
    {
        let device = self
            .driver
            .create_device(&self.init, &device::object(callback))?;
        Ok(NewDevice {
            handle: DeviceHandle::new(Device(device)),
            add: PhantomData,
        })
    }
}

/// A device that was just made: its queues are made here, and it is what
/// [`on_device_add`](crate::Driver::on_device_add) gives back, by `.into()`.
///
/// `L` is the device's locking constraint, `T` the type of its callback object.
#[derive(Debug)]
#[must_use = "Driver::on_device_add gives it back"]
pub struct NewDevice<'add, L, T = ()> {
    handle: DeviceHandle<L, T>,
    add: PhantomData<fn(&'add ()) -> &'add ()>,
}

impl<L, T> NewDevice<'_, L, T> {
    /// The device, to be kept.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.handle.device
    }

    /// The device with what is known of it, to be kept.
    #[must_use]
    pub fn handle(&self) -> DeviceHandle<L, T> {
        self.handle.clone()
    }
}

impl<L, T> Deref for NewDevice<'_, L, T> {
    type Target = DeviceHandle<L, T>;

    fn deref(&self) -> &DeviceHandle<L, T> {
        &self.handle
    }
}

/// A device whose locking constraint `L` and whose callback object's type `T` are known: what may be done with any [`Device`],
/// and what depends on these two. [`NewDevice::handle`] gives it.
pub struct DeviceHandle<L, T = ()> {
    device: Device,
    is: PhantomData<fn() -> (L, T)>,
}

impl<L, T> DeviceHandle<L, T> {
    fn new(device: Device) -> Self {
        DeviceHandle {
            device,
            is: PhantomData,
        }
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

impl<L, T> Deref for DeviceHandle<L, T> {
    type Target = Device;

    fn deref(&self) -> &Device {
        &self.device
    }
}

impl<L, T> Clone for DeviceHandle<L, T> {
    fn clone(&self) -> Self {
        DeviceHandle::new(self.device.clone())
    }
}

impl<L, T> fmt::Debug for DeviceHandle<L, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeviceHandle").field(&self.device.0).finish()
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

    /// Makes a symbolic link to the device, in the global namespace `\DosDevices`. Page:
    /// nf-wudfddi-iwdfdevice-createsymboliclink.
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
        self.0.default_io_target().map(IoTarget::new)
    }

    /// The same, to a name in the device's namespace: that is the name of the [`File`](crate::File) that is opened through the link.
    /// From UMDF 1.9. Page: nf-wudfddi-iwdfdevice2-createsymboliclinkwithreferencestring.
    ///
    /// # Errors
    /// The framework's.
    pub fn create_symbolic_link_to(&self, name: &str, reference: &str) -> Result<()> {
        self.0.create_symbolic_link_to(name, reference)
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

    /// The queue that was made with [`QueueConfig::default_queue`], if there is one. Page: nf-wudfddi-iwdfdevice-getdefaultioqueue.
    #[must_use]
    pub fn default_queue(&self) -> Option<IoQueue> {
        self.0.default_queue().map(IoQueue)
    }

    /// Makes a queue that hands its requests to `callback`, which is [`Sync`]: what else the device's locking constraint allows, a
    /// [`DeviceHandle`] knows. Page: nf-wudfddi-iwdfdevice-createioqueue.
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
        Q: QueueCallback + Fits<Unsynchronized>,
    {
        config.create(&self.0, dispatch, callback)
    }

    /// Makes a queue from which the driver takes requests when it likes, likewise. Page: nf-wudfddi-iwdfdevice-createioqueue.
    ///
    /// # Errors
    /// The framework's.
    pub fn create_manual_queue<Q>(&self, config: QueueConfig, callback: Q) -> Result<ManualQueue>
    where
        Q: ManualQueueCallback + Fits<Unsynchronized>,
    {
        config.create_manual(&self.0, callback).map(ManualQueue)
    }

    /// Gives all requests of a kind (open, read, write, device I/O control) to a queue, instead of the default one. Page:
    /// nf-wudfddi-iwdfdevice-configurerequestdispatching.
    ///
    /// # Errors
    /// The framework's.
    pub fn dispatch(&self, kind: RequestKind, queue: &IoQueue) -> Result<()> {
        self.0.forward_kind(&queue.0, kind as i32, true)
    }

    /// Gives them to the default queue again. Page: nf-wudfddi-iwdfdevice-configurerequestdispatching.
    ///
    /// # Errors
    /// The framework's.
    pub fn stop_dispatch(&self, kind: RequestKind, queue: &IoQueue) -> Result<()> {
        self.0.forward_kind(&queue.0, kind as i32, false)
    }

    /// Tells programs and drivers that have registered for the device's events. That it arrives is not promised. Page:
    /// nf-wudfddi-iwdfdevice-postevent.
    ///
    /// # Errors
    /// `ERROR_NOT_ENOUGH_MEMORY` for data of about 64 KiB or more; the framework's others.
    pub fn post_event(&self, event: &GUID, data: &[u8]) -> Result<()> {
        self.0.post_event(event, data)
    }

    /// Sets a state that takes effect with [`commit_pnp_state`](Device::commit_pnp_state). Page:
    /// nf-wudfddi-iwdfdevice-setpnpstate.
    pub fn set_pnp_state(&self, state: PnpState, value: TriState) {
        self.0.set_pnp_state(state as i32, value.raw());
    }

    /// What it was set to. Page: nf-wudfddi-iwdfdevice-getpnpstate.
    #[must_use]
    pub fn pnp_state(&self, state: PnpState) -> TriState {
        TriState::from_raw(self.0.pnp_state(state as i32))
    }

    /// Lets the states that were set take effect. Page: nf-wudfddi-iwdfdevice-commitpnpstate.
    pub fn commit_pnp_state(&self) {
        self.0.commit_pnp_state();
    }

    /// How the framework hands out the buffers of reads and writes, and those of device I/O controls, as far as it has decided:
    /// finally when all drivers of the device are there. From UMDF 1.9. Page:
    /// nf-wudfddi-iwdfdevice2-getdevicestackiotypepreference.
    ///
    /// # Errors
    /// The framework is older.
    pub fn io_type_preference(&self) -> Result<(Option<BufferAccess>, Option<BufferAccess>)> {
        let (read_write, control) = self.0.io_type_preference()?;
        Ok((
            BufferAccess::from_raw(read_write),
            BufferAccess::from_raw(control),
        ))
    }
}
