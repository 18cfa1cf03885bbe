//! The newer interfaces of the framework device object. Header: wudfddi.h, pages: nn-wudfddi-iwdfdevice2, -iwdfdevice3,
//! -iwdfpropertystorefactory.

use core::ffi::c_void;

use umdf_callback::raw::*;
use umdf_callback::{GUID, HRESULT};
use windows_core::{BOOL, IUnknown};

use super::codes::{E_INVALIDARG, E_POINTER};
use super::device_object::DeviceObject_Impl;
use super::interrupt::InterruptObject;
use super::object::{absent, put, read_string, set};
use super::property;
use super::work_item::WorkItemObject;
use super::world::lock;

impl IWDFDevice2_Impl for DeviceObject_Impl {
    unsafe fn AssignS0IdleSettings(
        &self,
        caps: WDF_POWER_POLICY_S0_IDLE_CAPABILITIES,
        state: DEVICE_POWER_STATE,
        timeout: u32,
        control: WDF_POWER_POLICY_S0_IDLE_USER_CONTROL,
        enabled: WDF_TRI_STATE,
    ) -> HRESULT {
        self.base.answer("IWDFDevice2::AssignS0IdleSettings", || {
            self.core
                .assign_idle(caps, state, timeout, control, enabled)
        })
    }

    unsafe fn StopIdle(&self, _wait: BOOL) -> HRESULT {
        const METHOD: &str = "IWDFDevice2::StopIdle";
        self.base.answer(METHOD, || self.core.stop_idle(METHOD))
    }

    unsafe fn ResumeIdle(&self) {
        const METHOD: &str = "IWDFDevice2::ResumeIdle";
        self.base.tell(METHOD, || self.core.resume_idle(METHOD));
    }

    unsafe fn CreateSymbolicLinkWithReferenceString(
        &self,
        link: *const u16,
        reference: *const u16,
    ) -> HRESULT {
        const METHOD: &str = "IWDFDevice2::CreateSymbolicLinkWithReferenceString";
        self.base.answer(METHOD, || {
            // SAFETY: the driver's string, or null.
            let link = unsafe { read_string(link) }.ok_or(E_INVALIDARG)?;
            // SAFETY: the driver's string, or null.
            let reference = unsafe { read_string(reference) };
            let to = reference.map_or(String::new(), |name| format!(r" -> \{name}"));
            lock(&self.links).push(format!("{link}{to}"));
            Ok(())
        })
    }

    unsafe fn RegisterRemoteInterfaceNotification(
        &self,
        class: *const GUID,
        existing: BOOL,
    ) -> HRESULT {
        const METHOD: &str = "IWDFDevice2::RegisterRemoteInterfaceNotification";
        self.base.answer(METHOD, || {
            if class.is_null() {
                return Err(E_POINTER);
            }
            // SAFETY: not null, so the driver's GUID.
            let class = unsafe { class.read() };
            self.core
                .register_notification(METHOD, class, existing.as_bool())
        })
    }

    unsafe fn CreateRemoteInterface(
        &self,
        init: Raw<IWDFRemoteInterfaceInitialize>,
        callback: Raw<IUnknown>,
        interface: *mut Raw<IWDFRemoteInterface>,
    ) -> HRESULT {
        const METHOD: &str = "IWDFDevice2::CreateRemoteInterface";
        // SAFETY: the driver's place.
        unsafe { put(interface, None) };
        // SAFETY: the driver's interfaces and place.
        self.base.answer(METHOD, || unsafe {
            self.core
                .create_remote_interface(METHOD, init, callback, interface)
        })
    }

    unsafe fn CreateRemoteTarget(
        &self,
        callback: Raw<IUnknown>,
        parent: Raw<IWDFObject>,
        target: *mut Raw<IWDFRemoteTarget>,
    ) -> HRESULT {
        const METHOD: &str = "IWDFDevice2::CreateRemoteTarget";
        // SAFETY: the driver's place.
        unsafe { put(target, None) };
        // SAFETY: the driver's interfaces and place.
        self.base.answer(METHOD, || unsafe {
            self.core
                .create_remote_target(METHOD, callback, parent, target)
        })
    }

    unsafe fn GetDeviceStackIoTypePreference(
        &self,
        read_write: *mut WDF_DEVICE_IO_TYPE,
        control: *mut WDF_DEVICE_IO_TYPE,
    ) {
        let (own, own_control) = self.core.config.io_types;
        self.base
            .tell("IWDFDevice2::GetDeviceStackIoTypePreference", || {
                // SAFETY: the driver's place.
                unsafe { set(read_write, own) };
                // SAFETY: the driver's place.
                unsafe { set(control, own_control) };
            });
    }

    unsafe fn AssignSxWakeSettings(
        &self,
        state: DEVICE_POWER_STATE,
        control: WDF_POWER_POLICY_SX_WAKE_USER_CONTROL,
        enabled: WDF_TRI_STATE,
    ) -> HRESULT {
        self.base.answer("IWDFDevice2::AssignSxWakeSettings", || {
            self.core.assign_wake(state, control, enabled)
        })
    }

    unsafe fn GetSystemPowerAction(&self) -> POWER_ACTION {
        let action = || lock(&self.core.belongings.power).action;
        self.base.tell("IWDFDevice2::GetSystemPowerAction", action)
    }
}

impl IWDFDevice3_Impl for DeviceObject_Impl {
    unsafe fn MapIoSpace(
        &self,
        start: i64,
        length: usize,
        _caching: MEMORY_CACHING_TYPE,
        base: *mut *mut c_void,
    ) -> HRESULT {
        const METHOD: &str = "IWDFDevice3::MapIoSpace";
        self.base.answer(METHOD, || {
            let mapped = self.core.map_io_space(METHOD, start, length)?;
            // SAFETY: the driver's place.
            unsafe { set(base, std::ptr::without_provenance_mut(mapped)) };
            Ok(())
        })
    }

    unsafe fn UnmapIoSpace(&self, base: *mut c_void, length: usize) {
        const METHOD: &str = "IWDFDevice3::UnmapIoSpace";
        self.base.tell(METHOD, || {
            self.core.unmap_io_space(METHOD, base.addr(), length)
        });
    }

    unsafe fn ReadFromHardware(
        &self,
        kind: WDF_DEVICE_HWACCESS_TARGET_TYPE,
        size: WDF_DEVICE_HWACCESS_TARGET_SIZE,
        address: *mut c_void,
        _buffer: *mut c_void,
        _count: u32,
    ) -> usize {
        const METHOD: &str = "IWDFDevice3::ReadFromHardware";
        self.base.tell(METHOD, || {
            let core = &self.core;
            let read = core.access_hardware(METHOD, kind, size, address.addr(), None);
            usize::try_from(read).unwrap_or(usize::MAX)
        })
    }

    unsafe fn WriteToHardware(
        &self,
        kind: WDF_DEVICE_HWACCESS_TARGET_TYPE,
        size: WDF_DEVICE_HWACCESS_TARGET_SIZE,
        address: *mut c_void,
        value: usize,
        _buffer: *mut c_void,
        _count: u32,
    ) {
        const METHOD: &str = "IWDFDevice3::WriteToHardware";
        self.base.tell(METHOD, || {
            let value = Some(value as u64);
            self.core
                .access_hardware(METHOD, kind, size, address.addr(), value);
        });
    }

    unsafe fn CreateInterrupt(
        &self,
        config: *mut WUDF_INTERRUPT_CONFIG,
        interrupt: *mut Raw<IWDFInterrupt>,
    ) -> HRESULT {
        // SAFETY: the driver's place.
        unsafe { put(interrupt, None) };
        self.base.answer("IWDFDevice3::CreateInterrupt", || {
            if config.is_null() {
                return Err(E_POINTER);
            }
            // SAFETY: not null, so the driver's structure.
            let config = unsafe { config.read() };
            if config.Size as usize != size_of::<WUDF_INTERRUPT_CONFIG>() {
                return Err(E_INVALIDARG);
            }
            let made = InterruptObject::create(&self.core, &config);
            // SAFETY: the driver's place.
            unsafe { put(interrupt, Some(made.own())) };
            Ok(())
        })
    }

    unsafe fn CreateWorkItem(
        &self,
        config: *mut WUDF_WORKITEM_CONFIG,
        _parent: Raw<IWDFObject>,
        item: *mut Raw<IWDFWorkItem>,
    ) -> HRESULT {
        // SAFETY: the driver's place.
        unsafe { put(item, None) };
        self.base.answer("IWDFDevice3::CreateWorkItem", || {
            if config.is_null() {
                return Err(E_POINTER);
            }
            // SAFETY: not null, so the driver's structure.
            let config = unsafe { config.read() };
            let function = config.OnWorkItemFunc.ok_or(E_INVALIDARG)?;
            if config.Size as usize != size_of::<WUDF_WORKITEM_CONFIG>() {
                return Err(E_INVALIDARG);
            }
            let serialized = config.AutomaticSerialization != 0;
            let made = WorkItemObject::create(&self.core, function, serialized);
            // SAFETY: the driver's place.
            unsafe { put(item, Some(made.own())) };
            Ok(())
        })
    }

    unsafe fn AssignS0IdleSettingsEx(
        &self,
        settings: *mut WUDF_DEVICE_POWER_POLICY_IDLE_SETTINGS,
    ) -> HRESULT {
        self.base.answer("IWDFDevice3::AssignS0IdleSettingsEx", || {
            if settings.is_null() {
                return Err(E_POINTER);
            }
            // SAFETY: not null, so the driver's structure.
            let settings = unsafe { settings.read() };
            self.core.assign_idle(
                settings.IdleCaps,
                settings.DxState,
                settings.IdleTimeout,
                settings.UserControlOfIdleSettings,
                settings.Enabled,
            )
        })
    }

    absent! { "IWDFDevice3":
        GetHardwareRegisterMappedAddress(*mut c_void) -> *mut c_void;
    }
}

impl IWDFPropertyStoreFactory_Impl for DeviceObject_Impl {
    unsafe fn RetrieveDevicePropertyStore(
        &self,
        root: *const WDF_PROPERTY_STORE_ROOT,
        flags: WDF_PROPERTY_STORE_RETRIEVE_FLAGS,
        access: u32,
        subkey: *const u16,
        store: *mut Raw<IWDFNamedPropertyStore2>,
        disposition: *mut WDF_PROPERTY_STORE_DISPOSITION,
    ) -> HRESULT {
        const METHOD: &str = "IWDFPropertyStoreFactory::RetrieveDevicePropertyStore";
        // SAFETY: the driver's place.
        unsafe { put(store, None) };
        self.base.answer(METHOD, || {
            let opening = property::Opening {
                root,
                flags,
                access,
                subkey,
            };
            let interfaces = lock(&self.interfaces).clone();
            let registry = &self.core.config.registry;
            // SAFETY: the driver's structure, strings and places.
            unsafe {
                property::open(
                    &self.base,
                    registry,
                    &interfaces,
                    &opening,
                    store,
                    disposition,
                )
            }
        })
    }
}
