//! A driver that is what a test wants it to be: a function that gets the device, and a device callback object.

use std::cell::RefCell;

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use wdm_sim::umdf::{Device, Framework, Rule};
use windows_core::{ComObject, IUnknown, Interface, implement};

use crate::entry;
use crate::support::CLSID;

/// What happens in `OnDeviceAdd`.
pub(crate) struct Plan {
    /// The device callback object.
    pub(crate) callback: IUnknown,
    /// What is done before the device is made.
    pub(crate) before: fn(&IWDFDeviceInitialize2),
    /// What is done with it.
    pub(crate) after: fn(&IWDFDevice3),
}

impl Plan {
    pub(crate) fn of(callback: impl Into<IUnknown>, after: fn(&IWDFDevice3)) -> Self {
        Plan {
            callback: callback.into(),
            before: |_| (),
            after,
        }
    }
}

impl Plan {
    /// What such a driver does in `OnDeviceAdd`.
    fn add(&self, driver: &IWDFDriver, init: &IWDFDeviceInitialize) -> HRESULT {
        (self.before)(&init.cast().expect("it is new enough"));
        let mut device = Raw::NULL;
        let callback = Raw::of(&self.callback);
        // SAFETY: the interfaces and the place are valid.
        let made = unsafe { driver.CreateDevice(Raw::of(init), callback, &raw mut device) };
        // SAFETY: what CreateDevice gave, with its reference.
        let device = unsafe { device.into_owned() }.expect("the device is made");
        (self.after)(&device.cast().expect("it is new enough"));
        made
    }
}

/// A device callback object that has no interface.
#[implement(IObjectCleanup)]
pub(crate) struct Nothing;

impl IObjectCleanup_Impl for Nothing_Impl {
    unsafe fn OnCleanup(&self, _object: Raw<IWDFObject>) {}
}

pub(crate) fn nothing() -> IUnknown {
    ComObject::new(Nothing).to_interface()
}

/// Runs a plan, and lets a test have the device; says which rules were broken, and where.
pub(crate) fn broken(plan: Plan, test: impl FnOnce(&Device)) -> Vec<(Rule, String)> {
    let plan = RefCell::new(Some(plan));
    let driver = entry::driver(move |driver, init| {
        // The callback object is the device's alone afterwards.
        let plan = plan.take().expect("there is one device");
        plan.add(driver, init)
    });
    let framework = Framework::load(driver, &CLSID).expect("the driver loads");
    let device = framework
        .add_device("ROOT\\RAW\\0000")
        .expect("the device is added");
    test(&device);
    let findings = framework.unload().findings.into_iter();
    findings
        .map(|finding| {
            let method = finding.at.split("::").last().unwrap_or_default().to_owned();
            (finding.rule, method)
        })
        .collect()
}
