//! U3, U4: configuration, and the device callback object's interfaces.

use std::cell::Cell;
use std::sync::{Arc, Mutex};

use umdf_callback::callback::*;
use umdf_callback::hardware::ResourceList;
use umdf_callback::raw::*;
use umdf_callback::remote::RemoteInterfaceInit;
use umdf_callback::{Device, File, PnpCapability, PowerState, TriState, device_callback};
use windows_core::Interface;

use crate::{AddedDevice, DeviceInit, Driver, GUID, HRESULT, Result, adds, device};

const CLASS: GUID = GUID::from_u128(0x1de9_b35c_5e2f_4d1b_b3a7_9b3f_0a61_11c2);

/// What all methods of a context were told.
#[derive(Default)]
struct Context(Mutex<Vec<String>>);

static LAST: Mutex<Option<Arc<Context>>> = Mutex::new(None);

impl Context {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }
}

struct Everything(Arc<Context>);

impl ObjectCleanup for Everything {
    fn on_cleanup(&self) {
        self.0.note("cleanup");
    }
}

impl PnpCallback for Everything {
    fn on_d0_entry(&self, device: &Device, previous: PowerState) -> Result<()> {
        self.0
            .note(format!("{} from {previous:?}", device.instance_id()?));
        Ok(())
    }

    fn on_d0_exit(&self, _device: &Device, new: PowerState) -> Result<()> {
        self.0.note(format!("to {new:?}"));
        Ok(())
    }
}

impl PnpHardware for Everything {
    fn on_prepare_hardware(&self, _device: &Device) -> Result<()> {
        unreachable!("the framework is 1.11, which has IPnpCallbackHardware2")
    }
}

impl PnpHardware2 for Everything {
    fn on_prepare_hardware(
        &self,
        device: &Device,
        raw: &ResourceList,
        translated: &ResourceList,
    ) -> Result<()> {
        assert!(raw.is_empty() && translated.is_empty());
        self.0.note("prepare");
        device.create_interface(&CLASS, None)
    }

    fn on_release_hardware(&self, _device: &Device, _translated: &ResourceList) -> Result<()> {
        self.0.note("release");
        Ok(())
    }
}

impl PnpHardwareInterrupt for Everything {}

impl SelfManagedIo for Everything {
    fn on_init(&self, _device: &Device) -> Result<()> {
        self.0.note("init");
        Ok(())
    }
}

impl WakeFromS0 for Everything {}
impl WakeFromSx for Everything {}

impl RemoteInterfaceNotification for Everything {
    fn on_remote_interface_arrival(&self, _interface: &RemoteInterfaceInit) {}
}

impl FileCleanup for Everything {
    fn on_cleanup_file(&self, file: &File) {
        self.0.note(format!("cleanup of {}", file.name().unwrap()));
    }
}

impl FileClose for Everything {
    fn on_close_file(&self, file: &File) {
        self.0.note(format!("close of {}", file.name().unwrap()));
    }
}

device_callback!(Everything);

adds!(All: |init| {
    let context = Arc::<Context>::default();
    *LAST.lock().unwrap() = Some(context.clone());
    Ok(init.create_device(Everything(context))?.into())
});

/// Every row of the table in `border/device.rs`: trait, interface and place.
#[test]
fn all_interfaces_are_offered_and_work() {
    let device = device::<All>();
    let context = LAST.lock().unwrap().take().unwrap();
    assert!(device.callback::<IPnpCallbackHardware2>().is_some());
    assert!(device.callback::<IPnpCallbackHardwareInterrupt>().is_some());
    assert!(
        device
            .callback::<IPnpCallbackRemoteInterfaceNotification>()
            .is_some()
    );
    assert!(
        device
            .callback::<IPowerPolicyCallbackWakeFromSx>()
            .is_some()
    );
    assert!(
        device
            .callback::<IPowerPolicyCallbackWakeFromS0>()
            .is_some()
    );

    device.start().unwrap();
    assert_eq!(device.interfaces(), [CLASS]);
    drop(device.open("a").unwrap());
    device.remove();
    let told = context.0.lock().unwrap().clone();
    let expected = [
        "prepare",
        "ROOT\\SAMPLE\\0000 from D3Final",
        "init",
        "cleanup of a",
        "close of a",
        "to D3Final",
        "release",
        "cleanup",
    ];
    assert_eq!(told, expected);
}

struct Nothing;

device_callback!(Nothing);

adds!(Configured: |init| {
    let mut init = init.unsynchronized();
    init.set_filter();
    init.set_power_policy_ownership(false);
    init.auto_forward_create_cleanup_close(TriState::True);
    init.set_pnp_capability(PnpCapability::SurpriseRemovalOk, TriState::True);
    assert_eq!(init.pnp_capability(PnpCapability::SurpriseRemovalOk), TriState::True);
    assert_eq!(init.pnp_capability(PnpCapability::Removable), TriState::Default);
    Ok(init.create_device(Nothing)?.into())
});

#[test]
fn configuration_reaches_the_device() {
    let device = device::<Configured>();
    assert!(device.is_filter() && !device.owns_power_policy());
    assert_eq!(device.constraint(), WdfCallbackConstraintNone);
    assert!(
        device.callback::<IPnpCallback>().is_none(),
        "it has no traits"
    );
    assert!(device.start().is_ok() && device.stop().is_ok());
}

/// Under the default constraint a context needs no lock.
struct Unlocked(Cell<u32>);

impl FileClose for Unlocked {
    fn on_close_file(&self, _file: &File) {
        self.0.set(self.0.get() + 1);
        assert_eq!(self.0.get(), 1);
    }
}

device_callback!(Unlocked);

adds!(Serialised: |init| Ok(init.create_device(Unlocked(Cell::new(0)))?.into()));

#[test]
fn callbacks_are_serialised_by_default() {
    let device = device::<Serialised>();
    assert_eq!(device.constraint(), WdfDeviceLevel);
    drop(device.open("a").unwrap());
    let closed = "IFileCallbackClose::OnCloseFile";
    assert!(device.unload().trace.callbacks().contains(&closed));
}

struct Failing;

impl PnpHardware for Failing {
    fn on_prepare_hardware(&self, _device: &Device) -> Result<()> {
        Err(HRESULT(0x8007_0005_u32 as i32).into())
    }
}

device_callback!(Failing);

adds!(Fails: |init| Ok(init.create_device(Failing)?.into()));

#[test]
fn an_error_is_the_callbacks_result() {
    let device = device::<Fails>();
    let error = device.start().unwrap_err();
    assert_eq!(error.code(), HRESULT(0x8007_0005_u32 as i32));
    assert!(device.is_gone());
    assert_ne!(IPnpCallback::IID, IPnpCallbackHardware::IID);
}
