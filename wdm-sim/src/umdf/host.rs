//! The host process of a driver: loads it, lets it add devices, unloads it, and says what it did wrong.

use core::ffi::c_void;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;
use umdf_callback::raw::*;
use umdf_callback::{Error, GUID, HRESULT, Result};
use windows_core::{ComObject, Interface};

use super::client::Device;
use super::codes::{Code, E_POINTER, E_UNEXPECTED};
use super::core::Core;
use super::driver_object::DriverObject;
use super::init::{Config, InitObject};
use super::object::Base;
use super::trace::Trace;
use super::verifier::{Finding, Rule};
use super::world::{Outcome, World, lock, release};
use crate::faults::{Fault, FaultPlan};

/// `DllGetClassObject`, as a driver exports it (U2).
pub type GetClassObject =
    unsafe extern "system" fn(*const GUID, *const GUID, *mut *mut c_void) -> HRESULT;

/// How a driver is hosted.
#[derive(Clone, Debug)]
pub struct Builder {
    minor: u32,
    patience: Duration,
    impersonation: Option<SECURITY_IMPERSONATION_LEVEL>,
    plan: Option<FaultPlan>,
}

impl Default for Builder {
    fn default() -> Self {
        Builder {
            minor: 11,
            // Page: wdf/how-umdf-enforces-time-outs.
            patience: Duration::from_secs(60),
            impersonation: None,
            plan: None,
        }
    }
}

impl Builder {
    /// The framework says that its version is 1.`minor`; 11 without this, the last one. Its objects have the interfaces of that one
    /// whatever it says.
    #[must_use]
    pub fn minor(self, minor: u32) -> Self {
        Builder { minor, ..self }
    }

    /// How long the framework waits for the driver before it calls it hung; a minute without this.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Builder { patience, ..self }
    }

    /// How far the driver may act as its clients: what its INF file says (`UmdfImpersonationLevel`) and all clients allow. Not at all
    /// without this.
    #[must_use]
    pub fn impersonation(self, level: SECURITY_IMPERSONATION_LEVEL) -> Self {
        Builder {
            impersonation: Some(level),
            ..self
        }
    }

    /// Makes one call of the framework fail in each run.
    #[must_use]
    pub fn fail_each(self, plan: &FaultPlan) -> Self {
        Builder {
            plan: Some(plan.clone()),
            ..self
        }
    }

    /// Loads a driver by its `DllGetClassObject`, as the framework does (U2).
    ///
    /// # Errors
    /// What kept it from loading: an error of its class factory or of `OnInitialize`, with the report of what it did.
    pub fn load(
        self,
        get_class_object: GetClassObject,
        clsid: &GUID,
    ) -> core::result::Result<Framework, NotLoaded> {
        let world = World::new(self.minor, self.patience, self.impersonation, self.plan);
        let entry = driver_entry(get_class_object, clsid).map_err(|error| NotLoaded {
            error,
            report: Box::new(Report::of(&world)),
        })?;
        let number = world.number();
        let framework = Framework {
            driver: Some(ComObject::new(DriverObject {
                base: Base::named(&world, number, "driver"),
                made: Mutex::default(),
            })),
            entry: Some(entry),
            devices: Mutex::default(),
            world,
        };
        let initialized = framework.call("IDriverEntry::OnInitialize", "", |entry, driver| {
            // SAFETY: the interfaces are valid.
            unsafe { entry.OnInitialize(Raw::of(driver)) }
        });
        if initialized.is_err() {
            // The driver is not loaded, so it is not told that it is unloaded (page: nf-wudfddi-idriverentry-oninitialize).
            return Err(NotLoaded {
                error: Error::from_hresult(initialized),
                report: Box::new(framework.end()),
            });
        }
        Ok(framework)
    }
}

/// A driver that was not loaded.
#[derive(Clone, Debug)]
pub struct NotLoaded {
    /// The driver's error.
    pub error: Error,
    /// What it did.
    pub report: Box<Report>,
}

impl fmt::Display for NotLoaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the driver was not loaded: {}", Code(self.error.code()))
    }
}

impl std::error::Error for NotLoaded {}

impl From<NotLoaded> for Error {
    fn from(not_loaded: NotLoaded) -> Self {
        not_loaded.error
    }
}

/// What became of a driver.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The rules that it broke, none if all is well.
    pub findings: Vec<Finding>,
    /// The call that failed on purpose, if one did.
    pub fault: Option<Fault>,
    /// What happened.
    #[serde(flatten)]
    pub trace: Trace,
}

impl Report {
    fn of(world: &World) -> Self {
        Report {
            findings: world.findings(),
            fault: world.injected(),
            trace: world.trace(),
        }
    }
}

/// The driver callback object of a DLL.
fn driver_entry(get_class_object: GetClassObject, clsid: &GUID) -> Result<IDriverEntry> {
    let factory = class_factory(get_class_object, clsid)?;
    let mut entry = core::ptr::null_mut();
    // SAFETY: all pointers are valid; nobody aggregates.
    let made = unsafe { factory.CreateInstance(Raw::NULL, &IDriverEntry::IID, &raw mut entry) };
    given(made, entry)
}

/// What a DLL gave under the IID of `I`.
fn given<I: Interface>(result: HRESULT, object: *mut c_void) -> Result<I> {
    result.ok()?;
    if object.is_null() {
        return Err(Error::from_hresult(E_POINTER));
    }
    // SAFETY: not null, so what the DLL gave under this IID, with its reference.
    Ok(unsafe { I::from_raw(object) })
}

/// The class factory of a DLL.
///
/// # Errors
/// The DLL's; `E_POINTER` if it says yes and gives none.
pub fn class_factory(get_class_object: GetClassObject, clsid: &GUID) -> Result<IClassFactory> {
    let mut factory = core::ptr::null_mut();
    // SAFETY: all pointers are valid.
    let got = unsafe { get_class_object(clsid, &IClassFactory::IID, &raw mut factory) };
    given(got, factory)
}

/// A host process with a driver in it.
///
/// Dropping it unloads the driver, as [`unload`](Framework::unload) does.
pub struct Framework {
    world: Arc<World>,
    /// Until the driver is unloaded.
    driver: Option<ComObject<DriverObject>>,
    entry: Option<IDriverEntry>,
    devices: Mutex<Vec<Arc<Core>>>,
}

impl Framework {
    /// Loads a driver with the last version of the framework.
    ///
    /// # Errors
    /// As for [`Builder::load`].
    pub fn load(
        get_class_object: GetClassObject,
        clsid: &GUID,
    ) -> core::result::Result<Self, NotLoaded> {
        Builder::default().load(get_class_object, clsid)
    }

    /// For a driver that is hosted in another way.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Calls the driver callback object.
    fn call<R: Outcome + Default>(
        &self,
        method: &'static str,
        detail: &str,
        call: impl FnOnce(&IDriverEntry, &IWDFDriver) -> R,
    ) -> R {
        let (Some(entry), Some(driver)) = (&self.entry, &self.driver) else {
            return R::default();
        };
        let own = driver.own();
        let name = &driver.base.name;
        self.world
            .callback(name, method, detail, || call(entry, &own))
    }

    /// There is a device: lets the driver add it (U3). It is not started.
    ///
    /// # Errors
    /// The driver's; `E_UNEXPECTED` if it said yes without a device.
    pub fn add_device(&self, instance_id: &str) -> Result<Device> {
        let Some(driver) = &self.driver else {
            return Err(Error::from_hresult(E_UNEXPECTED));
        };
        let init = ComObject::new(InitObject {
            base: Base::new(&self.world, "device init"),
            config: Mutex::new(Config::new(instance_id)),
            used: AtomicBool::new(false),
        });
        let interface: IWDFDeviceInitialize2 = init.to_interface();
        self.world
            .system(&driver.base.name, format!("device {instance_id} arrives"));
        let detail = format!(", {instance_id}");
        let added = self.call("IDriverEntry::OnDeviceAdd", &detail, |entry, driver| {
            // SAFETY: the interfaces are valid.
            unsafe { entry.OnDeviceAdd(Raw::of(driver), Raw::of(&*interface)) }
        });
        // From here on it is not to be used.
        init.used.store(true, Ordering::Release);
        let made = lock(&driver.made).take();
        match made {
            Some(core) if added.is_ok() => {
                core.added();
                lock(&self.devices).push(core.clone());
                Ok(Device { core })
            }
            // Page: nf-wudfddi-idriverentry-ondeviceadd.
            Some(core) => {
                core.remove(false);
                Err(Error::from_hresult(added))
            }
            None if added.is_ok() => {
                let detail = "it returned S_OK, and CreateDevice did not succeed";
                let method = "IDriverEntry::OnDeviceAdd";
                self.world
                    .finding(Rule::DeviceAdd, method, &driver.base.name, detail);
                Err(Error::from_hresult(E_UNEXPECTED))
            }
            None => Err(Error::from_hresult(added)),
        }
    }

    /// There is a device: lets the driver add it, and starts it.
    ///
    /// # Errors
    /// Those of [`add_device`](Framework::add_device) and [`Device::start`].
    pub fn plug_in(&self, instance_id: &str) -> Result<Device> {
        let device = self.add_device(instance_id)?;
        device.start()?;
        Ok(device)
    }

    /// An interface of the driver callback object, if it offers it.
    #[must_use]
    pub fn callback<I: Interface>(&self) -> Option<I> {
        self.entry.as_ref()?.cast().ok()
    }

    /// What has happened so far.
    #[must_use]
    pub fn trace(&self) -> Trace {
        self.world.trace()
    }

    /// The rules that were broken so far.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        self.world.findings()
    }

    /// Removes the devices that are left, and unloads the driver; then nothing of it may be left.
    pub fn unload(mut self) -> Report {
        self.deinitialize();
        self.end()
    }

    fn deinitialize(&mut self) {
        let devices = std::mem::take(&mut *lock(&self.devices));
        for core in devices {
            core.remove(false);
        }
        self.call("IDriverEntry::OnDeinitialize", "", |entry, driver| {
            // SAFETY: the interfaces are valid.
            unsafe { entry.OnDeinitialize(Raw::of(driver)) }
        });
    }

    /// Gives up what the framework has, and looks what is left.
    fn end(mut self) -> Report {
        self.release();
        Report::of(&self.world)
    }

    fn release(&mut self) {
        let (Some(driver), Some(entry)) = (self.driver.take(), self.entry.take()) else {
            return;
        };
        self.world.settle();
        let name = driver.base.name.clone();
        let left = release(entry.into());
        if left > 0 {
            let detail = format!("{left} references to the driver callback object are left");
            self.world
                .finding(Rule::CallbackReference, "Release", &name, detail);
        }
        driver.delete();
        drop(driver);
        for object in self.world.left() {
            let detail = "the driver has references to it still";
            self.world
                .finding(Rule::Reference, "unload", &object, detail);
        }
    }
}

impl Drop for Framework {
    fn drop(&mut self) {
        if self.entry.is_some() {
            self.deinitialize();
            self.release();
        }
    }
}
