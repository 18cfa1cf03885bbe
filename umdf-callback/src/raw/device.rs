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
    /// The driver is a filter. Page: nf-wudfddi-iwdfdeviceinitialize-setfilter.
    pub unsafe fn SetFilter(&self);
    /// Which callbacks are serialised. Page: nf-wudfddi-iwdfdeviceinitialize-setlockingconstraint.
    pub unsafe fn SetLockingConstraint(&self, lock_type: WDF_CALLBACK_CONSTRAINT);
    /// Opens a property store of the device's. Page: nf-wudfddi-iwdfdeviceinitialize-retrievedevicepropertystore.
    pub unsafe fn RetrieveDevicePropertyStore(
        &self,
        service_name: *const u16,
        flags: WDF_PROPERTY_STORE_RETRIEVE_FLAGS,
        prop_store: *mut Raw<IWDFNamedPropertyStore>,
        disposition: *mut WDF_PROPERTY_STORE_DISPOSITION,
    ) -> HRESULT;
    /// Whether the driver owns the power policy. Page: nf-wudfddi-iwdfdeviceinitialize-setpowerpolicyownership.
    pub unsafe fn SetPowerPolicyOwnership(&self, own: BOOL);
    /// Whether opening, cleanup and close go on to the next driver. Page: nf-wudfddi-iwdfdeviceinitialize-autoforwardcreatecleanupclose.
    pub unsafe fn AutoForwardCreateCleanupClose(&self, state: WDF_TRI_STATE);
    /// The instance id. Page: nf-wudfddi-iwdfdeviceinitialize-retrievedeviceinstanceid.
    pub unsafe fn RetrieveDeviceInstanceId(
        &self,
        buffer: *mut u16,
        size_in_chars: *mut u32,
    ) -> HRESULT;
    /// What the device can do. Page: nf-wudfddi-iwdfdeviceinitialize-setpnpcapability.
    pub unsafe fn SetPnpCapability(&self, capability: WDF_PNP_CAPABILITY, value: WDF_TRI_STATE);
    /// What it was told to be able to do. Page: nf-wudfddi-iwdfdeviceinitialize-getpnpcapability.
    pub unsafe fn GetPnpCapability(&self, capability: WDF_PNP_CAPABILITY) -> WDF_TRI_STATE;
}

/// UMDF 1.9: how the device gets its buffers. Page: nn-wudfddi-iwdfdeviceinitialize2.
#[interface("424c00ba-fcd0-4c52-bd4a-6c5d3ec0dfd9")]
pub unsafe trait IWDFDeviceInitialize2: IWDFDeviceInitialize {
    /// How buffers are to reach the driver. Page: nf-wudfddi-iwdfdeviceinitialize2-setiotypepreference.
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
    /// Opens a property store of the device's. Page: nf-wudfddi-iwdfdevice-retrievedevicepropertystore.
    pub unsafe fn RetrieveDevicePropertyStore(
        &self,
        service_name: *const u16,
        flags: WDF_PROPERTY_STORE_RETRIEVE_FLAGS,
        prop_store: *mut Raw<IWDFNamedPropertyStore>,
        disposition: *mut WDF_PROPERTY_STORE_DISPOSITION,
    ) -> HRESULT;
    /// The driver object. Page: nf-wudfddi-iwdfdevice-getdriver.
    pub unsafe fn GetDriver(&self, wdf_driver: *mut Raw<IWDFDriver>);
    /// The instance id. Page: nf-wudfddi-iwdfdevice-retrievedeviceinstanceid.
    pub unsafe fn RetrieveDeviceInstanceId(
        &self,
        buffer: *mut u16,
        size_in_chars: *mut u32,
    ) -> HRESULT;
    /// The next driver of the stack. Page: nf-wudfddi-iwdfdevice-getdefaultiotarget.
    pub unsafe fn GetDefaultIoTarget(&self, wdf_io_target: *mut Raw<IWDFIoTarget>);
    /// Opens the next driver. Page: nf-wudfddi-iwdfdevice-createwdffile.
    pub unsafe fn CreateWdfFile(
        &self,
        file_name: *const u16,
        file: *mut Raw<IWDFDriverCreatedFile>,
    ) -> HRESULT;
    /// The default queue. Page: nf-wudfddi-iwdfdevice-getdefaultioqueue.
    pub unsafe fn GetDefaultIoQueue(&self, wdf_io_queue: *mut Raw<IWDFIoQueue>);
    /// Makes a queue. Page: nf-wudfddi-iwdfdevice-createioqueue.
    pub unsafe fn CreateIoQueue(
        &self,
        callback_interface: Raw<IUnknown>,
        default_queue: BOOL,
        dispatch_type: WDF_IO_QUEUE_DISPATCH_TYPE,
        power_managed: BOOL,
        allow_zero_length_requests: BOOL,
        io_queue: *mut Raw<IWDFIoQueue>,
    ) -> HRESULT;
    /// Registers a device interface. Page: nf-wudfddi-iwdfdevice-createdeviceinterface.
    pub unsafe fn CreateDeviceInterface(
        &self,
        device_interface_guid: *const GUID,
        reference_string: *const u16,
    ) -> HRESULT;
    /// Enables or disables it. Page: nf-wudfddi-iwdfdevice-assigndeviceinterfacestate.
    pub unsafe fn AssignDeviceInterfaceState(
        &self,
        device_interface_guid: *const GUID,
        reference_string: *const u16,
        enable: BOOL,
    ) -> HRESULT;
    /// The name of the kernel's device object. Page: nf-wudfddi-iwdfdevice-retrievedevicename.
    pub unsafe fn RetrieveDeviceName(
        &self,
        device_name: *mut u16,
        device_name_length: *mut u32,
    ) -> HRESULT;
    /// Tells programs of an event. Page: nf-wudfddi-iwdfdevice-postevent.
    pub unsafe fn PostEvent(
        &self,
        event_guid: *const GUID,
        event_type: WDF_EVENT_TYPE,
        pb_data: *mut u8,
        data_size: u32,
    ) -> HRESULT;
    /// Gives all requests of a kind to a queue. Page: nf-wudfddi-iwdfdevice-configurerequestdispatching.
    pub unsafe fn ConfigureRequestDispatching(
        &self,
        queue: Raw<IWDFIoQueue>,
        request_type: WDF_REQUEST_TYPE,
        forward: BOOL,
    ) -> HRESULT;
    /// Sets a Plug and Play state. Page: nf-wudfddi-iwdfdevice-setpnpstate.
    pub unsafe fn SetPnpState(&self, state: WDF_PNP_STATE, value: WDF_TRI_STATE);
    /// What a state was set to. Page: nf-wudfddi-iwdfdevice-getpnpstate.
    pub unsafe fn GetPnpState(&self, state: WDF_PNP_STATE) -> WDF_TRI_STATE;
    /// Reports the states that were set. Page: nf-wudfddi-iwdfdevice-commitpnpstate.
    pub unsafe fn CommitPnpState(&self);
    /// Makes a request of the driver's own. Page: nf-wudfddi-iwdfdevice-createrequest.
    pub unsafe fn CreateRequest(
        &self,
        callback_interface: Raw<IUnknown>,
        parent_object: Raw<IWDFObject>,
        request: *mut Raw<IWDFIoRequest>,
    ) -> HRESULT;
    /// Makes a symbolic link to the device. Page: nf-wudfddi-iwdfdevice-createsymboliclink.
    pub unsafe fn CreateSymbolicLink(&self, symbolic_link: *const u16) -> HRESULT;
}

/// UMDF 1.9: idle and wake settings, remote interfaces and targets. Page: nn-wudfddi-iwdfdevice2.
#[interface("1b0d07b1-f596-4a76-99b3-b9492ad8df9f")]
pub unsafe trait IWDFDevice2: IWDFDevice {
    /// When and how the idle device sleeps. Page: nf-wudfddi-iwdfdevice2-assigns0idlesettings.
    pub unsafe fn AssignS0IdleSettings(
        &self,
        idle_caps: WDF_POWER_POLICY_S0_IDLE_CAPABILITIES,
        dx_state: DEVICE_POWER_STATE,
        idle_timeout: u32,
        user_control_of_idle_settings: WDF_POWER_POLICY_S0_IDLE_USER_CONTROL,
        enabled: WDF_TRI_STATE,
    ) -> HRESULT;
    /// Keeps it awake. Page: nf-wudfddi-iwdfdevice2-stopidle.
    pub unsafe fn StopIdle(&self, wait_for_d0: BOOL) -> HRESULT;
    /// Lets it sleep again. Page: nf-wudfddi-iwdfdevice2-resumeidle.
    pub unsafe fn ResumeIdle(&self);
    /// Makes a symbolic link with a reference string. Page: nf-wudfddi-iwdfdevice2-createsymboliclinkwithreferencestring.
    pub unsafe fn CreateSymbolicLinkWithReferenceString(
        &self,
        symbolic_link: *const u16,
        reference_string: *const u16,
    ) -> HRESULT;
    /// Asks to be told of device interfaces of other devices. Page: nf-wudfddi-iwdfdevice2-registerremoteinterfacenotification.
    pub unsafe fn RegisterRemoteInterfaceNotification(
        &self,
        device_interface_guid: *const GUID,
        include_existing_interfaces: BOOL,
    ) -> HRESULT;
    /// Makes an object of one that has arrived. Page: nf-wudfddi-iwdfdevice2-createremoteinterface.
    pub unsafe fn CreateRemoteInterface(
        &self,
        remote_interface_init: Raw<IWDFRemoteInterfaceInitialize>,
        callback_interface: Raw<IUnknown>,
        remote_interface: *mut Raw<IWDFRemoteInterface>,
    ) -> HRESULT;
    /// Makes an I/O target in another stack. Page: nf-wudfddi-iwdfdevice2-createremotetarget.
    pub unsafe fn CreateRemoteTarget(
        &self,
        callback_interface: Raw<IUnknown>,
        parent_object: Raw<IWDFObject>,
        remote_target: *mut Raw<IWDFRemoteTarget>,
    ) -> HRESULT;
    /// How buffers reach the stack. Page: nf-wudfddi-iwdfdevice2-getdevicestackiotypepreference.
    pub unsafe fn GetDeviceStackIoTypePreference(
        &self,
        read_write_preference: *mut WDF_DEVICE_IO_TYPE,
        io_control_preference: *mut WDF_DEVICE_IO_TYPE,
    );
    /// Whether and from where the device wakes the system. Page: nf-wudfddi-iwdfdevice2-assignsxwakesettings.
    pub unsafe fn AssignSxWakeSettings(
        &self,
        dx_state: DEVICE_POWER_STATE,
        user_control_of_wake_settings: WDF_POWER_POLICY_SX_WAKE_USER_CONTROL,
        enabled: WDF_TRI_STATE,
    ) -> HRESULT;
    /// What the system is about to do. Page: nf-wudfddi-iwdfdevice2-getsystempoweraction.
    pub unsafe fn GetSystemPowerAction(&self) -> POWER_ACTION;
}

/// UMDF 1.11: hardware access, interrupts and work items. Page: nn-wudfddi-iwdfdevice3.
#[interface("863d943a-c9cd-4655-a8d6-c84ef411cc0d")]
pub unsafe trait IWDFDevice3: IWDFDevice2 {
    /// Maps registers. Page: nf-wudfddi-iwdfdevice3-mapiospace.
    pub unsafe fn MapIoSpace(
        &self,
        physical_address: i64,
        number_of_bytes: usize,
        cache_type: MEMORY_CACHING_TYPE,
        pseudo_base_address: *mut *mut c_void,
    ) -> HRESULT;
    /// Unmaps them. Page: nf-wudfddi-iwdfdevice3-unmapiospace.
    pub unsafe fn UnmapIoSpace(&self, pseudo_base_address: *mut c_void, number_of_bytes: usize);
    /// Where they are mapped, if that is allowed. Page: nf-wudfddi-iwdfdevice3-gethardwareregistermappedaddress.
    pub unsafe fn GetHardwareRegisterMappedAddress(
        &self,
        pseudo_base_address: *mut c_void,
    ) -> *mut c_void;
    /// Reads registers or ports. Page: nf-wudfddi-iwdfdevice3-readfromhardware.
    pub unsafe fn ReadFromHardware(
        &self,
        kind: WDF_DEVICE_HWACCESS_TARGET_TYPE,
        size: WDF_DEVICE_HWACCESS_TARGET_SIZE,
        address: *mut c_void,
        buffer: *mut c_void,
        count: u32,
    ) -> usize;
    /// Writes them. Page: nf-wudfddi-iwdfdevice3-writetohardware.
    pub unsafe fn WriteToHardware(
        &self,
        kind: WDF_DEVICE_HWACCESS_TARGET_TYPE,
        size: WDF_DEVICE_HWACCESS_TARGET_SIZE,
        address: *mut c_void,
        value: usize,
        buffer: *mut c_void,
        count: u32,
    );
    /// Makes an interrupt. Page: nf-wudfddi-iwdfdevice3-createinterrupt.
    pub unsafe fn CreateInterrupt(
        &self,
        configuration: *mut WUDF_INTERRUPT_CONFIG,
        interrupt: *mut Raw<IWDFInterrupt>,
    ) -> HRESULT;
    /// Makes a work item. Page: nf-wudfddi-iwdfdevice3-createworkitem.
    pub unsafe fn CreateWorkItem(
        &self,
        config: *mut WUDF_WORKITEM_CONFIG,
        parent_object: Raw<IWDFObject>,
        work_item: *mut Raw<IWDFWorkItem>,
    ) -> HRESULT;
    /// When and how the idle device sleeps. Page: nf-wudfddi-iwdfdevice3-assigns0idlesettingsex.
    pub unsafe fn AssignS0IdleSettingsEx(
        &self,
        idle_settings: *mut WUDF_DEVICE_POWER_POLICY_IDLE_SETTINGS,
    ) -> HRESULT;
}
