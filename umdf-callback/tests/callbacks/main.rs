//! Callback objects against the stand-in for the framework.

mod device;
mod driver;
mod object;
mod queue;
mod request;

use core::ffi::c_void;

use umdf_callback::{AddedDevice, DeviceInit, Driver, GUID, HRESULT, Result};
use umdf_fake::{Device, Framework};
use windows_core::ComObject;

const CLSID: GUID = GUID::from_u128(0x0e1f_0ae9_6c4b_4f8e_9d6a_1b1f_5c2a_7e01);

/// What `driver!` exports, for drivers of which there are several in a program.
unsafe extern "system" fn class_object<T: Driver>(
    class: *const GUID,
    iid: *const GUID,
    object: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: the caller's pointers.
    unsafe { umdf_callback::__private::class_object::<T>(&CLSID, class, iid, object) }
}

/// Loads a driver and lets it add a device.
fn device<T: Driver>() -> ComObject<Device> {
    let framework = Framework::load(class_object::<T>, &CLSID).expect("the driver loads");
    framework
        .add_device("ROOT\\SAMPLE\\0000")
        .expect("the device is added")
}

/// A driver that is one function.
macro_rules! adds {
    ($name:ident: |$init:ident| $body:expr) => {
        #[derive(Default)]
        struct $name;

        impl Driver for $name {
            fn on_device_add<'add>(&self, $init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
                $body
            }
        }
    };
}
use adds;
