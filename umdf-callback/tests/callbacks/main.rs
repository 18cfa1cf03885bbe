//! Callback objects in the simulated framework.

mod change;
mod client;
mod create;
mod device;
mod driver;
mod object;
mod queue;
mod request;
mod send;
mod target;

use core::ffi::c_void;
use core::ops::Deref;
use core::time::Duration;

use umdf_callback::{AddedDevice, DeviceInit, Driver, GUID, HRESULT, Result};
use wdm_sim::umdf::{Builder, Completion, Device, Framework, Report};

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

/// A device and its host, in which nothing goes wrong.
struct Hosted {
    framework: Option<Framework>,
    device: Device,
}

/// Loads a driver and lets it add a device.
fn device<T: Driver>() -> Hosted {
    let builder = Framework::builder().patience(Duration::from_secs(10));
    hosted::<T>(builder)
}

/// The same in another host.
fn hosted<T: Driver>(builder: Builder) -> Hosted {
    let framework = builder
        .load(class_object::<T>, &CLSID)
        .expect("the driver loads");
    let device = framework
        .add_device("ROOT\\SAMPLE\\0000")
        .expect("the device is added");
    Hosted {
        framework: Some(framework),
        device,
    }
}

/// Loads a driver and lets it add a device, which is started.
fn started<T: Driver>() -> Hosted {
    let device = device::<T>();
    device.start().expect("the device starts");
    device
}

impl Hosted {
    /// Unloads the driver.
    fn unload(mut self) -> Report {
        self.framework.take().expect("it is unloaded once").unload()
    }
}

impl Deref for Hosted {
    type Target = Device;

    fn deref(&self) -> &Device {
        &self.device
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        if let Some(framework) = self.framework.take().filter(|_| !std::thread::panicking()) {
            assert_eq!(framework.unload().findings, []);
        }
    }
}

/// How a request has ended.
fn ended(status: HRESULT, information: usize) -> Option<Completion> {
    Some(Completion {
        status,
        information,
    })
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
