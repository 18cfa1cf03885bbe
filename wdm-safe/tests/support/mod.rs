//! A driver for tests, whose start is a closure.

use std::any::Any;
use std::cell::RefCell;

use wdm_safe::{Driver, Init, NtError, Result};
use wdm_sim::{LoadDriverError, Machine};

/// What a driver keeps until it is unloaded.
pub(crate) type State = Box<dyn Any + Send + Sync>;
type Start = Box<dyn FnOnce(&Init<'_>) -> Result<State>>;

thread_local! {
    /// The start of the driver that this thread is loading.
    static START: RefCell<Option<Start>> = const { RefCell::new(None) };
}

struct Tested(#[allow(dead_code, reason = "held until the driver goes")] State);

impl Driver for Tested {
    fn init(init: &Init<'_>) -> Result<Self> {
        let start = START.with_borrow_mut(Option::take);
        start.ok_or(NtError::UNSUCCESSFUL)?(init).map(Self)
    }
}

wdm_safe::driver!(Tested);

/// Loads a driver that starts with `start` and keeps its result, runs `during`, and unloads the
/// driver.
pub(crate) fn with_driver(
    machine: &Machine,
    start: impl FnOnce(&Init<'_>) -> Result<State> + 'static,
    during: impl FnOnce(),
) -> std::result::Result<(), LoadDriverError> {
    START.set(Some(Box::new(start)));
    // SAFETY: a driver in safe Rust.
    let driver = unsafe { machine.load_linked("tested", driver_entry) };
    // It is still there if the load has failed before the driver's start.
    START.set(None);
    let driver = driver?;
    during();
    machine.unload(driver).expect("it has an unload routine");
    Ok(())
}

/// A machine.
pub(crate) fn machine() -> Machine {
    Machine::builder().build().expect("it builds")
}

/// Asserts that nothing was found and no memory is left.
pub(crate) fn assert_clean(machine: &Machine) {
    let report = machine.report();
    assert_eq!(report.findings, []);
    let counters = report.counters;
    assert_eq!(counters.pool_allocations, counters.pool_frees);
}
