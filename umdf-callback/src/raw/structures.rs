//! Structures that methods take pointers to, of wudfddi_types.h, wudfinterrupt.h, wudfworkitem.h, wudfwdm.h and propidl.h.

use core::ffi::c_void;

use windows_core::HRESULT;

use super::Raw;
use super::device::IWDFDevice;
use super::object::{IWDFInterrupt, IWDFObject, IWDFWorkItem};
use super::types::{
    DEVICE_POWER_STATE, WDF_INTERRUPT_POLARITY, WDF_POWER_POLICY_S0_IDLE_CAPABILITIES,
    WDF_POWER_POLICY_S0_IDLE_USER_CONTROL, WDF_PROPERTY_STORE_ROOT_CLASS, WDF_TRI_STATE,
};

/// A property's value: what `vt` says is the member of the union that counts. Page: propidlbase/ns-propidlbase-propvariant.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PROPVARIANT {
    /// The value's type (`VT_...`).
    pub vt: u16,
    /// Reserved.
    pub wReserved1: u16,
    /// Reserved.
    pub wReserved2: u16,
    /// Reserved.
    pub wReserved3: u16,
    /// The value.
    pub value: PROPVARIANT_VALUE,
}

/// The members that property stores use (page: nf-wudfddi-iwdfnamedpropertystore-getnamedvalue).
#[repr(C)]
#[derive(Clone, Copy)]
pub union PROPVARIANT_VALUE {
    /// [`VT_UI4`].
    pub ulVal: u32,
    /// [`VT_LPWSTR`].
    pub pwszVal: *mut u16,
    /// [`VT_BLOB`].
    pub blob: BLOB,
    /// [`VT_LPWSTR`] and [`VT_VECTOR`].
    pub calpwstr: CALPWSTR,
    /// The widest number, which gives the union its alignment.
    pub hVal: i64,
}

/// Counted bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct BLOB {
    /// How many bytes.
    pub cbSize: u32,
    /// The bytes.
    pub pBlobData: *mut u8,
}

/// Counted strings.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CALPWSTR {
    /// How many strings.
    pub cElems: u32,
    /// The strings.
    pub pElems: *mut *mut u16,
}

/// No value.
pub const VT_EMPTY: u16 = 0;
/// A number of 32 bits.
pub const VT_UI4: u16 = 19;
/// A string that ends with NUL.
pub const VT_LPWSTR: u16 = 31;
/// Bytes.
pub const VT_BLOB: u16 = 65;
/// Several of another type.
pub const VT_VECTOR: u16 = 0x1000;

impl PROPVARIANT {
    /// No value, as `PropVariantInit` makes it.
    pub const EMPTY: Self = PROPVARIANT {
        vt: VT_EMPTY,
        wReserved1: 0,
        wReserved2: 0,
        wReserved3: 0,
        value: PROPVARIANT_VALUE {
            calpwstr: CALPWSTR {
                cElems: 0,
                pElems: core::ptr::null_mut(),
            },
        },
    };
}

/// Which registry key a property store is. Page: ns-wudfddi_types-_wdf_property_store_root.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WDF_PROPERTY_STORE_ROOT {
    /// The size of this structure.
    pub LengthCb: u32,
    /// Which root.
    pub RootClass: WDF_PROPERTY_STORE_ROOT_CLASS,
    /// A union of structures in C, whose members are pointers: the service's or the map's name first, or an interface's GUID and
    /// its reference string.
    pub Qualifier: [*const c_void; 2],
}

/// `OnWorkItem`. Page: nc-wudfworkitem-wudf_workitem_function.
pub type WUDF_WORKITEM_FUNCTION = unsafe extern "system" fn(work_item: Raw<IWDFWorkItem>);

/// Page: ns-wudfworkitem-_wudf_workitem_config.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WUDF_WORKITEM_CONFIG {
    /// The size of this structure.
    pub Size: u32,
    /// What is called.
    pub OnWorkItemFunc: Option<WUDF_WORKITEM_FUNCTION>,
    /// Whether it is serialised with other callbacks.
    pub AutomaticSerialization: u8,
}

/// `OnInterruptIsr`. Page: nc-wudfinterrupt-wudf_interrupt_isr.
pub type WUDF_INTERRUPT_ISR =
    unsafe extern "system" fn(interrupt: Raw<IWDFInterrupt>, message_id: u32, reserved: u32) -> u8;

/// `OnInterruptEnable` and `OnInterruptDisable`. Pages: nc-wudfinterrupt-wudf_interrupt_enable, -wudf_interrupt_disable.
pub type WUDF_INTERRUPT_ENABLE = unsafe extern "system" fn(
    interrupt: Raw<IWDFInterrupt>,
    associated_device: Raw<IWDFDevice>,
) -> HRESULT;

/// `OnInterruptWorkItem`. Page: nc-wudfinterrupt-wudf_interrupt_workitem.
pub type WUDF_INTERRUPT_WORKITEM =
    unsafe extern "system" fn(interrupt: Raw<IWDFInterrupt>, associated_object: Raw<IWDFObject>);

/// Page: ns-wudfinterrupt-_wudf_interrupt_config.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WUDF_INTERRUPT_CONFIG {
    /// The size of this structure.
    pub Size: u32,
    /// Whether the vector is shared.
    pub ShareVector: WDF_TRI_STATE,
    /// Whether it is serialised with other callbacks.
    pub AutomaticSerialization: u8,
    /// Called when it may have come.
    pub OnInterruptIsr: Option<WUDF_INTERRUPT_ISR>,
    /// Called to enable it.
    pub OnInterruptEnable: Option<WUDF_INTERRUPT_ENABLE>,
    /// Called to disable it.
    pub OnInterruptDisable: Option<WUDF_INTERRUPT_ENABLE>,
    /// Called for what the first asks for.
    pub OnInterruptWorkItem: Option<WUDF_INTERRUPT_WORKITEM>,
    /// Its raw resource.
    pub InterruptRaw: *mut CM_PARTIAL_RESOURCE_DESCRIPTOR,
    /// Its translated resource.
    pub InterruptTranslated: *mut CM_PARTIAL_RESOURCE_DESCRIPTOR,
}

/// Page: ns-wudfinterrupt-_wdf_interrupt_info.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct WDF_INTERRUPT_INFO {
    /// The size of this structure.
    pub Size: u32,
    /// Reserved.
    pub Reserved1: u64,
    /// The processors that take it.
    pub TargetProcessorSet: usize,
    /// Reserved.
    pub Reserved2: u32,
    /// The number of its message.
    pub MessageNumber: u32,
    /// Its number.
    pub Vector: u32,
    /// Its level.
    pub Irql: u8,
    /// Whether it comes by level or by edge.
    pub Mode: i32,
    /// Which level or edge.
    pub Polarity: WDF_INTERRUPT_POLARITY,
    /// Whether it is a message.
    pub MessageSignaled: u8,
    /// Whether others share it.
    pub ShareDisposition: u8,
    /// The group of the processors.
    pub Group: ALIGNED_GROUP,
}

/// A processor group's number with C's alignment of 8 (`DECLSPEC_ALIGN`).
#[repr(C, align(8))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ALIGNED_GROUP(pub u16);

/// Page: ns-wudfddi_types-_wudf_device_power_policy_idle_settings.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WUDF_DEVICE_POWER_POLICY_IDLE_SETTINGS {
    /// The size of this structure.
    pub Size: u32,
    /// Whether it can wake itself.
    pub IdleCaps: WDF_POWER_POLICY_S0_IDLE_CAPABILITIES,
    /// Where it sleeps.
    pub DxState: DEVICE_POWER_STATE,
    /// How long nothing is asked of it before, in milliseconds.
    pub IdleTimeout: u32,
    /// Whether users may change this.
    pub UserControlOfIdleSettings: WDF_POWER_POLICY_S0_IDLE_USER_CONTROL,
    /// Whether it sleeps at all.
    pub Enabled: WDF_TRI_STATE,
    /// Whether it wakes with the system.
    pub PowerUpIdleDeviceOnSystemWake: WDF_TRI_STATE,
    /// Whether power may be cut.
    pub ExcludeD3Cold: WDF_TRI_STATE,
}

/// A hardware resource. What the words of the union mean follows from `Type` (`CmResourceType...`). Page:
/// ns-wdm-_cm_partial_resource_descriptor.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR {
    /// Which kind (`CmResourceType...`).
    pub Type: u8,
    /// Whether others share it.
    pub ShareDisposition: u8,
    /// Bits, by the kind.
    pub Flags: u16,
    /// The union, packed to 4 bytes in C: two words, and a set of processors.
    pub u: [u32; 2 + size_of::<usize>() / 4],
}
