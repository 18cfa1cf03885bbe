//! Hosting a driver, and looking at what the framework called it for.

use core::ffi::c_void;
use core::time::Duration;
use std::ops::Deref;

use umdf_callback::{Driver, GUID, HRESULT};
use wdm_sim::umdf::{Builder, Completion, Device, Framework, NotLoaded, Report};

pub(crate) const CLSID: GUID = GUID::from_u128(0x4b1c_07d5_92e3_4d9a_8d55_61f0_3c2e_aa10);

pub(crate) const S_OK: HRESULT = HRESULT(0);
pub(crate) const E_POINTER: HRESULT = HRESULT(0x8000_4003_u32 as i32);
pub(crate) const ABORTED: HRESULT = HRESULT::from_win32(995);
pub(crate) const NO_SUCH_DEVICE: HRESULT = HRESULT::from_win32(433);

/// What `driver!` exports, for drivers of which there are several in a program.
pub(crate) unsafe extern "system" fn class_object<T: Driver>(
    class: *const GUID,
    iid: *const GUID,
    object: *mut *mut c_void,
) -> HRESULT {
    // SAFETY: the caller's pointers.
    unsafe { umdf_callback::__private::class_object::<T>(&CLSID, class, iid, object) }
}

/// A host that does not wait long.
pub(crate) fn builder() -> Builder {
    Framework::builder().patience(Duration::from_secs(5))
}

/// A driver's host. If nobody unloads the driver, dropping this does, and then nothing may be wrong.
pub(crate) struct Host {
    framework: Option<Framework>,
    seen: usize,
}

/// A device and its host.
pub(crate) struct Hosted {
    pub(crate) host: Host,
    pub(crate) device: Device,
}

impl Host {
    pub(crate) fn new(framework: Framework) -> Self {
        Host {
            framework: Some(framework),
            seen: 0,
        }
    }

    pub(crate) fn load<T: Driver>(builder: Builder) -> Result<Self, NotLoaded> {
        builder.load(class_object::<T>, &CLSID).map(Self::new)
    }

    pub(crate) fn add(self) -> Hosted {
        let device = self.add_device("ROOT\\SAMPLE\\0000");
        Hosted {
            device: device.expect("the device is added"),
            host: self,
        }
    }

    /// The callbacks that have come since this was asked the last time.
    pub(crate) fn news(&mut self) -> Vec<&'static str> {
        let callbacks = self.trace().callbacks();
        let news = callbacks[self.seen..].to_vec();
        self.seen = callbacks.len();
        news
    }

    pub(crate) fn unload(mut self) -> Report {
        self.framework.take().expect("it is unloaded once").unload()
    }
}

impl Deref for Host {
    type Target = Framework;

    fn deref(&self) -> &Framework {
        self.framework.as_ref().expect("it is unloaded last")
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(framework) = self.framework.take().filter(|_| !std::thread::panicking()) {
            let report = framework.unload();
            assert_eq!(report.findings, [], "{}", report.trace);
        }
    }
}

impl Hosted {
    /// Loads a driver and lets it add a device.
    pub(crate) fn added<T: Driver>() -> Self {
        Host::load::<T>(builder()).expect("the driver loads").add()
    }

    /// The same, and starts the device.
    pub(crate) fn started<T: Driver>() -> Self {
        let hosted = Self::added::<T>();
        hosted.start().expect("the device starts");
        hosted
    }

    /// As [`Host::news`].
    pub(crate) fn news(&mut self) -> Vec<&'static str> {
        self.host.news()
    }
}

impl Deref for Hosted {
    type Target = Device;

    fn deref(&self) -> &Device {
        &self.device
    }
}

/// How a request has ended.
pub(crate) fn ended(status: HRESULT, information: usize) -> Option<Completion> {
    Some(Completion {
        status,
        information,
    })
}
