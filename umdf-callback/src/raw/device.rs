//! Framework devices, before and after their creation.

use core::ffi::c_void;

use windows_core::{BOOL, GUID, HRESULT, IUnknown, IUnknown_Vtbl, interface};

use super::Raw;
use super::object::{
    IWDFDriver, IWDFDriverCreatedFile, IWDFInterrupt, IWDFObject, IWDFObject_Impl, IWDFObject_Vtbl,
    IWDFWorkItem,
};
use super::property::IWDFNamedPropertyStore;
use super::request::{IWDFIoQueue, IWDFIoRequest};
use super::structures::{
    WUDF_DEVICE_POWER_POLICY_IDLE_SETTINGS, WUDF_INTERRUPT_CONFIG, WUDF_WORKITEM_CONFIG,
};
use super::target::{
    IWDFIoTarget, IWDFRemoteInterface, IWDFRemoteInterfaceInitialize, IWDFRemoteTarget,
};
use super::types::{
    DEVICE_POWER_STATE, MEMORY_CACHING_TYPE, POWER_ACTION, WDF_CALLBACK_CONSTRAINT,
    WDF_DEVICE_HWACCESS_TARGET_SIZE, WDF_DEVICE_HWACCESS_TARGET_TYPE,
    WDF_DEVICE_IO_BUFFER_RETRIEVAL, WDF_DEVICE_IO_TYPE, WDF_EVENT_TYPE, WDF_IO_QUEUE_DISPATCH_TYPE,
    WDF_PNP_CAPABILITY, WDF_PNP_STATE, WDF_POWER_POLICY_S0_IDLE_CAPABILITIES,
    WDF_POWER_POLICY_S0_IDLE_USER_CONTROL, WDF_POWER_POLICY_SX_WAKE_USER_CONTROL,
    WDF_PROPERTY_STORE_DISPOSITION, WDF_PROPERTY_STORE_RETRIEVE_FLAGS, WDF_REQUEST_TYPE,
    WDF_TRI_STATE,
};

/// A device before it is created (U3). Page: nn-wudfddi-iwdfdeviceinitialize.
#[interface("74cc381c-0871-43c1-878b-3f7c9d16933d")]
pub unsafe trait IWDFDeviceInitialize: IUnknown {
    pub unsafe fn SetFilter(&self);
    pub unsafe fn SetLockingConstraint(&self, lock_type: WDF_CALLBACK_CONSTRAINT);
    pub unsafe fn RetrieveDevicePropertyStore(
        &self,
        service_name: *const u16,
        flags: WDF_PROPERTY_STORE_RETRIEVE_FLAGS,
        prop_store: *mut Raw<IWDFNamedPropertyStore>,
        disposition: *mut WDF_PROPERTY_STORE_DISPOSITION,
    ) -> HRESULT;
    pub unsafe fn SetPowerPolicyOwnership(&self, own: BOOL);
    pub unsafe fn AutoForwardCreateCleanupClose(&self, state: WDF_TRI_STATE);
    pub unsafe fn RetrieveDeviceInstanceId(
        &self,
        buffer: *mut u16,
        size_in_chars: *mut u32,
    ) -> HRESULT;
    pub unsafe fn SetPnpCapability(&self, capability: WDF_PNP_CAPABILITY, value: WDF_TRI_STATE);
    pub unsafe fn GetPnpCapability(&self, capability: WDF_PNP_CAPABILITY) -> WDF_TRI_STATE;
}

/// UMDF 1.9: how the device gets its buffers. Page: nn-wudfddi-iwdfdeviceinitialize2.
#[interface("424c00ba-fcd0-4c52-bd4a-6c5d3ec0dfd9")]
pub unsafe trait IWDFDeviceInitialize2: IWDFDeviceInitialize {
    pub unsafe fn SetIoTypePreference(
        &self,
        retrieval_mode: WDF_DEVICE_IO_BUFFER_RETRIEVAL,
        read_write_preference: WDF_DEVICE_IO_TYPE,
        io_control_preference: WDF_DEVICE_IO_TYPE,
    );
}

/// The framework device object. Page: nn-wudfddi-iwdfdevice.
#[interface("d657fe45-460a-49c3-8219-766ae8032a80")]
pub unsafe trait IWDFDevice: IWDFObject {
    pub unsafe fn RetrieveDevicePropertyStore(
        &self,
        service_name: *const u16,
        flags: WDF_PROPERTY_STORE_RETRIEVE_FLAGS,
        prop_store: *mut Raw<IWDFNamedPropertyStore>,
        disposition: *mut WDF_PROPERTY_STORE_DISPOSITION,
    ) -> HRESULT;
    pub unsafe fn GetDriver(&self, wdf_driver: *mut Raw<IWDFDriver>);
    pub unsafe fn RetrieveDeviceInstanceId(
        &self,
        buffer: *mut u16,
        size_in_chars: *mut u32,
    ) -> HRESULT;
    pub unsafe fn GetDefaultIoTarget(&self, wdf_io_target: *mut Raw<IWDFIoTarget>);
    pub unsafe fn CreateWdfFile(
        &self,
        file_name: *const u16,
        file: *mut Raw<IWDFDriverCreatedFile>,
    ) -> HRESULT;
    pub unsafe fn GetDefaultIoQueue(&self, wdf_io_queue: *mut Raw<IWDFIoQueue>);
    pub unsafe fn CreateIoQueue(
        &self,
        callback_interface: Raw<IUnknown>,
        default_queue: BOOL,
        dispatch_type: WDF_IO_QUEUE_DISPATCH_TYPE,
        power_managed: BOOL,
        allow_zero_length_requests: BOOL,
        io_queue: *mut Raw<IWDFIoQueue>,
    ) -> HRESULT;
    pub unsafe fn CreateDeviceInterface(
        &self,
        device_interface_guid: *const GUID,
        reference_string: *const u16,
    ) -> HRESULT;
    pub unsafe fn AssignDeviceInterfaceState(
        &self,
        device_interface_guid: *const GUID,
        reference_string: *const u16,
        enable: BOOL,
    ) -> HRESULT;
    pub unsafe fn RetrieveDeviceName(
        &self,
        device_name: *mut u16,
        device_name_length: *mut u32,
    ) -> HRESULT;
    pub unsafe fn PostEvent(
        &self,
        event_guid: *const GUID,
        event_type: WDF_EVENT_TYPE,
        pb_data: *mut u8,
        data_size: u32,
    ) -> HRESULT;
    pub unsafe fn ConfigureRequestDispatching(
        &self,
        queue: Raw<IWDFIoQueue>,
        request_type: WDF_REQUEST_TYPE,
        forward: BOOL,
    ) -> HRESULT;
    pub unsafe fn SetPnpState(&self, state: WDF_PNP_STATE, value: WDF_TRI_STATE);
    pub unsafe fn GetPnpState(&self, state: WDF_PNP_STATE) -> WDF_TRI_STATE;
    pub unsafe fn CommitPnpState(&self);
    pub unsafe fn CreateRequest(
        &self,
        callback_interface: Raw<IUnknown>,
        parent_object: Raw<IWDFObject>,
        request: *mut Raw<IWDFIoRequest>,
    ) -> HRESULT;
    pub unsafe fn CreateSymbolicLink(&self, symbolic_link: *const u16) -> HRESULT;
}

/// UMDF 1.9: idle and wake settings, remote interfaces and targets. Page: nn-wudfddi-iwdfdevice2.
#[interface("1b0d07b1-f596-4a76-99b3-b9492ad8df9f")]
pub unsafe trait IWDFDevice2: IWDFDevice {
    pub unsafe fn AssignS0IdleSettings(
        &self,
        idle_caps: WDF_POWER_POLICY_S0_IDLE_CAPABILITIES,
        dx_state: DEVICE_POWER_STATE,
        idle_timeout: u32,
        user_control_of_idle_settings: WDF_POWER_POLICY_S0_IDLE_USER_CONTROL,
        enabled: WDF_TRI_STATE,
    ) -> HRESULT;
    pub unsafe fn StopIdle(&self, wait_for_d0: BOOL) -> HRESULT;
    pub unsafe fn ResumeIdle(&self);
    pub unsafe fn CreateSymbolicLinkWithReferenceString(
        &self,
        symbolic_link: *const u16,
        reference_string: *const u16,
    ) -> HRESULT;
    pub unsafe fn RegisterRemoteInterfaceNotification(
        &self,
        device_interface_guid: *const GUID,
        include_existing_interfaces: BOOL,
    ) -> HRESULT;
    pub unsafe fn CreateRemoteInterface(
        &self,
        remote_interface_init: Raw<IWDFRemoteInterfaceInitialize>,
        callback_interface: Raw<IUnknown>,
        remote_interface: *mut Raw<IWDFRemoteInterface>,
    ) -> HRESULT;
    pub unsafe fn CreateRemoteTarget(
        &self,
        callback_interface: Raw<IUnknown>,
        parent_object: Raw<IWDFObject>,
        remote_target: *mut Raw<IWDFRemoteTarget>,
    ) -> HRESULT;
    pub unsafe fn GetDeviceStackIoTypePreference(
        &self,
        read_write_preference: *mut WDF_DEVICE_IO_TYPE,
        io_control_preference: *mut WDF_DEVICE_IO_TYPE,
    );
    pub unsafe fn AssignSxWakeSettings(
        &self,
        dx_state: DEVICE_POWER_STATE,
        user_control_of_wake_settings: WDF_POWER_POLICY_SX_WAKE_USER_CONTROL,
        enabled: WDF_TRI_STATE,
    ) -> HRESULT;
    pub unsafe fn GetSystemPowerAction(&self) -> POWER_ACTION;
}

/// UMDF 1.11: hardware access, interrupts and work items. Page: nn-wudfddi-iwdfdevice3.
#[interface("863d943a-c9cd-4655-a8d6-c84ef411cc0d")]
pub unsafe trait IWDFDevice3: IWDFDevice2 {
    pub unsafe fn MapIoSpace(
        &self,
        physical_address: i64,
        number_of_bytes: usize,
        cache_type: MEMORY_CACHING_TYPE,
        pseudo_base_address: *mut *mut c_void,
    ) -> HRESULT;
    pub unsafe fn UnmapIoSpace(&self, pseudo_base_address: *mut c_void, number_of_bytes: usize);
    pub unsafe fn GetHardwareRegisterMappedAddress(
        &self,
        pseudo_base_address: *mut c_void,
    ) -> *mut c_void;
    pub unsafe fn ReadFromHardware(
        &self,
        kind: WDF_DEVICE_HWACCESS_TARGET_TYPE,
        size: WDF_DEVICE_HWACCESS_TARGET_SIZE,
        address: *mut c_void,
        buffer: *mut c_void,
        count: u32,
    ) -> usize;
    pub unsafe fn WriteToHardware(
        &self,
        kind: WDF_DEVICE_HWACCESS_TARGET_TYPE,
        size: WDF_DEVICE_HWACCESS_TARGET_SIZE,
        address: *mut c_void,
        value: usize,
        buffer: *mut c_void,
        count: u32,
    );
    pub unsafe fn CreateInterrupt(
        &self,
        configuration: *mut WUDF_INTERRUPT_CONFIG,
        interrupt: *mut Raw<IWDFInterrupt>,
    ) -> HRESULT;
    pub unsafe fn CreateWorkItem(
        &self,
        config: *mut WUDF_WORKITEM_CONFIG,
        parent_object: Raw<IWDFObject>,
        work_item: *mut Raw<IWDFWorkItem>,
    ) -> HRESULT;
    pub unsafe fn AssignS0IdleSettingsEx(
        &self,
        idle_settings: *mut WUDF_DEVICE_POWER_POLICY_IDLE_SETTINGS,
    ) -> HRESULT;
}
