//! Devices: how they are added, and what their callbacks return.

use std::cell::RefCell;

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use wdm_sim::umdf::{Device, Framework};
use windows_core::Interface;

use super::cases;
use crate::raw::{Subject, call};
use crate::support::S_OK;

const NOT_SUPPORTED: HRESULT = HRESULT(0xD000_00BB_u32 as i32);
const E_FAIL: HRESULT = HRESULT(0x8000_4005_u32 as i32);

thread_local! {
    static STARTED_AGAIN: RefCell<Option<Device>> = const { RefCell::new(None) };
}

cases! {
    yes_without_a_device: DeviceAdd at "IDriverEntry::OnDeviceAdd" = Subject {
        add: |_, wrong| if wrong { S_OK } else { E_FAIL },
        ..Subject::IDLE
    }, |framework| assert!(framework.add_device("ROOT\\SAMPLE\\0000").is_err());

    configured_too_late: InitUsed at "IWDFDeviceInitialize::SetFilter" = Subject {
        add: |add, wrong| {
            let init = add.init;
            if !wrong {
                call!(init.SetFilter());
            }
            add.device_with_queue();
            if wrong {
                call!(init.SetFilter());
            }
            S_OK
        },
        ..Subject::IDLE
    };

    made_twice: InitUsed at "IWDFDriver::CreateDevice" = Subject {
        add: |add, wrong| {
            add.device_with_queue();
            if wrong {
                let (driver, init) = (add.driver, Raw::of(add.init));
                let mut device = Raw::NULL;
                let made = call!(driver.CreateDevice(init, Raw::NULL, &raw mut device));
                assert_eq!(made, HRESULT::from_win32(4317), "ERROR_INVALID_OPERATION");
            }
            S_OK
        },
        ..Subject::IDLE
    };

    not_supported: Status at "IPnpCallback::OnQueryRemove" = Subject {
        query: |_, wrong| if wrong { NOT_SUPPORTED } else { E_FAIL },
        ..Subject::IDLE
    }, |framework| {
        let device = framework.plug_in("ROOT\\SAMPLE\\0000").unwrap();
        assert!(device.query_remove().is_err(), "it is a veto all the same");
    };

    /// A driver has no part in the order of its callbacks; this is the system's mistake: it starts a device that starts.
    started_twice: Order at "IPnpCallback::OnD0Entry" = Subject {
        enter: |_, wrong| {
            if let Some(device) = STARTED_AGAIN.take().filter(|_| wrong) {
                let _ = device.start();
            }
            S_OK
        },
        ..Subject::IDLE
    }, |framework| {
        let device = framework.add_device("ROOT\\SAMPLE\\0000").unwrap();
        STARTED_AGAIN.set(Some(device.clone()));
        device.start().unwrap();
    };

    what_is_not_simulated: NotSimulated at "IWDFDevice3::GetHardwareRegisterMappedAddress" = Subject {
        enter: |device, wrong| {
            if wrong {
                let device: IWDFDevice3 = device.cast().unwrap();
                let mapped = call!(device.GetHardwareRegisterMappedAddress(core::ptr::null_mut()));
                assert!(mapped.is_null());
            }
            S_OK
        },
        ..Subject::IDLE
    };
}

/// Nothing else is called with a device that was refused, and it can be added again.
#[test]
fn u3_a_host_goes_on_without_a_device() {
    let subject = Subject {
        add: |_, _| E_FAIL,
        ..Subject::IDLE
    };
    let loaded = Framework::load(crate::raw::driver(subject, false), &crate::support::CLSID);
    let framework = loaded.unwrap();
    for _ in 0..2 {
        let refused = framework.add_device("ROOT\\SAMPLE\\0000").err().unwrap();
        assert_eq!(refused.code(), E_FAIL);
    }
    let report = framework.unload();
    assert_eq!(report.findings, []);
    let [add, initialize, end] = ["OnDeviceAdd", "OnInitialize", "OnDeinitialize"]
        .map(|name| format!("IDriverEntry::{name}"));
    assert_eq!(report.trace.callbacks(), [&initialize, &add, &add, &end]);
}
