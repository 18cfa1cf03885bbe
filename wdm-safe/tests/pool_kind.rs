//! The pool that memory comes from, by the version of Windows. One test, since the choice is the
//! process's.

#![cfg(not(feature = "pool2"))]

use wdm_safe::{Driver, Init, PoolBox, Result};
use wdm_sim::{Machine, Profile};

struct Allocating(#[allow(dead_code, reason = "held until the driver goes")] PoolBox<u64>);

impl Driver for Allocating {
    fn init(_: &Init<'_>) -> Result<Self> {
        PoolBox::try_new(7).map(Self)
    }
}

wdm_safe::driver!(Allocating);

/// Loads and unloads the driver: how many allocations it made, and how many were executable.
fn allocations(profile: Profile) -> (u64, u64) {
    let machine = Machine::builder().profile(profile).build();
    let machine = machine.expect("the machine builds");
    // SAFETY: the driver touches only what it allocated.
    let driver = unsafe { machine.load_linked("allocating", driver_entry) };
    let driver = driver.expect("the driver loads");
    machine.unload(driver).expect("the driver unloads");
    let report = machine.report();
    assert_eq!(report.findings, [], "{profile}");
    let counters = report.counters;
    (counters.pool_allocations, counters.pool_executable)
}

#[test]
fn memory_is_not_executable_where_windows_can() {
    for profile in [Profile::Win11, Profile::Win10, Profile::Win8] {
        let (all, executable) = allocations(profile);
        assert!(all >= 2, "{profile}: the driver and its state");
        assert_eq!(executable, 0, "{profile}");
    }
    for profile in [Profile::Win7, Profile::Vista, Profile::WinXp] {
        let (all, executable) = allocations(profile);
        assert_eq!(all, executable, "{profile}");
    }
    // Chosen once for this process, and good for all.
    let (all, executable) = allocations(Profile::Win10);
    assert_eq!(all, executable);
}
