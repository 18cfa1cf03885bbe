//! R4: a callback object that is dropped inside its own callback stops the machine with a named bug
//! check, and never hangs it.
//!
//! The machine stops by ending its process, so the test runs itself again as another process and
//! looks at what that one says.

use std::convert::Infallible;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use cm_callback::operation::OpenKey;
use cm_callback::{CallbackObject, Pre, PreOutcome, Registered, RegistryCallback, altitude};
use wdm_safe::bug_check::Bug;
use wdm_safe::{Driver, Init, Result};
use wdm_sim::{KeyAccess, Machine};

/// The way around the types: a callback finds its own object through a `static`.
static OBJECT: Mutex<Option<CallbackObject<Careless, Registered>>> = Mutex::new(None);

struct Careless;

impl RegistryCallback for Careless {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn pre_open_key(&self, op: Pre<'_, OpenKey, Self>) -> PreOutcome<OpenKey, Self> {
        drop(OBJECT.lock().unwrap_or_else(PoisonError::into_inner).take());
        op.pass()
    }
}

impl Driver for Careless {
    fn init(init: &Init<'_>) -> Result<Self> {
        let object = CallbackObject::new(Careless, altitude!("370000"))?.register(init)?;
        *OBJECT.lock().unwrap_or_else(PoisonError::into_inner) = Some(object);
        Ok(Self)
    }
}

wdm_safe::driver!(Careless);

const INSIDE: &str = "WDM_TEST_UNREGISTER_INSIDE";

#[test]
fn r4_dropping_the_object_inside_its_own_callback_is_a_named_bug_check() {
    if std::env::var_os(INSIDE).is_some() {
        let hook = |bug: &wdm_sim::BugCheck| eprintln!("code {:#010X}", bug.code);
        let machine = Machine::builder()
            .on_bug_check(hook)
            .build()
            .expect("it builds");
        // SAFETY: a driver in safe Rust.
        let _driver = unsafe { machine.load_linked("careless", driver_entry) }.expect("it loads");
        let app = machine.process("app");
        let _ = app.enter().open_key(r"\Registry\Machine", KeyAccess::READ);
        eprintln!("the machine went on");
        return;
    }
    let this = std::env::current_exe().expect("a test knows its file");
    let name = "r4_dropping_the_object_inside_its_own_callback_is_a_named_bug_check";
    let child = Command::new(this)
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("the test runs itself");
    let said = String::from_utf8_lossy(&child.stderr);
    let code = format!("code {:#010X}", Bug::UnregisteredInsideCallback as u32);
    // Where the host cannot walk its stack by name, the simulated kernel refuses to unregister.
    let refused = format!("code {:#010X}", Bug::NotUnregistered as u32);
    let expected = if cfg!(target_os = "linux") {
        code
    } else {
        refused
    };
    assert!(said.contains(&expected), "{said}");
    assert!(!said.contains("went on"), "{said}");
    assert!(!child.status.success());
}
