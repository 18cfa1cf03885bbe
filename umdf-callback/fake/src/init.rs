//! A device before it is made (U3).

use std::cell::{Cell, RefCell};

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::{BOOL, implement};

use crate::{absent, write_string};

/// What a driver has configured.
#[implement(IWDFDeviceInitialize)]
pub struct Init {
    pub(crate) instance_id: String,
    pub(crate) is_filter: Cell<bool>,
    pub(crate) constraint: Cell<WDF_CALLBACK_CONSTRAINT>,
    pub(crate) owns_power_policy: Cell<bool>,
    pub(crate) auto_forward: Cell<WDF_TRI_STATE>,
    pub(crate) capabilities: RefCell<Vec<(WDF_PNP_CAPABILITY, WDF_TRI_STATE)>>,
}

impl Init {
    pub(crate) fn new(instance_id: &str) -> Self {
        Init {
            instance_id: instance_id.to_owned(),
            is_filter: Cell::new(false),
            constraint: Cell::new(WdfDeviceLevel),
            owns_power_policy: Cell::new(true),
            auto_forward: Cell::new(WdfUseDefault),
            capabilities: RefCell::default(),
        }
    }
}

impl IWDFDeviceInitialize_Impl for Init_Impl {
    unsafe fn SetFilter(&self) {
        self.is_filter.set(true);
    }

    unsafe fn SetLockingConstraint(&self, constraint: WDF_CALLBACK_CONSTRAINT) {
        self.constraint.set(constraint);
    }

    unsafe fn SetPowerPolicyOwnership(&self, owner: BOOL) {
        self.owns_power_policy.set(owner.as_bool());
    }

    unsafe fn AutoForwardCreateCleanupClose(&self, state: WDF_TRI_STATE) {
        self.auto_forward.set(state);
    }

    unsafe fn RetrieveDeviceInstanceId(&self, buffer: *mut u16, length: *mut u32) -> HRESULT {
        // SAFETY: the driver's buffer and length.
        unsafe { write_string(&self.instance_id, buffer, length) }
    }

    unsafe fn SetPnpCapability(&self, capability: WDF_PNP_CAPABILITY, value: WDF_TRI_STATE) {
        self.capabilities.borrow_mut().push((capability, value));
    }

    unsafe fn GetPnpCapability(&self, capability: WDF_PNP_CAPABILITY) -> WDF_TRI_STATE {
        let capabilities = self.capabilities.borrow();
        let last = capabilities.iter().rfind(|entry| entry.0 == capability);
        last.map_or(WdfUseDefault, |entry| entry.1)
    }

    absent! {
        RetrieveDevicePropertyStore(*const u16, WDF_PROPERTY_STORE_RETRIEVE_FLAGS, *mut Raw<IWDFNamedPropertyStore>, *mut WDF_PROPERTY_STORE_DISPOSITION) -> HRESULT;
    }
}
