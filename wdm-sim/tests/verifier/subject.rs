//! A raw driver that makes a mistake, or does not: what the cases consist of.

use std::sync::{Mutex, PoisonError};

use wdm_sim::{Builder, Finding, KeyAccess, Machine, Rule, Status};
use wdm_sys::*;

use crate::cm::{Event, Filter, SYSTEM, register_here};

/// Calls a routine of the kernel as a linked driver does.
macro_rules! call {
    ($routine:ident($($argument:expr),* $(,)?)) => {{
        // SAFETY: the drivers pass what the routine's page asks for; where they do not, the simulator
        // promises to notice instead of following a pointer.
        unsafe { $routine($($argument),*) }
    }};
}
pub(crate) use call;

/// Makes a test of each case, and the list of their rules. A case is its name, its rule, the call that
/// the finding must name, and the driver.
macro_rules! cases {
    ($($(#[$doc:meta])* $name:ident: $rule:ident at $call:literal = $subject:expr;)*) => {
        pub(crate) const RULES: &[wdm_sim::Rule] = &[$(wdm_sim::Rule::$rule),*];
        $(
            $(#[$doc])*
            #[test]
            fn $name() {
                $crate::subject::check(wdm_sim::Rule::$rule, $call, $subject);
            }
        )*
    };
}
pub(crate) use cases;

/// A driver. What it does is told whether it makes the mistake.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    /// How the machine is set up.
    pub(crate) machine: fn(Builder) -> Builder,
    /// What it does in `DriverEntry`, after its callback is registered.
    pub(crate) entry: fn(PDRIVER_OBJECT, bool),
    /// Its registry callback, if it has one.
    pub(crate) callback: Option<fn(&Event<'_>, bool) -> Status>,
    /// What happens while it is loaded.
    pub(crate) during: fn(&Machine),
    /// What it does in `DriverUnload`.
    pub(crate) unload: fn(PDRIVER_OBJECT, bool),
    /// Whether it unregisters its callback, though it makes the mistake.
    pub(crate) unregisters: bool,
}

impl Subject {
    /// A driver that does nothing.
    pub(crate) const IDLE: Self = Self {
        machine: |builder| builder,
        entry: |_, _| {},
        callback: None,
        during: |_| {},
        unload: |_, _| {},
        unregisters: true,
    };

    /// A driver that does something in `DriverEntry` only.
    pub(crate) const fn entry(entry: fn(PDRIVER_OBJECT, bool)) -> Self {
        Self {
            entry,
            ..Self::IDLE
        }
    }

    /// A driver with a callback, while a program uses the registry.
    pub(crate) const fn callback(callback: fn(&Event<'_>, bool) -> Status) -> Self {
        Self {
            callback: Some(callback),
            during: use_registry,
            ..Self::IDLE
        }
    }
}

/// A program creates a key, sets a value, opens a key that is not there, and closes what it has.
fn use_registry(machine: &Machine) {
    let app = machine.process("app.exe");
    let thread = app.enter();
    let missing = thread.open_key(&format!(r"{SYSTEM}\Missing"), KeyAccess::READ);
    assert!(missing.is_err());
    if let Ok(key) = thread.create_key(&format!(r"{SYSTEM}\Subject"), KeyAccess::ALL) {
        let _ = key.set_dword("Number", 1);
    }
}

/// The driver that is loaded, whether it makes its mistake, and its callback.
static LOADED: Mutex<Option<(Subject, bool, Option<Filter>)>> = Mutex::new(None);
/// One test at a time has a driver.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn loaded() -> (Subject, bool) {
    let loaded = LOADED.lock().unwrap();
    let (subject, wrong, _) = loaded.as_ref().unwrap();
    (*subject, *wrong)
}

unsafe extern "system" fn driver_entry(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    // SAFETY: the kernel gave the driver its own object.
    unsafe { (*driver).DriverUnload = Some(driver_unload) };
    let (subject, wrong) = loaded();
    if let Some(callback) = subject.callback {
        let filter = register_here("380010", move |event| callback(event, wrong)).unwrap();
        LOADED.lock().unwrap().as_mut().unwrap().2 = Some(filter);
    }
    (subject.entry)(driver, wrong);
    0
}

unsafe extern "system" fn driver_unload(driver: PDRIVER_OBJECT) {
    let (subject, wrong) = loaded();
    (subject.unload)(driver, wrong);
    let filter = LOADED.lock().unwrap().as_mut().unwrap().2.take();
    if let Some(filter) = filter
        && (subject.unregisters || !wrong)
    {
        let cookie = filter.cookie();
        assert_eq!(crate::cm::unregister(cookie), Status::SUCCESS);
    }
}

/// Runs the driver's life on a machine of its own, and gives what was found. The machine goes on.
pub(crate) fn findings(subject: Subject, wrong: bool) -> Vec<Finding> {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let machine = (subject.machine)(Machine::builder()).build().unwrap();
    *LOADED.lock().unwrap_or_else(PoisonError::into_inner) = Some((subject, wrong, None));
    // SAFETY: the drivers do to memory only what the simulator promises to notice.
    let driver = unsafe { machine.load_linked("subject", driver_entry) }.unwrap();
    (subject.during)(&machine);
    machine.unload(driver).unwrap();
    let app = machine.process("after.exe");
    app.enter().open_key(SYSTEM, KeyAccess::READ).unwrap();
    machine.report().findings
}

/// Checks that the driver breaks just this rule, at this call, and its twin none.
pub(crate) fn check(rule: Rule, call: &str, subject: Subject) {
    let found = findings(subject, true);
    let [finding] = &found[..] else {
        panic!("{rule} is to be found, and nothing else: {found:#?}");
    };
    let named = (finding.rule, finding.call.as_str(), finding.driver.as_str());
    assert_eq!(named, (rule, call, "subject"), "{finding}");
    assert_eq!(finding.to_string().lines().count(), 1, "{finding}");
    assert_eq!(findings(subject, false), [], "the twin");
}
