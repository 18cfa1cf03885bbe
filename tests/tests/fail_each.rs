//! The samples, linked and as `.sys`, while each call of the kernel fails once on each path to it.
//!
//! The `.sys` files are looked for in the folder that `WDM_DRIVERS` names; `cargo xtask test` builds them
//! there. Without it these tests run the linked form alone, and say so.

use std::path::PathBuf;

use wdm_sim::{FaultPlan, KeyAccess, LinkedEntry, LoadDriverError, Machine, Setting};

const PROTECTED: &str = r"\Registry\Machine\SYSTEM\ControlSet001\Services\Protected";

/// Runs a driver in each form that can be had until no path is left, and asserts how many there are at
/// least.
fn try_all(name: &str, entry: LinkedEntry, settings: &[(&str, Setting)], least: usize) {
    let folder = std::env::var_os("WDM_DRIVERS").map(PathBuf::from);
    let file = folder.map(|folder| folder.join(format!("{name}.sys")));
    let file = file.filter(|file| file.is_file());
    if file.is_none() {
        eprintln!("no {name}.sys (WDM_DRIVERS): only the linked form is tested");
    }
    let forms = std::iter::once(None).chain(file.map(Some));
    for form in forms {
        let tried = try_form(name, form.as_ref(), entry, settings);
        assert!(tried >= least, "{form:?}: {tried}");
    }
}

fn try_form(
    name: &str,
    file: Option<&PathBuf>,
    entry: LinkedEntry,
    settings: &[(&str, Setting)],
) -> usize {
    let plan = FaultPlan::new();
    while plan.next_run() {
        let machine = Machine::builder()
            .fail_each(&plan)
            .build()
            .expect("it builds");
        let app = machine.process("app");
        let thread = app.enter();
        let before = thread
            .create_key(PROTECTED, KeyAccess::ALL)
            .expect("no driver is there yet");
        machine.install(name, settings).expect("it installs");
        let loaded = match file {
            // SAFETY: a driver in safe Rust.
            Some(file) => unsafe { machine.load_sys(file) },
            // SAFETY: a driver in safe Rust.
            None => unsafe { machine.load_linked(name, entry) },
        };
        match loaded {
            Ok(driver) => {
                // What the driver answers is its own affair.
                for key in [Ok(before), thread.create_key(PROTECTED, KeyAccess::ALL)]
                    .into_iter()
                    .flatten()
                {
                    let _ = key.set_dword("Number", 2);
                    drop(key.create_key("Below", KeyAccess::ALL));
                    let _ = key.rename("Elsewhere");
                }
                machine.unload(driver).expect("it has an unload routine");
            }
            Err(LoadDriverError::Init { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        let report = machine.report();
        assert_eq!(report.findings, [], "{:?}", report.fault);
        let counters = report.counters;
        assert_eq!(
            counters.contexts_set, counters.contexts_released,
            "{:?}",
            report.fault
        );
    }
    plan.faults().len()
}

#[test]
fn the_registry_guard_copes() {
    let paths = vec![PROTECTED.to_owned()];
    let settings = [("ProtectedKeys", Setting::Texts(paths))];
    try_all(
        "registry-guard",
        registry_guard::driver_entry,
        &settings,
        20,
    );
}

#[test]
fn the_key_context_sample_copes() {
    try_all("key-context", key_context::driver_entry, &[], 30);
}
