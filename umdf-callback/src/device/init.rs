//! A device before it is made. Header: wudfddi.h, page: nn-wudfddi-iwdfdeviceinitialize.

use core::marker::PhantomData;

use super::{Device, DeviceCallback, DeviceHandle, NewDevice};
use crate::Result;
use crate::border::device;
use crate::border::framework::Framework;
use crate::driver::DriverObject;
use crate::lock::{DeviceLevel, Fits, Unsynchronized};
use crate::raw::{IWDFDeviceInitialize, IWDFDriver, WdfCallbackConstraintNone, WdfDeviceLevel};
use crate::state::{IoPreference, PnpCapability, TriState};

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
        Ok(NewDevice::new(DeviceHandle::new(Device(device))))
    }
}
