//! A device before it is made (U3). Header: wudfddi.h, page: nn-wudfddi-iwdfdeviceinitialize.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::{BOOL, implement};

use super::object::{Base, put, write_string};
use super::property::{Registry, retrieve};
use super::verifier::Rule;
use super::world::lock;

/// What a device is like.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) instance_id: String,
    pub(crate) is_filter: bool,
    pub(crate) constraint: WDF_CALLBACK_CONSTRAINT,
    pub(crate) owns_power_policy: bool,
    pub(crate) auto_forward: WDF_TRI_STATE,
    pub(crate) capabilities: Vec<(WDF_PNP_CAPABILITY, WDF_TRI_STATE)>,
    /// The buffers of reads and writes, and of device I/O controls.
    pub(crate) io_types: (WDF_DEVICE_IO_TYPE, WDF_DEVICE_IO_TYPE),
    pub(crate) registry: Arc<Registry>,
}

impl Config {
    /// What the framework takes unless the driver says otherwise.
    pub(crate) fn new(instance_id: &str) -> Self {
        Config {
            instance_id: instance_id.to_owned(),
            is_filter: false,
            constraint: WdfDeviceLevel,
            owns_power_policy: true,
            auto_forward: WdfUseDefault,
            capabilities: Vec::new(),
            io_types: (WdfDeviceIoBuffered, WdfDeviceIoBuffered),
            registry: Arc::default(),
        }
    }
}

/// What `OnDeviceAdd` configures.
#[implement(IWDFDeviceInitialize2)]
pub(crate) struct InitObject {
    pub(crate) base: Base,
    pub(crate) config: Mutex<Config>,
    /// `CreateDevice` has succeeded.
    pub(crate) used: AtomicBool,
}

impl InitObject {
    fn tell<R>(&self, method: &'static str, body: impl FnOnce(&mut Config) -> R) -> R {
        if self.used.load(Ordering::Acquire) {
            let detail = "CreateDevice has been called; configure the device before";
            self.base.finding(Rule::InitUsed, method, detail);
        }
        let world = &self.base.world;
        let at = world.called(&self.base.name, method, false);
        let result = body(&mut lock(&self.config));
        world.answered(at, &());
        result
    }
}

impl IWDFDeviceInitialize_Impl for InitObject_Impl {
    unsafe fn SetFilter(&self) {
        self.tell("IWDFDeviceInitialize::SetFilter", |config| {
            config.is_filter = true
        });
    }

    unsafe fn SetLockingConstraint(&self, constraint: WDF_CALLBACK_CONSTRAINT) {
        self.tell("IWDFDeviceInitialize::SetLockingConstraint", |config| {
            config.constraint = constraint;
        });
    }

    unsafe fn SetPowerPolicyOwnership(&self, owner: BOOL) {
        self.tell("IWDFDeviceInitialize::SetPowerPolicyOwnership", |config| {
            config.owns_power_policy = owner.as_bool();
        });
    }

    unsafe fn AutoForwardCreateCleanupClose(&self, state: WDF_TRI_STATE) {
        self.tell(
            "IWDFDeviceInitialize::AutoForwardCreateCleanupClose",
            |config| {
                config.auto_forward = state;
            },
        );
    }

    unsafe fn RetrieveDeviceInstanceId(&self, buffer: *mut u16, length: *mut u32) -> HRESULT {
        const METHOD: &str = "IWDFDeviceInitialize::RetrieveDeviceInstanceId";
        let id = lock(&self.config).instance_id.clone();
        // SAFETY: the driver's buffer and length.
        self.base
            .answer(METHOD, || unsafe { write_string(&id, buffer, length) })
    }

    unsafe fn SetPnpCapability(&self, capability: WDF_PNP_CAPABILITY, value: WDF_TRI_STATE) {
        self.tell("IWDFDeviceInitialize::SetPnpCapability", |config| {
            config.capabilities.push((capability, value));
        });
    }

    unsafe fn GetPnpCapability(&self, capability: WDF_PNP_CAPABILITY) -> WDF_TRI_STATE {
        self.tell("IWDFDeviceInitialize::GetPnpCapability", |config| {
            let last = config
                .capabilities
                .iter()
                .rfind(|entry| entry.0 == capability);
            last.map_or(WdfUseDefault, |entry| entry.1)
        })
    }

    unsafe fn RetrieveDevicePropertyStore(
        &self,
        service: *const u16,
        flags: WDF_PROPERTY_STORE_RETRIEVE_FLAGS,
        store: *mut Raw<IWDFNamedPropertyStore>,
        disposition: *mut WDF_PROPERTY_STORE_DISPOSITION,
    ) -> HRESULT {
        const METHOD: &str = "IWDFDeviceInitialize::RetrieveDevicePropertyStore";
        // SAFETY: the driver's place.
        unsafe { put(store, None) };
        if self.used.load(Ordering::Acquire) {
            let detail = "CreateDevice has been called; ask the device";
            self.base.finding(Rule::InitUsed, METHOD, detail);
        }
        let registry = lock(&self.config).registry.clone();
        let world = &self.base.world;
        self.base.answer(METHOD, || {
            // SAFETY: the driver's string and places.
            unsafe { retrieve(world, &registry, service, flags, store, disposition) }
        })
    }
}

impl IWDFDeviceInitialize2_Impl for InitObject_Impl {
    unsafe fn SetIoTypePreference(
        &self,
        retrieval: WDF_DEVICE_IO_BUFFER_RETRIEVAL,
        read_write: WDF_DEVICE_IO_TYPE,
        control: WDF_DEVICE_IO_TYPE,
    ) {
        const METHOD: &str = "IWDFDeviceInitialize2::SetIoTypePreference";
        let buffered = [read_write, control] == [WdfDeviceIoBuffered; 2];
        if retrieval != WdfDeviceIoBufferRetrievalDeferred && !buffered {
            let detail = "other than buffered I/O is for deferred retrieval only";
            self.base.finding(Rule::Argument, METHOD, detail);
        }
        self.tell(METHOD, |config| config.io_types = (read_write, control));
    }
}
