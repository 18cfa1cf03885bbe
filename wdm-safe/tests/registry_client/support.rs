//! What the tests share.

use wdm_safe::registry::{KeyAccess, RegKey};
use wdm_safe::{Passive, UnicodeStr, unicode};
use wdm_sim::Machine;

/// Where the tests' key is.
pub(crate) const HOME: &UnicodeStr = unicode!(r"\Registry\Machine\SYSTEM\Home");

/// Runs in a machine with a key of its own, and checks that nothing is left allocated and no rule
/// was broken.
pub(crate) fn with_key<T>(test: impl FnOnce(&Machine, &RegKey, Passive<'_>) -> T) -> T {
    let machine = Machine::builder()
        .build()
        .expect("the demonstration hive mounts");
    let thread = machine.system_process();
    let thread = thread.enter();
    let at = passive();
    let (key, _) = RegKey::create(HOME, KeyAccess::ALL, at).expect("it is created");
    let result = test(&machine, &key, at);
    drop(key);
    drop(thread);
    let report = machine.report();
    assert_eq!(report.counters.pool_allocations, report.counters.pool_frees);
    assert_eq!(report.findings, []);
    result
}

/// Tests run at PASSIVE_LEVEL.
pub(crate) fn passive<'a>() -> Passive<'a> {
    // SAFETY: threads enter a machine at PASSIVE_LEVEL; a test that raises the level keeps its
    // token to itself.
    unsafe { Passive::new_unchecked() }
}

/// Text as a string that lives as long as the test.
pub(crate) fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}
