//! P5: each allocation fails in turn. A driver does all that the client can do; whatever fails, it
//! leaves no memory, no handle and no half-made key behind.

use wdm_safe::registry::{
    DriverKey, KeyAccess, KeyBuffer, KeyChanges, KeyRequest, RegKey, SecurityDescriptor,
    SecurityInformation, ValueRef, WatchScope,
};
use wdm_safe::{Driver, Init, NtError, Passive, Result, unicode};
use wdm_sim::{FaultPlan, Machine};

struct Everything;

impl Driver for Everything {
    fn init(init: &Init<'_>) -> Result<Self> {
        let at = init.passive();
        let state = RegKey::driver_key(init, DriverKey::PersistentState, KeyAccess::ALL)?;
        let done = everything(&state, at);
        let left = state.info(at)?.subkeys;
        if left != 0 {
            wdm_safe::error!("{left} keys are left");
        }
        done.map(|()| Self)
    }
}

wdm_safe::driver!(Everything);

fn everything(home: &RegKey, at: Passive<'_>) -> Result<()> {
    let link = KeyRequest::new(unicode!("Link"), KeyAccess::ALL)
        .below(home)
        .volatile();
    let link = link.create_link(unicode!(r"\REGISTRY\MACHINE\SYSTEM\Setup"), at)?;
    let done = with_link(home, &link, at);
    link.delete(at)?;
    done
}

fn with_link(home: &RegKey, link: &RegKey, at: Passive<'_>) -> Result<()> {
    link.link_target(at)?;
    home.class(at)?;
    let mut watch = home.watch(KeyChanges::VALUES, WatchScope::Tree, at)?;
    home.set_value(unicode!("a"), ValueRef::String(unicode!("text")), at)?;
    watch.has_changed(at)?;
    home.delete_value(unicode!("a"), at)?;
    let mut buffer = KeyBuffer::new();
    link.value_in(unicode!("SymbolicLinkValue"), &mut buffer, at)?;
    for name in home.subkeys(at) {
        name?;
    }
    for value in link.values(at) {
        value?;
    }
    let mut subkeys = home.subkeys_in(&mut buffer, at);
    while let Some(entry) = subkeys.next_entry() {
        entry?;
    }
    let security = home.security(SecurityInformation::OWNER, at)?;
    SecurityDescriptor::try_from_bytes(security.as_bytes(), at.into())?;
    let text = home.value(unicode!("missing"), at);
    match text {
        Err(NtError::OBJECT_NAME_NOT_FOUND) => Ok(()),
        other => other.map(drop),
    }
}

#[test]
fn each_allocation_can_fail() {
    let mut failures = 0;
    for number in 1.. {
        let machine = Machine::builder().build().expect("it builds");
        machine.fail_allocation(number);
        // SAFETY: a driver without unsafe code.
        let loaded = unsafe { machine.load_linked("everything", driver_entry) };
        let failed = loaded.is_err();
        if let Ok(driver) = loaded {
            machine.unload(driver).expect("it unloads");
        }
        let report = machine.report();
        assert_eq!(report.findings, [], "allocation {number}");
        assert_eq!(
            report.debug_print,
            Vec::<String>::new(),
            "allocation {number}"
        );
        if report.counters.injected_failures == 0 {
            assert!(!failed, "without a failure it loads");
            break;
        }
        assert!(failed, "allocation {number} is one that counts");
        failures += 1;
    }
    assert!(failures >= 15, "{failures}");
}

#[test]
fn each_call_of_the_kernel_can_fail() {
    let plan = FaultPlan::new();
    while plan.next_run() {
        let machine = Machine::builder()
            .fail_each(&plan)
            .build()
            .expect("it builds");
        // SAFETY: a driver without unsafe code.
        if let Ok(driver) = unsafe { machine.load_linked("everything", driver_entry) } {
            machine.unload(driver).expect("it unloads");
        }
        let report = machine.report();
        assert_eq!(report.findings, [], "{:?}", report.fault);
    }
    let faults = plan.faults();
    assert!(faults.len() > 30, "{}", faults.len());
}
