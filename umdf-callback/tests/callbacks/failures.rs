//! Each call of the framework that can fail does so once, and nothing is lost or left behind.

use umdf_callback::{Device, device_callback};
use wdm_sim::FaultPlan;
use wdm_sim::umdf::Framework;

use crate::{
    AddedDevice, CLSID, DeviceInit, Driver, Hosted, Result, adds, class_object, context, forget,
    hardware, interrupt, power, property, remote, work_item,
};

/// Runs a driver once for each path to a call that can fail; says which calls these were.
fn each_failure<T: Driver>(before: impl Fn(&Hosted), run: impl Fn(&Hosted)) -> Vec<String> {
    let plan = FaultPlan::new();
    while plan.next_run() {
        let loaded = Framework::builder()
            .fail_each(&plan)
            .load(class_object::<T>, &CLSID);
        let Ok(framework) = loaded else {
            continue;
        };
        let Ok(device) = framework.add_device("ROOT\\SAMPLE\\0000") else {
            forget();
            assert_eq!(framework.unload().findings, []);
            continue;
        };
        let hosted = Hosted {
            framework: Some(framework),
            device,
        };
        before(&hosted);
        if hosted.start().is_ok() {
            run(&hosted);
        }
    }
    let mut calls: Vec<String> = plan
        .faults()
        .into_iter()
        .map(|fault| fault.routine)
        .collect();
    calls.sort();
    calls.dedup();
    calls
}

struct Nothing;

device_callback!(Nothing);

/// One after the other, and no further than the first that fails.
fn use_all(device: &Device) -> Result<()> {
    property::use_stores(device)?;
    context::use_contexts(device)?;
    work_item::use_work_items(device)
}

adds!(Uses: |init| {
    let before = init.property_store(Some("before"), umdf_callback::property::Missing::Create)?;
    before.set("number", 1)?;
    let device = init.create_device(Nothing)?;
    use_all(device.device())?;
    Ok(device.into())
});

#[test]
fn of_stores_contexts_and_work_items() {
    let calls = each_failure::<Uses>(|_| (), |_| ());
    let expected = [
        "IWDFDevice3::CreateWorkItem",
        "IWDFDevice::RetrieveDevicePropertyStore",
        "IWDFDeviceInitialize::RetrieveDevicePropertyStore",
        "IWDFDriver::CreateDevice",
        "IWDFNamedPropertyStore2::DeleteNamedValue",
        "IWDFNamedPropertyStore::GetNameAt",
        "IWDFNamedPropertyStore::GetNameCount",
        "IWDFNamedPropertyStore::GetNamedValue",
        "IWDFNamedPropertyStore::SetNamedValue",
        "IWDFObject::AssignContext",
        "IWDFPropertyStoreFactory::RetrieveDevicePropertyStore",
    ];
    for call in expected {
        assert!(calls.iter().any(|made| made == call), "{call} in {calls:?}");
    }
}

struct Working;

impl umdf_callback::callback::PnpCallback for Working {
    fn on_d0_entry(&self, device: &Device, _previous: umdf_callback::PowerState) -> Result<()> {
        power::use_power(device)
    }
}

device_callback!(Working);

adds!(Works: |init| Ok(init.create_device(Working)?.into()));

#[test]
fn of_power_and_events() {
    let calls = each_failure::<Works>(|_| (), |_| ());
    let expected = [
        "IWDFDevice2::AssignS0IdleSettings",
        "IWDFDevice2::AssignSxWakeSettings",
        "IWDFDevice2::CreateSymbolicLinkWithReferenceString",
        "IWDFDevice2::StopIdle",
        "IWDFDevice3::AssignS0IdleSettingsEx",
        "IWDFDevice::PostEvent",
    ];
    for call in expected {
        assert!(calls.iter().any(|made| made == call), "{call} in {calls:?}");
    }
}

#[test]
fn of_remote_targets() {
    let calls = each_failure::<remote::Cooks>(|_| (), remote::use_remotes);
    let expected = [
        "IWDFDevice2::CreateRemoteInterface",
        "IWDFDevice2::CreateRemoteTarget",
        "IWDFDevice2::RegisterRemoteInterfaceNotification",
        "IWDFRemoteInterfaceInitialize::RetrieveSymbolicLink",
        "IWDFRemoteTarget::OpenRemoteInterface",
        "IWDFRemoteTarget::Reopen",
        "IWDFRemoteTarget::Start",
    ];
    for call in expected {
        assert!(calls.iter().any(|made| made == call), "{call} in {calls:?}");
    }
}

#[test]
fn of_interrupts() {
    let calls = each_failure::<interrupt::Presses>(|_| (), interrupt::use_interrupts);
    for call in ["IWDFDevice3::CreateInterrupt", "IWDFObject::AssignContext"] {
        assert!(calls.iter().any(|made| made == call), "{call} in {calls:?}");
    }
}

#[test]
fn of_registers() {
    let calls = each_failure::<hardware::Lights>(hardware::assign, |_| ());
    let map = "IWDFDevice3::MapIoSpace";
    assert!(calls.iter().any(|made| made == map), "{calls:?}");
}
