//! Callback objects in the simulated framework.

mod change;
mod client;
mod context;
mod create;
mod device;
mod driver;
mod failures;
mod hardware;
mod interrupt;
mod object;
mod power;
mod property;
mod queue;
mod remote;
mod request;
mod send;
mod target;
mod work_item;

use core::ffi::c_void;
use core::ops::Deref;
use core::time::Duration;
use std::cell::RefCell;

use umdf_callback::{AddedDevice, DeviceInit, Driver, GUID, HRESULT, NewDevice, Result};
use wdm_sim::umdf::{Builder, Completion, Device, Framework, Report};

const CLSID: GUID = GUID::from_u128(0x0e1f_0ae9_6c4b_4f8e_9d6a_1b1f_5c2a_7e01);

thread_local! {
    static KEPT: RefCell<Option<umdf_callback::Device>> = const { RefCell::new(None) };
}

/// Keeps the device that a driver makes, for the test that runs it.
fn keep<L, T>(device: &NewDevice<'_, L, T>) {
    KEPT.set(Some(device.device().clone()));
}

/// The device that the driver has kept last.
fn kept() -> umdf_callback::Device {
    KEPT.take().expect("the driver keeps its device")
}

/// Gives it up, if the test has not asked for it.
fn forget() {
    KEPT.take();
}

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
    /// Its host.
    fn framework(&self) -> &Framework {
        self.framework.as_ref().expect("it is not unloaded yet")
    }

    /// Unloads the driver.
    fn unload(mut self) -> Report {
        forget();
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
        forget();
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
    ($visibility:vis $name:ident: |$init:ident| $body:expr) => {
        #[derive(Default)]
        $visibility struct $name;

        impl Driver for $name {
            fn on_device_add<'add>(&self, $init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
                $body
            }
        }
    };
}
use adds;
