//! Wake signals: pages wdf/a-device-enters-a-low-power-state-umdf and a-device-returns-to-its-working-state-umdf.

use umdf_callback::raw::*;
use umdf_callback::{HRESULT, PowerState};
use wdm_sim::umdf::Wake;
use windows_core::Interface;

use crate::raw::{Subject, call, driver};
use crate::support::{CLSID, Host, Hosted, S_OK, builder};

const S0: &str = "IPowerPolicyCallbackWakeFromS0";
const SX: &str = "IPowerPolicyCallbackWakeFromSx";
const ENTRY: &str = "IPnpCallback::OnD0Entry";
const EXIT: &str = "IPnpCallback::OnD0Exit";
const E_FAIL: HRESULT = HRESULT(0x8000_4005_u32 as i32);
const INVALID_DEVICE_REQUEST: HRESULT = HRESULT(0xD000_0010_u32 as i32);
const POWER_STATE_INVALID: HRESULT = HRESULT(0xD000_02D3_u32 as i32);

/// Says that the device can wake in both ways.
fn assign(device: &IWDFDevice, state: DEVICE_POWER_STATE) -> [HRESULT; 2] {
    let device: IWDFDevice2 = device.cast().unwrap();
    let idle = call!(device.AssignS0IdleSettings(
        IdleCanWakeFromS0,
        state,
        1000,
        IdleDoNotAllowUserControl,
        WdfTrue
    ));
    let sleep = call!(device.AssignSxWakeSettings(state, WakeDoNotAllowUserControl, WdfTrue));
    [idle, sleep]
}

const WAKES: Subject = Subject {
    add: |add, _| {
        let device = add.device_with_queue();
        assert_eq!(assign(&device, PowerDeviceD0), [POWER_STATE_INVALID; 2]);
        assert_eq!(assign(&device, PowerDeviceD2), [S_OK; 2]);
        S_OK
    },
    ..Subject::IDLE
};

fn started(subject: Subject) -> Hosted {
    let loaded = builder().load(driver(subject, false), &CLSID).unwrap();
    let mut hosted = Host::new(loaded).add();
    hosted.start().unwrap();
    hosted.news();
    hosted
}

/// Step 3 before step 4 on the way down, step 1 before step 2 on the way up.
#[test]
fn u21_a_device_is_armed_while_it_sleeps() {
    for (why, name, end) in [(Wake::FromS0, S0, "S0"), (Wake::FromSx, SX, "Sx")] {
        let method = |method| format!("{name}::{method}WakeFrom{end}");
        let (arm, disarm) = (method("OnArm"), method("OnDisarm"));
        let triggered = format!("{name}::OnWakeFrom{end}Triggered");
        let mut hosted = started(WAKES);
        hosted.sleep(PowerState::D2, why).unwrap();
        assert_eq!(hosted.news(), [&arm, EXIT]);
        hosted.wake().unwrap();
        assert_eq!(hosted.news(), [ENTRY, &disarm]);
        hosted.sleep(PowerState::D2, why).unwrap();
        hosted.news();
        hosted.wake_by_signal().unwrap();
        assert_eq!(hosted.news(), [&triggered, ENTRY, &disarm]);
    }
}

/// images/umdf-powerdown-sequence.png: "Called only during transitions to low power, not during resource rebalance or device
/// removal"; umdf-powerup-sequence.png: disarming is "not called during resource rebalance".
#[test]
fn u21_a_device_is_not_armed_when_it_stops_or_goes() {
    let mut hosted = started(WAKES);
    hosted.stop().unwrap();
    hosted.start().unwrap();
    hosted.remove();
    assert_eq!(hosted.news(), [EXIT, ENTRY, EXIT]);
}

/// nf-wudfddi-ipowerpolicycallbackwakefroms0-onarmwakefroms0: "If SUCCEEDED(status) equals FALSE, the framework calls the driver's
/// IPowerPolicyCallbackWakeFromS0::OnDisarmWakeFromS0 callback function. (The framework does not report a device failure to the
/// PnP manager.)" -sx the same.
#[test]
fn u21_a_device_that_cannot_be_armed_sleeps_all_the_same() {
    for (why, name, end) in [(Wake::FromS0, S0, "S0"), (Wake::FromSx, SX, "Sx")] {
        let method = |method| format!("{name}::{method}WakeFrom{end}");
        let mut hosted = started(Subject {
            arm: E_FAIL,
            ..WAKES
        });
        hosted.sleep(PowerState::D2, why).unwrap();
        assert_eq!(hosted.news(), [&method("OnArm"), &method("OnDisarm"), EXIT]);
        hosted.wake_by_signal().unwrap();
        assert_eq!(hosted.news(), [ENTRY], "nothing is armed");
        assert!(hosted.is_working());
    }
}

/// Only "if the driver is the device's power policy owner".
#[test]
fn u21_another_driver_owns_the_power_policy() {
    let subject = Subject {
        add: |add, _| {
            let init = add.init;
            call!(init.SetPowerPolicyOwnership(false.into()));
            let device = add.device_with_queue();
            let refused = assign(&device, PowerDeviceD2);
            assert_eq!(refused, [INVALID_DEVICE_REQUEST; 2]);
            S_OK
        },
        ..Subject::IDLE
    };
    let mut hosted = started(subject);
    hosted.sleep(PowerState::D2, Wake::FromSx).unwrap();
    hosted.wake().unwrap();
    assert_eq!(hosted.news(), [EXIT, ENTRY]);
}

/// A device that sleeps armed and is pulled out is not disarmed (images/umdf-surprise-removal-sequence.png has no such step).
#[test]
fn u21_an_armed_device_goes() {
    let mut hosted = started(WAKES);
    hosted.sleep(PowerState::D2, Wake::FromSx).unwrap();
    hosted.news();
    hosted.surprise_remove();
    assert_eq!(hosted.news(), ["IPnpCallback::OnSurpriseRemoval"]);
}
