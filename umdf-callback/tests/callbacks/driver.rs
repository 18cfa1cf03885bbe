//! U2, U3: the driver callback object and its exports.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use umdf_callback::raw::{IClassFactory, IDriverEntry, IPnpCallback, Raw, UMDF_VERSION_DATA};
use umdf_callback::{
    AddedDevice, DeviceInit, Driver, DriverObject, Error, GUID, HRESULT, Result, device_callback,
    driver,
};
use wdm_sim::umdf::{Framework, class_factory};
use windows_core::{BOOL, IUnknown, Interface};

const SAMPLE: GUID = GUID::from_u128(0x5c6a_3f0e_91d2_4b77_8a35_0c9b_e127_4d68);

static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Context;

device_callback!(Context);

#[derive(Default)]
struct Sample {
    devices: AtomicUsize,
}

impl Driver for Sample {
    fn on_initialize(&self, driver: &DriverObject) -> Result<()> {
        let mut told = TOLD.lock().unwrap();
        told.push(format!("loaded by {}", driver.version()?));
        assert!(driver.is_version_available(9) && !driver.is_version_available(11));
        Ok(())
    }

    fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
        self.devices.fetch_add(1, Ordering::Relaxed);
        TOLD.lock().unwrap().push(init.instance_id()?);
        if init.instance_id()?.contains("BAD") {
            return Err(Error::from_hresult(HRESULT(0))); // an error that is none
        }
        Ok(init.create_device(Context)?.into())
    }

    fn on_deinitialize(&self, _driver: &DriverObject) {
        let devices = self.devices.load(Ordering::Relaxed);
        TOLD.lock()
            .unwrap()
            .push(format!("unloaded after {devices}"));
    }
}

driver!(Sample, SAMPLE, minor = 9);

/// One test: the exports are the program's, and so is their count of objects.
#[test]
fn a_driver_is_loaded_by_its_exports() {
    let version = UMDF_VERSION_DATA {
        MajorNumber: 1,
        MinorNumber: 9,
        ServiceNumber: 0,
    };
    assert_eq!(Microsoft_WDF_UMDF_Version, version);
    let unknown = class_factory(DllGetClassObject, &GUID::zeroed()).unwrap_err();
    assert_eq!(unknown.code(), HRESULT(0x8004_0111_u32 as i32));

    let framework = Framework::builder()
        .minor(9)
        .load(DllGetClassObject, &SAMPLE)
        .unwrap();
    assert!(framework.callback::<IDriverEntry>().is_some());
    assert!(framework.callback::<IPnpCallback>().is_none());
    let _device = framework.add_device("GOOD").unwrap();
    let refused = framework.add_device("BAD").err().unwrap();
    assert_eq!(refused.code(), HRESULT(0x8000_4005_u32 as i32), "E_FAIL");
    assert_eq!(DllCanUnloadNow(), HRESULT(1));
    assert_eq!(framework.unload().findings, []);
    let told = TOLD.lock().unwrap().clone();
    assert_eq!(told, ["loaded by 1.9.0", "GOOD", "BAD", "unloaded after 2"]);
}

#[test]
fn the_factory_makes_what_it_is_asked_for() {
    let factory = class_factory(crate::class_object::<Sample>, &crate::CLSID).unwrap();
    let make = |outer, iid: GUID| {
        let mut object = core::ptr::null_mut();
        // SAFETY: all pointers are valid.
        let made = unsafe { factory.CreateInstance(outer, &iid, &raw mut object) };
        (made, object)
    };
    let unknown: IUnknown = factory.cast().unwrap();
    let (made, object) = make(Raw::of(&unknown), IDriverEntry::IID);
    assert_eq!(made, HRESULT(0x8004_0110_u32 as i32), "no aggregation");
    assert!(object.is_null());
    let (made, object) = make(Raw::NULL, IClassFactory::IID);
    assert_eq!(made, HRESULT(0x8000_4002_u32 as i32), "no such interface");
    assert!(object.is_null());
    // SAFETY: no preconditions.
    let locked = unsafe { factory.LockServer(BOOL::from(true)) };
    // SAFETY: no preconditions.
    let unlocked = unsafe { factory.LockServer(BOOL::from(false)) };
    assert!(locked.is_ok() && unlocked.is_ok());
    // SAFETY: null is refused.
    let nothing =
        unsafe { factory.CreateInstance(Raw::NULL, core::ptr::null(), core::ptr::null_mut()) };
    assert_eq!(nothing, HRESULT(0x8000_4003_u32 as i32), "E_POINTER");
}
