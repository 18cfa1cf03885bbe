//! A driver that is what a test wants it to be: a function that gets the device, and a device callback object.

use core::ffi::c_void;
use std::cell::RefCell;

use umdf_callback::raw::*;
use umdf_callback::{GUID, HRESULT};
use wdm_sim::umdf::{Device, Framework, Rule};
use windows_core::{BOOL, ComObject, IUnknown, Interface, implement};

const CLSID: GUID = GUID::from_u128(0x0e1f_0ae9_6c4b_4f8e_9d6a_1b1f_5c2a_7e02);
const S_OK: HRESULT = HRESULT(0);

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

thread_local! {
    static PLAN: RefCell<Option<Plan>> = const { RefCell::new(None) };
}

#[implement(IDriverEntry)]
struct RawDriver;

impl IDriverEntry_Impl for RawDriver_Impl {
    unsafe fn OnInitialize(&self, _driver: Raw<IWDFDriver>) -> HRESULT {
        S_OK
    }

    unsafe fn OnDeviceAdd(
        &self,
        driver: Raw<IWDFDriver>,
        init: Raw<IWDFDeviceInitialize>,
    ) -> HRESULT {
        let plan = PLAN.take().expect("there is a plan");
        // SAFETY: the framework's interface.
        let driver = unsafe { driver.borrow() }.expect("there is a driver");
        // SAFETY: the framework's interface.
        let interface = unsafe { init.borrow() }.expect("there is an init");
        (plan.before)(&interface.cast().expect("it is new enough"));
        let mut device = Raw::NULL;
        // SAFETY: the interfaces and the place are valid.
        let made = unsafe { driver.CreateDevice(init, Raw::of(&plan.callback), &raw mut device) };
        // SAFETY: what CreateDevice gave, with its reference.
        let device = unsafe { device.into_owned() }.expect("the device is made");
        (plan.after)(&device.cast().expect("it is new enough"));
        made
    }

    unsafe fn OnDeinitialize(&self, _driver: Raw<IWDFDriver>) {}
}

#[implement(IClassFactory)]
struct RawFactory;

impl IClassFactory_Impl for RawFactory_Impl {
    unsafe fn CreateInstance(
        &self,
        _outer: Raw<IUnknown>,
        iid: *const GUID,
        object: *mut *mut c_void,
    ) -> HRESULT {
        let driver: IUnknown = ComObject::new(RawDriver).to_interface();
        // SAFETY: the caller's pointers.
        unsafe { driver.query(iid, object) }
    }

    unsafe fn LockServer(&self, _lock: BOOL) -> HRESULT {
        S_OK
    }
}

unsafe extern "system" fn class_object(
    _class: *const GUID,
    iid: *const GUID,
    object: *mut *mut c_void,
) -> HRESULT {
    let factory: IUnknown = ComObject::new(RawFactory).to_interface();
    // SAFETY: the caller's pointers.
    unsafe { factory.query(iid, object) }
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
    PLAN.set(Some(plan));
    let framework = Framework::load(class_object, &CLSID).expect("the driver loads");
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
