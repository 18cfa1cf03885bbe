//! U10: idle and wake settings, what keeps a device awake, and what a driver says of its device.

use std::sync::Mutex;
use std::time::Duration;

use umdf_callback::callback::{PnpCallback, WakeFromS0, WakeFromSx};
use umdf_callback::power::{IdleSettings, LowPower, PowerAction, WakeSettings};
use umdf_callback::raw::{
    PowerDeviceD2, PowerDeviceD3, PowerDeviceMaximum, WdfPnpStateFailed, WdfTrue,
};
use umdf_callback::{
    BufferAccess, Device, Error, IoPreference, PnpState, PowerState, TriState, device_callback,
};
use wdm_sim::umdf::{Rule, Wake};

use crate::{
    AddedDevice, DeviceInit, Driver, GUID, HRESULT, Result, adds, device, keep, kept, started,
};

const EVENT: GUID = GUID::from_u128(0x1de9_b35c_5e2f_4d1b_b3a7_9b3f_0a61_11c8);
const INVALID_OPERATION: HRESULT = HRESULT::from_win32(4317);

fn from_nt(status: u32) -> Option<HRESULT> {
    Some(HRESULT((status | 0x1000_0000) as i32))
}

fn code<T>(result: Result<T>) -> Option<HRESULT> {
    result.err().map(|error| Error::code(&error))
}

/// What the system was about to do at each power-down and power-up.
#[derive(Default)]
struct Sleeps(Mutex<Vec<PowerAction>>);

impl Sleeps {
    fn note(&self, device: &Device) -> Result<()> {
        let action = device.system_power_action()?;
        self.0.lock().unwrap().push(action);
        Ok(())
    }
}

impl PnpCallback for Sleeps {
    fn on_d0_entry(&self, device: &Device, previous: PowerState) -> Result<()> {
        self.note(device)?;
        if previous == PowerState::D3 {
            let told = self.0.lock().unwrap();
            assert_eq!(told[told.len() - 2], told[told.len() - 1]);
        }
        Ok(())
    }

    fn on_d0_exit(&self, device: &Device, new: PowerState) -> Result<()> {
        self.note(device)?;
        if new == PowerState::D3 {
            assert_eq!(self.0.lock().unwrap().last(), Some(&PowerAction::Sleep));
        }
        Ok(())
    }
}

impl WakeFromS0 for Sleeps {}
impl WakeFromSx for Sleeps {}

device_callback!(Sleeps);

adds!(Keeps: |init| {
    let device = init.create_device(Sleeps::default())?;
    keep(&device);
    Ok(device.into())
});

#[test]
fn u10_idle_settings_reach_the_device() -> Result<()> {
    let device = started::<Keeps>();
    let kept = kept();
    assert_eq!(device.idle_settings(), None);
    kept.assign_s0_idle_settings(&IdleSettings::cannot_wake())?;
    assert_eq!(
        device.idle_settings(),
        Some((PowerDeviceD3, Duration::ZERO)),
        "as by default"
    );
    let settings = IdleSettings::can_wake()
        .state(LowPower::D2)
        .timeout(Duration::from_micros(1))
        .user_control(false)
        .enabled(TriState::True);
    kept.assign_s0_idle_settings(&settings)?;
    let least = Duration::from_millis(1);
    assert_eq!(
        device.idle_settings(),
        Some((PowerDeviceD2, least)),
        "0 is the default"
    );
    let newer = settings
        .exclude_d3_cold(TriState::True)
        .power_up_on_system_wake(TriState::False);
    kept.assign_s0_idle_settings(&newer.timeout(Duration::MAX))?;
    let most = Duration::from_millis(u32::MAX.into());
    assert_eq!(device.idle_settings(), Some((PowerDeviceD2, most)));
    let usb = IdleSettings::usb_selective_suspend();
    kept.assign_s0_idle_settings(&usb)?;
    assert_eq!(
        code(kept.assign_s0_idle_settings(&usb.state(LowPower::D3))),
        from_nt(0xC000_02D3),
        "STATUS_POWER_STATE_INVALID"
    );
    let wake = WakeSettings::new(LowPower::AsBus)
        .user_control(false)
        .enabled(TriState::True);
    kept.assign_sx_wake_settings(&wake)?;
    assert_eq!(device.wake_settings(), Some(PowerDeviceMaximum));
    Ok(())
}

/// Settings that allow it let the framework arm the device.
#[test]
fn u10_what_can_wake_is_armed() -> Result<()> {
    let device = started::<Keeps>();
    let kept = kept();
    let armed = |method| {
        let callbacks = device.framework().trace().callbacks();
        callbacks
            .into_iter()
            .filter(|callback| *callback == method)
            .count()
    };
    const S0: &str = "IPowerPolicyCallbackWakeFromS0::OnArmWakeFromS0";
    const SX: &str = "IPowerPolicyCallbackWakeFromSx::OnArmWakeFromSx";
    kept.assign_s0_idle_settings(&IdleSettings::cannot_wake())?;
    device.sleep(PowerState::D2, Wake::FromS0)?;
    device.wake()?;
    assert_eq!(armed(S0), 0);
    kept.assign_s0_idle_settings(&IdleSettings::can_wake())?;
    kept.assign_sx_wake_settings(&WakeSettings::new(LowPower::D3))?;
    device.sleep(PowerState::D2, Wake::FromS0)?;
    device.wake_by_signal()?;
    device.sleep(PowerState::D3, Wake::FromSx)?;
    device.wake()?;
    assert_eq!((armed(S0), armed(SX)), (1, 1));
    let off = WakeSettings::new(LowPower::D3).enabled(TriState::False);
    kept.assign_sx_wake_settings(&off)?;
    device.sleep(PowerState::D3, Wake::FromSx)?;
    device.wake()?;
    assert_eq!(armed(SX), 1);
    Ok(())
}

adds!(Follows: |init| {
    let mut init = init;
    init.set_power_policy_ownership(false);
    let device = init.create_device(Sleeps::default())?;
    keep(&device);
    Ok(device.into())
});

#[test]
fn u10_only_the_power_policy_owner_assigns() {
    let _device = started::<Follows>();
    let kept = kept();
    let not_owner = from_nt(0xC000_0010);
    let idle = IdleSettings::cannot_wake();
    assert_eq!(code(kept.assign_s0_idle_settings(&idle)), not_owner);
    let newer = idle.exclude_d3_cold(TriState::True);
    assert_eq!(code(kept.assign_s0_idle_settings(&newer)), not_owner);
    let wake = WakeSettings::new(LowPower::D3);
    assert_eq!(code(kept.assign_sx_wake_settings(&wake)), not_owner);
    assert_eq!(
        code(kept.stop_idle(true)),
        not_owner,
        "and nothing is to be resumed"
    );
}

#[test]
fn u10_a_device_is_awake_as_long_as_it_is_kept() -> Result<()> {
    let device = started::<Keeps>();
    let kept = kept();
    let first = kept.stop_idle(true)?;
    let second = kept.stop_idle(false)?;
    assert_eq!(
        code(device.sleep(PowerState::D2, Wake::FromS0)),
        Some(INVALID_OPERATION)
    );
    drop(first);
    assert!(device.is_kept_awake(), "once still");
    std::thread::spawn(move || drop(second))
        .join()
        .expect("it may be dropped anywhere");
    assert!(!device.is_kept_awake());
    device.sleep(PowerState::D2, Wake::FromS0)?;
    assert!(!device.is_working());
    let awake = kept.stop_idle(true)?;
    assert!(device.is_working(), "it was woken");
    drop(awake);
    Ok(())
}

#[test]
fn u10_a_device_that_does_not_wake_is_not_kept_awake() -> Result<()> {
    /// It enters its working state once.
    #[derive(Default)]
    struct Once(Mutex<bool>);

    impl PnpCallback for Once {
        fn on_d0_entry(&self, _device: &Device, _previous: PowerState) -> Result<()> {
            let again = std::mem::replace(&mut *self.0.lock().unwrap(), true);
            if again {
                Err(HRESULT(-1).into())
            } else {
                Ok(())
            }
        }
    }

    device_callback!(Once);
    adds!(Dies: |init| {
        let device = init.create_device(Once::default())?;
        keep(&device);
        Ok(device.into())
    });

    let device = started::<Dies>();
    device.sleep(PowerState::D2, Wake::FromS0)?;
    assert_eq!(code(kept().stop_idle(true)), from_nt(0xC000_02D3));
    assert!(device.is_gone() && !device.is_kept_awake());
    Ok(())
}

#[test]
fn u10_kept_awake_too_early_or_for_good() {
    let device = device::<Keeps>();
    let awake = kept().stop_idle(false).expect("the call itself succeeds");
    let report = device.unload();
    drop(awake);
    let rules: Vec<Rule> = report.findings.iter().map(|finding| finding.rule).collect();
    assert!(rules.contains(&Rule::Idle), "{rules:?}");
    let idle = rules.iter().filter(|rule| **rule == Rule::Idle).count();
    assert_eq!(idle, 2, "before OnD0Entry, and never resumed");
}

#[test]
fn what_the_system_is_about_to_do() -> Result<()> {
    let device = started::<Keeps>();
    device.sleep(PowerState::D3, Wake::FromSx)?;
    device.wake()?;
    assert_eq!(kept().system_power_action()?, PowerAction::None);
    Ok(())
}

#[test]
fn events_and_states_reach_the_system() -> Result<()> {
    let device = started::<Keeps>();
    let kept = kept();
    kept.post_event(&EVENT, b"hot")?;
    kept.post_event(&EVENT, &[])?;
    let not_enough_memory = Some(HRESULT::from_win32(8));
    assert_eq!(
        code(kept.post_event(&EVENT, &[0; 0x1_0000])),
        not_enough_memory
    );
    assert_eq!(
        device.events(),
        [(EVENT, b"hot".to_vec()), (EVENT, Vec::new())]
    );

    assert_eq!(kept.pnp_state(PnpState::Failed), TriState::Default);
    kept.set_pnp_state(PnpState::Failed, TriState::True);
    assert_eq!(kept.pnp_state(PnpState::Failed), TriState::True);
    assert_eq!(device.pnp_states(), [], "not yet");
    kept.commit_pnp_state();
    assert_eq!(device.pnp_states(), [(WdfPnpStateFailed, WdfTrue)]);

    kept.create_symbolic_link_to(r"\DosDevices\Global\Lamp", "left")?;
    assert_eq!(device.links(), [r"\DosDevices\Global\Lamp -> \left"]);
    assert!(kept.driver()?.is_version_available(11));
    assert!(kept.default_queue().is_none());
    Ok(())
}

adds!(Direct: |init| {
    let mut init = init;
    init.set_io_type_preference(IoPreference::CopyImmediately)?;
    init.set_io_type_preference(IoPreference::Deferred {
        read_write: BufferAccess::Direct,
        control: BufferAccess::BufferedOrDirect,
    })?;
    let device = init.create_device(Sleeps::default())?;
    keep(&device);
    Ok(device.into())
});

#[test]
fn u10_buffers_as_the_driver_would_like_them() -> Result<()> {
    let _device = started::<Direct>();
    let (read_write, control) = kept().io_type_preference()?;
    assert_eq!(read_write, Some(BufferAccess::Direct));
    assert_eq!(control, Some(BufferAccess::BufferedOrDirect));
    Ok(())
}

/// All that can fail, for `each_failure`.
pub(crate) fn use_power(device: &Device) -> Result<()> {
    let idle = IdleSettings::can_wake();
    device.assign_s0_idle_settings(&idle)?;
    device.assign_s0_idle_settings(&idle.exclude_d3_cold(TriState::True))?;
    device.assign_sx_wake_settings(&WakeSettings::new(LowPower::D2))?;
    device.post_event(&EVENT, b"hot")?;
    device.create_symbolic_link_to(r"\DosDevices\Global\Lamp", "left")?;
    let awake = device.stop_idle(true)?;
    drop((device.stop_idle(false)?, awake));
    Ok(())
}
