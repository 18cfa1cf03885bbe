//! Sizes and offsets of the structures, by hand from the headers of the Windows Driver Kit 8.1 (wudfddi_types.h, wudfinterrupt.h,
//! wudfworkitem.h, wudfwdm.h, PropIdl.h), for pointers of 4 and of 8 bytes.

use core::mem::{align_of, offset_of, size_of};

use umdf_callback::raw::*;

/// For each structure: its size, and the offset of each member, with pointers of 4 bytes and of 8.
macro_rules! structures {
    ($($name:ident: $narrow:literal $wide:literal { $($field:ident: $narrow_offset:literal $wide_offset:literal,)* })*) => {
        $(
            #[test]
            #[allow(non_snake_case)]
            fn $name() {
                const WIDE: bool = size_of::<usize>() == 8;
                assert_eq!(size_of::<umdf_callback::raw::$name>(), if WIDE { $wide } else { $narrow });
                $(
                    let offset = offset_of!(umdf_callback::raw::$name, $field);
                    assert_eq!(offset, if WIDE { $wide_offset } else { $narrow_offset }, stringify!($field));
                )*
            }
        )*
    };
}

structures! {
    PROPVARIANT: 16 24 { vt: 0 0, wReserved1: 2 2, wReserved2: 4 4, wReserved3: 6 6, value: 8 8, }
    BLOB: 8 16 { cbSize: 0 0, pBlobData: 4 8, }
    CALPWSTR: 8 16 { cElems: 0 0, pElems: 4 8, }
    WDF_PROPERTY_STORE_ROOT: 16 24 { LengthCb: 0 0, RootClass: 4 4, Qualifier: 8 8, }
    WUDF_WORKITEM_CONFIG: 12 24 { Size: 0 0, OnWorkItemFunc: 4 8, AutomaticSerialization: 8 16, }
    WUDF_INTERRUPT_CONFIG: 36 64 {
        Size: 0 0, ShareVector: 4 4, AutomaticSerialization: 8 8, OnInterruptIsr: 12 16, OnInterruptEnable: 16 24,
        OnInterruptDisable: 20 32, OnInterruptWorkItem: 24 40, InterruptRaw: 28 48, InterruptTranslated: 32 56,
    }
    WDF_INTERRUPT_INFO: 56 64 {
        Size: 0 0, Reserved1: 8 8, TargetProcessorSet: 16 16, Reserved2: 20 24, MessageNumber: 24 28, Vector: 28 32, Irql: 32 36,
        Mode: 36 40, Polarity: 40 44, MessageSignaled: 44 48, ShareDisposition: 45 49, Group: 48 56,
    }
    WUDF_DEVICE_POWER_POLICY_IDLE_SETTINGS: 32 32 {
        Size: 0 0, IdleCaps: 4 4, DxState: 8 8, IdleTimeout: 12 12, UserControlOfIdleSettings: 16 16, Enabled: 20 20,
        PowerUpIdleDeviceOnSystemWake: 24 24, ExcludeD3Cold: 28 28,
    }
    CM_PARTIAL_RESOURCE_DESCRIPTOR: 16 20 { Type: 0 0, ShareDisposition: 1 1, Flags: 2 2, u: 4 4, }
}

/// The descriptor is packed, so that it may stand at any multiple of 4.
#[test]
fn a_descriptor_is_packed() {
    assert_eq!(align_of::<CM_PARTIAL_RESOURCE_DESCRIPTOR>(), 4);
    assert_eq!(VT_LPWSTR | VT_VECTOR, 0x101f);
}
