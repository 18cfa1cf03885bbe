//! A driver for tests: calls what the samples do without, from several threads. What does not come out as it should fails the
//! call that the host made.
//!
//! A write is completed by another thread, a read too unless it is cancelled before, and a device I/O control by whoever takes
//! it from a manual queue.

#![deny(unsafe_code)]

mod queue;
mod state;

use std::sync::Arc;

use umdf_callback::callback::{FileClose, ObjectCleanup, PnpCallback, PnpHardware};
use umdf_callback::request::RequestKind;
use umdf_callback::{
    AddedDevice, Device, DeviceInit, Dispatch, Driver, DriverObject, Error, File, GUID, HRESULT,
    PnpCapability, PowerState, QueueConfig, Result, TriState, device_callback, driver,
};

use crate::queue::{Controls, Reads, Waiting, Writes};
use crate::state::Shared;

const CLSID: GUID = GUID::from_u128(0x5c6a3f0e_91d2_4b77_8a35_0c9be1274d68);

const INTERFACE: GUID = GUID::from_u128(0x0e6e1d7c_2c41_4f0b_9a0c_6d2d8f5b7713);

/// What the host calls the device.
const INSTANCE: &str = r"ROOT\UMDF\0000";

/// An error if something is not as it should be.
fn expect(holds: bool) -> Result<()> {
    const E_UNEXPECTED: HRESULT = HRESULT(0x8000_FFFF_u32 as i32);
    match holds {
        true => Ok(()),
        false => Err(Error::from_hresult(E_UNEXPECTED)),
    }
}

/// The driver.
#[derive(Default)]
pub struct Calls;

impl Driver for Calls {
    fn on_initialize(&self, driver: &DriverObject) -> Result<()> {
        expect(driver.version()? == "1.11.0")?;
        expect(driver.is_version_available(11) && !driver.is_version_available(12))
    }

    fn on_device_add<'add>(&self, mut init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
        expect(init.instance_id()? == INSTANCE)?;
        init.set_filter();
        init.set_power_policy_ownership(true);
        init.auto_forward_create_cleanup_close(TriState::False);
        init.set_pnp_capability(PnpCapability::Removable, TriState::True);
        expect(init.pnp_capability(PnpCapability::Removable) == TriState::True)?;
        let shared = Arc::new(Shared::default());
        let device = init
            .unsynchronized()
            .create_device(Context(shared.clone()))?;

        let config = QueueConfig::default_queue().power_managed(false);
        device.create_queue(config, Dispatch::Parallel, Reads(shared.clone()))?;
        let writes = QueueConfig::secondary().allow_zero_length(true);
        let writes = device.create_queue(writes, Dispatch::Sequential, Writes(shared))?;
        device.device().dispatch(RequestKind::Write, &writes)?;
        let waiting = device.create_manual_queue(QueueConfig::secondary(), Waiting)?;
        let controls = Controls(waiting);
        let controls =
            device.create_queue(QueueConfig::secondary(), Dispatch::Sequential, controls)?;
        let kind = RequestKind::DeviceIoControl;
        device.device().dispatch(kind, &controls)?;
        Ok(device.into())
    }
}

/// The device callback object.
struct Context(Arc<Shared>);

impl PnpHardware for Context {
    fn on_prepare_hardware(&self, device: &Device) -> Result<()> {
        expect(device.instance_id()? == INSTANCE)?;
        device.create_interface(&INTERFACE, Some("reference"))?;
        device.enable_interface(&INTERFACE, Some("reference"), true)
    }

    fn on_release_hardware(&self, _device: &Device) -> Result<()> {
        expect(self.0.opened() == 0)
    }
}

impl PnpCallback for Context {
    fn on_d0_entry(&self, _device: &Device, previous: PowerState) -> Result<()> {
        expect(previous == PowerState::D3Final)
    }

    fn on_d0_exit(&self, _device: &Device, new: PowerState) -> Result<()> {
        expect(new == PowerState::D3Final)
    }
}

impl FileClose for Context {
    fn on_close_file(&self, file: &File) {
        self.0.close(file);
    }
}

impl ObjectCleanup for Context {
    fn on_cleanup(&self) {
        self.0.end_threads();
    }
}

device_callback!(Context);

driver!(Calls, CLSID, minor = 9);
