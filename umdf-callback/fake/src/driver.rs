//! The framework driver object.

use std::cell::RefCell;

use core::ffi::c_void;

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::{BOOL, ComObject, IUnknown, Interface, implement};

use crate::{Device, Init, absent, callback, object, write_string};

/// The framework driver object.
#[implement(IWDFDriver)]
#[derive(Default)]
pub struct Driver {
    /// Those that were made and not yet picked up.
    pub(crate) devices: RefCell<Vec<ComObject<Device>>>,
}

object!(Driver_Impl);

impl IWDFDriver_Impl for Driver_Impl {
    unsafe fn CreateDevice(
        &self,
        init: Raw<IWDFDeviceInitialize>,
        interface: Raw<IUnknown>,
        device: *mut Raw<IWDFDevice>,
    ) -> HRESULT {
        // SAFETY: the driver's interface, which is valid during the call.
        let init = unsafe { init.borrow() }.expect("a device needs its IWDFDeviceInitialize");
        let init = init
            .cast_object::<Init>()
            .expect("the init is the stand-in's");
        let made = ComObject::new(Device::new(&init, callback(interface)));
        // SAFETY: the driver's place.
        unsafe { device.write(Raw::from_owned(made.to_interface())) };
        self.devices.borrow_mut().push(made);
        HRESULT(0)
    }

    unsafe fn IsVersionAvailable(&self, version: *mut UMDF_VERSION_DATA) -> BOOL {
        // SAFETY: the driver's structure.
        let version = unsafe { *version };
        (version.MajorNumber == 1 && version.MinorNumber <= 9).into()
    }

    unsafe fn RetrieveVersionString(&self, buffer: *mut u16, length: *mut u32) -> HRESULT {
        // SAFETY: the driver's buffer and length.
        unsafe { write_string("1.9.0", buffer, length) }
    }

    absent! {
        CreateWdfObject(Raw<IUnknown>, Raw<IWDFObject>, *mut Raw<IWDFObject>) -> HRESULT;
        CreatePreallocatedWdfMemory(*mut u8, usize, Raw<IUnknown>, Raw<IWDFObject>, *mut Raw<IWDFMemory>) -> HRESULT;
        CreateWdfMemory(usize, Raw<IUnknown>, Raw<IWDFObject>, *mut Raw<IWDFMemory>) -> HRESULT;
    }
}
