//! The driver in a simulated machine: what it does to a program's operations, by the machine's trace.
//! `docs/trace.md` describes what a trace tells.

use wdm_sim::trace::{PreVerdict, What};
use wdm_sim::{KeyAccess, Machine, Status};

const OWN_KEY: &str = r"\Registry\Machine\SYSTEM\CurrentControlSet\Services\registry-guard";

#[test]
fn a_write_to_the_drivers_own_key_is_blocked_and_told() {
    let machine = Machine::builder().trace(true).build();
    let machine = machine.expect("the demonstration hive mounts");
    machine.install("registry-guard", &[]).expect("it installs");
    // SAFETY: a driver in safe Rust.
    let driver = unsafe { machine.load_linked("registry-guard", registry_guard::driver_entry) };
    let driver = driver.expect("it loads");

    let thread = machine.process("app.exe").enter();
    let key = thread.open_key(OWN_KEY, KeyAccess::ALL);
    let key = key.expect("opening is reading");
    assert_eq!(key.set_dword("Start", 4), Err(Status::ACCESS_DENIED));
    assert!(key.query_value("Start").is_ok(), "reading is for all");
    drop(key);
    machine.unload(driver).expect("it has an unload routine");

    let trace = machine.trace();
    let blocked = |what: &What| match what {
        What::Pre {
            class,
            verdict: Some(PreVerdict::Block(status)),
            ..
        } => Some((*class, *status)),
        _ => None,
    };
    let blocked: Vec<_> = trace
        .events()
        .iter()
        .filter_map(|event| blocked(&event.what))
        .collect();
    assert_eq!(blocked, [("RegNtPreSetValueKey", Status::ACCESS_DENIED)]);

    // The same as text, with what the driver says of it.
    let story = trace.story();
    let set = story.iter().position(|line| line.contains("SetValueKey"));
    let [set, verdict, printed] = &story[set.expect("it was tried")..][..3] else {
        panic!("{story:#?}");
    };
    assert!(set.ends_with(r#"\registry-guard "Start": 0xC0000022 STATUS_ACCESS_DENIED"#));
    assert!(verdict.ends_with("RegNtPreSetValueKey: block 0xC0000022 STATUS_ACCESS_DENIED"));
    assert!(printed.contains("denied setting a value"), "{printed}");
    assert!(machine.report().findings.is_empty());
}
