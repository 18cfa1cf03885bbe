//! What types cannot forbid stops the machine with a named bug check, and never goes on.
//!
//! The machine stops by ending its process, so each test runs itself again as another process and
//! looks at what that one says.

use std::process::Command;

use wdm_safe::bug_check::Bug;
use wdm_sim::{KeyAccess, LinkedEntry, Machine};

/// Set in the process that stops.
const INSIDE: &str = "WDM_TEST_INSIDE";

/// Runs the test `name` again, in a process of its own, and gives what that wrote.
fn run_again(name: &str) -> String {
    let this = std::env::current_exe().expect("a test knows its file");
    let mut again = Command::new(this);
    let child = again
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output();
    let child = child.expect("the test runs itself");
    assert!(!child.status.success());
    String::from_utf8_lossy(&child.stderr).into_owned()
}

fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Loads a driver, opens a key and unloads the driver; says so if all that ends.
fn load_use_unload(entry: LinkedEntry) {
    let hook = |bug: &wdm_sim::BugCheck| eprintln!("code {:#010X}", bug.code);
    let machine = Machine::builder()
        .on_bug_check(hook)
        .build()
        .expect("it builds");
    // SAFETY: a driver in safe Rust.
    let driver = unsafe { machine.load_linked("careless", entry) }.expect("it loads");
    let app = machine.process("app");
    drop(app.enter().open_key(r"\Registry\Machine", KeyAccess::READ));
    machine.unload(driver).expect("it has an unload routine");
    eprintln!("the machine went on");
}

/// A callback that finds its own object through a `static`, and drops it.
mod careless {
    use std::convert::Infallible;
    use std::sync::{Mutex, PoisonError};

    use cm_callback::operation::OpenKey;
    use cm_callback::{CallbackObject, Pre, PreOutcome, Registered, RegistryCallback, altitude};
    use wdm_safe::{Driver, Init, Result};

    static OBJECT: Mutex<Option<CallbackObject<Careless, Registered>>> = Mutex::new(None);

    pub(crate) struct Careless;

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
}

#[test]
fn r4_dropping_the_object_inside_its_own_callback_is_a_named_bug_check() {
    if is_inside() {
        return load_use_unload(careless::driver_entry);
    }
    let said = run_again("r4_dropping_the_object_inside_its_own_callback_is_a_named_bug_check");
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
}

/// A driver that forgets its registration.
mod forgetful {
    use std::convert::Infallible;

    use cm_callback::{CallbackObject, RegistryCallback, altitude};
    use wdm_safe::{Driver, Init, Result};

    pub(crate) struct Forgetful;

    impl RegistryCallback for Forgetful {
        type KeyContext = Infallible;
        type CallContext = Infallible;
    }

    impl Driver for Forgetful {
        fn init(init: &Init<'_>) -> Result<Self> {
            let object = CallbackObject::new(Forgetful, altitude!("370000"))?.register(init)?;
            std::mem::forget(object);
            Ok(Self)
        }
    }

    wdm_safe::driver!(Forgetful);
}

#[test]
fn r4_a_registration_that_outlives_its_driver_is_a_named_bug_check() {
    if is_inside() {
        return load_use_unload(forgetful::driver_entry);
    }
    let said = run_again("r4_a_registration_that_outlives_its_driver_is_a_named_bug_check");
    let code = format!("code {:#010X}", Bug::LeftBehind as u32);
    assert!(said.contains(&code), "{said}");
    assert!(!said.contains("went on"), "{said}");
}
