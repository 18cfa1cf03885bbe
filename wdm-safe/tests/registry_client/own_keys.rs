//! The keys of drivers and devices.

use std::ptr::NonNull;

use wdm_safe::registry::{DeviceKey, DriverKey, KeyAccess, PhysicalDevice, RegKey, ValueRef};
use wdm_safe::{Driver, Init, NtError, Result, unicode};
use wdm_sim::{LoadDriverError, Machine, Profile, Rule};

use crate::support::with_key;

/// Reads its number from its parameters, and counts its starts in its state if it can.
struct Counting;

impl Driver for Counting {
    fn init(init: &Init<'_>) -> Result<Self> {
        let at = init.passive();
        let parameters = RegKey::driver_key(init, DriverKey::Parameters, KeyAccess::READ)?;
        let number = parameters.value(unicode!("Number"), at)?.as_u32();
        wdm_safe::info!("number {}", number.unwrap_or(0));
        for which in [DriverKey::PersistentState, DriverKey::SharedPersistentState] {
            let state = RegKey::driver_key(init, which, KeyAccess::ALL);
            match state {
                Ok(state) => {
                    let name = unicode!("Starts");
                    let starts = state.value(name, at).ok().and_then(|value| value.as_u32());
                    let starts = starts.unwrap_or(0) + 1;
                    state.set_value(name, ValueRef::Dword(starts), at)?;
                    wdm_safe::info!("start {starts}");
                }
                Err(NtError::NOT_SUPPORTED) => wdm_safe::info!("no state"),
                Err(error) => return Err(error),
            }
        }
        Ok(Self)
    }
}

wdm_safe::driver!(Counting);

/// Loads and unloads the driver in a machine; gives what it printed.
fn start(machine: &Machine) -> Vec<String> {
    let before = machine.report().debug_print.len();
    // SAFETY: a driver without unsafe code.
    let driver = unsafe { machine.load_linked("counting", driver_entry) }.expect("it loads");
    machine.unload(driver).expect("it unloads");
    let report = machine.report();
    assert_eq!(report.findings, []);
    let lines = report.debug_print[before..].iter();
    let words = lines.map(|line| line.rsplit(": ").next().unwrap_or(line).trim().to_owned());
    words.collect()
}

fn machine(profile: Profile) -> Machine {
    let machine = Machine::builder()
        .profile(profile)
        .build()
        .expect("it builds");
    machine
        .install("counting", &[("Number", 7.into())])
        .expect("it is installed");
    machine
}

#[test]
fn a_driver_has_parameters_and_state() {
    let machine = machine(Profile::Win10);
    assert_eq!(start(&machine), ["number 7", "start 1", "start 1"]);
    assert_eq!(start(&machine), ["number 7", "start 2", "start 2"]);
}

#[test]
fn w3_an_older_windows_has_parameters_only() {
    for profile in [Profile::Win7, Profile::Win8] {
        let machine = machine(profile);
        assert_eq!(start(&machine), ["number 7", "no state", "no state"]);
    }
}

#[test]
fn a_driver_without_parameters_is_told_so() {
    for profile in [Profile::Win7, Profile::Win11] {
        let machine = Machine::builder()
            .profile(profile)
            .build()
            .expect("it builds");
        // SAFETY: a driver without unsafe code.
        let loaded = unsafe { machine.load_linked("counting", driver_entry) };
        match loaded {
            Err(LoadDriverError::Init { status, .. }) => {
                assert_eq!(status.0, NtError::OBJECT_NAME_NOT_FOUND.raw());
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(machine.report().findings, []);
    }
}

#[test]
fn a_device_has_a_hardware_key_and_a_software_key() {
    with_key(|machine, _, at| {
        let node = machine
            .plug_in(r"ROOT\SAMPLE\0000")
            .expect("it is plugged in");
        // SAFETY: the device object exists as long as its node.
        let device = unsafe {
            PhysicalDevice::from_raw(NonNull::new(node.object()).expect("it is not null"))
        };
        let open =
            |which| RegKey::device_key(&device, which, KeyAccess::ALL, at).expect("it is there");
        let path = |key: &RegKey| key.path(at).expect("it has a path").to_string();
        assert!(
            path(&open(DeviceKey::Hardware)).ends_with(r"Enum\ROOT\SAMPLE\0000\Device Parameters")
        );
        let software = open(DeviceKey::Software);
        assert!(
            path(&software).contains(r"\Control\Class\{"),
            "{}",
            path(&software)
        );
        software
            .set_value(unicode!("Colour"), ValueRef::Dword(1), at)
            .expect("it is set");
        let again = open(DeviceKey::Software).value(unicode!("Colour"), at);
        assert_eq!(again.expect("it is there").as_u32(), Some(1));
    });
}

#[test]
fn w3_another_device_object_has_no_keys() {
    let machine = Machine::builder().build().expect("it builds");
    let process = machine.system_process();
    let _thread = process.enter();
    let at = crate::support::passive();
    let node = machine
        .plug_in(r"ROOT\SAMPLE\0000")
        .expect("it is plugged in");
    let object = NonNull::new(node.object()).expect("it is not null");
    drop(node);
    // SAFETY: none: the simulator promises to notice that the device is gone.
    let gone = unsafe { PhysicalDevice::from_raw(object) };
    let opened = RegKey::device_key(&gone, DeviceKey::Hardware, KeyAccess::READ, at);
    assert_eq!(opened.err(), Some(NtError::INVALID_PARAMETER));
    let findings = machine.report().findings;
    assert_eq!(
        findings.iter().map(|it| it.rule).collect::<Vec<_>>(),
        [Rule::Parameter]
    );
}
