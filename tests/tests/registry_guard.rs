//! The registry-guard sample, linked and as `.sys`: what is protected can be read by all and changed
//! by nobody.
//!
//! The `.sys` form is looked for in the folder that `WDM_DRIVERS` names; `cargo xtask test` builds
//! it there. Without it these tests run the linked form alone, and say so.

use std::path::PathBuf;

use wdm_sim::{KeyAccess, KeyOptions, Machine, Setting, Status, ThreadGuard, UserKey};

const SERVICES: &str = r"\Registry\Machine\SYSTEM\CurrentControlSet\Services";
const PROTECTED: &str = r"\Registry\Machine\SYSTEM\ControlSet001\Services\Protected";
/// The same key, through the link.
const THROUGH_LINK: &str = r"\Registry\Machine\System\CurrentControlSet\Services\PROTECTED";

/// The forms in which the driver can be had here.
fn forms() -> Vec<Option<PathBuf>> {
    let sys = std::env::var_os("WDM_DRIVERS")
        .map(|folder| PathBuf::from(folder).join("registry-guard.sys"))
        .filter(|file| file.is_file());
    if sys.is_none() {
        eprintln!("no registry-guard.sys (WDM_DRIVERS): only the linked form is tested");
    }
    std::iter::once(None).chain(sys.map(Some)).collect()
}

/// Runs a test in each form: keys are made, the driver is loaded, `test` does what it wants, and
/// in the end nothing may be left.
fn with_guard(protected: &[&str], test: impl Fn(&ThreadGuard, &UserKey<'_>)) {
    for form in forms() {
        let machine = Machine::builder()
            .build()
            .expect("the demonstration hive mounts");
        let app = machine.process("app");
        let thread = app.enter();
        let before = thread
            .create_key(PROTECTED, KeyAccess::ALL)
            .expect("nothing is protected");
        before.set_dword("Number", 1).expect("nothing is protected");
        drop(
            before
                .create_key("Below", KeyAccess::ALL)
                .expect("nothing is protected"),
        );
        let paths = protected.iter().map(ToString::to_string).collect();
        let settings = [("ProtectedKeys", Setting::Texts(paths))];
        machine
            .install("registry-guard", &settings)
            .expect("it installs");
        let driver = match &form {
            // SAFETY: a driver in safe Rust.
            Some(file) => unsafe { machine.load_sys(file) },
            // SAFETY: a driver in safe Rust.
            None => unsafe { machine.load_linked("registry-guard", registry_guard::driver_entry) },
        };
        let driver = driver.expect("it loads");
        // `before` was opened before the driver came.
        test(&thread, &before);
        drop(before);
        machine.unload(driver).expect("it has an unload routine");
        let report = machine.report();
        let findings: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
        assert_eq!(findings, Vec::<String>::new(), "{form:?}");
        assert_eq!(
            report.counters.contexts_set, report.counters.contexts_released,
            "{form:?}"
        );
        assert!(report.counters.contexts_set > 0, "{form:?}");
    }
}

/// Tries every kind of change on a key.
fn changes(key: &UserKey<'_>) -> [Result<(), Status>; 7] {
    let descriptor = key.security(4).unwrap_or_default();
    [
        key.set_dword("Number", 2),
        key.delete_value("Number"),
        key.rename("Elsewhere"),
        key.set_security(4, &descriptor),
        key.set_last_write_time(1),
        key.create_key("New", KeyAccess::ALL).map(drop),
        key.delete(),
    ]
}

const DENIED: [Result<(), Status>; 7] = [Err(Status::ACCESS_DENIED); 7];

#[test]
fn no_change_gets_through_by_any_way_to_the_key() {
    with_guard(&[PROTECTED], |thread, before| {
        assert_eq!(changes(before), DENIED, "a handle from before the driver");
        for path in [PROTECTED, THROUGH_LINK] {
            let key = thread
                .open_key(path, KeyAccess::ALL)
                .expect("opening is reading");
            assert_eq!(changes(&key), DENIED, "{path}");
            let below = key
                .open_key("Below", KeyAccess::ALL)
                .expect("opening is reading");
            assert_eq!(changes(&below), DENIED, "{path}, relative");
        }
        let services = thread.open_key(SERVICES, KeyAccess::ALL).expect("it opens");
        let key = services
            .open_key("protected", KeyAccess::ALL)
            .expect("opening is reading");
        assert_eq!(changes(&key), DENIED, "relative to a free key");
        assert_eq!(
            before.query_value("Number").map(|value| value.as_dword()),
            Ok(Some(1))
        );
    });
}

#[test]
fn a_protected_list_written_through_a_link_protects_the_key_itself() {
    with_guard(&[THROUGH_LINK], |_, before| {
        assert_eq!(changes(before), DENIED)
    });
}

#[test]
fn reading_is_for_all_and_so_is_opening_by_create() {
    with_guard(&[PROTECTED], |thread, before| {
        assert_eq!(before.enumerate_key(0).as_deref(), Ok("Below"));
        assert_eq!(before.query().map(|info| info.values), Ok(1));
        let opened = thread.create_key_with(PROTECTED, KeyAccess::ALL, KeyOptions::empty());
        let (_, disposition) = opened.expect("the key exists");
        assert_eq!(disposition, wdm_sim::registry::Disposition::OpenedExisting);
        let new = format!(r"{PROTECTED}\Below\New");
        assert_eq!(
            thread.create_key(&new, KeyAccess::ALL).err(),
            Some(Status::ACCESS_DENIED)
        );
        let new = format!(r"{THROUGH_LINK}\New");
        assert_eq!(
            thread.create_key(&new, KeyAccess::ALL).err(),
            Some(Status::ACCESS_DENIED)
        );
    });
}

#[test]
fn what_is_not_protected_can_be_changed() {
    with_guard(&[PROTECTED], |thread, _| {
        let path = format!(r"{SERVICES}\ProtectedNot");
        let key = thread
            .create_key(&path, KeyAccess::ALL)
            .expect("a free name");
        key.set_dword("Number", 1).expect("a free key");
        let done = changes(&key);
        // It has a subkey by then, so it cannot be deleted: the registry's own rule.
        assert_eq!(done[..6], [Ok(()); 6]);
        assert_eq!(done[6], Err(Status::CANNOT_DELETE));
    });
}

#[test]
fn an_ancestor_keeps_its_name_but_takes_values() {
    with_guard(&[PROTECTED], |thread, _| {
        let path = r"\Registry\Machine\SYSTEM\ControlSet001\Services";
        let key = thread.open_key(path, KeyAccess::ALL).expect("it opens");
        assert_eq!(key.rename("Moved"), Err(Status::ACCESS_DENIED));
        key.set_dword("Number", 1).expect("a free key");
    });
}

#[test]
fn a_name_that_only_starts_alike_is_free() {
    with_guard(
        &[r"\Registry\Machine\SYSTEM\ControlSet001\Services\Protect"],
        |_, before| {
            before
                .set_dword("Number", 3)
                .expect("Protected is not below Protect");
        },
    );
}

#[test]
fn without_a_list_the_driver_protects_its_own_service() {
    for form in forms() {
        let machine = Machine::builder()
            .build()
            .expect("the demonstration hive mounts");
        machine.install("registry-guard", &[]).expect("it installs");
        let driver = match form {
            // SAFETY: a driver in safe Rust.
            Some(file) => unsafe { machine.load_sys(file) },
            // SAFETY: a driver in safe Rust.
            None => unsafe { machine.load_linked("registry-guard", registry_guard::driver_entry) },
        };
        let driver = driver.expect("it loads");
        let app = machine.process("app");
        let thread = app.enter();
        let own = thread.open_key(&format!(r"{SERVICES}\registry-guard"), KeyAccess::ALL);
        assert_eq!(
            own.expect("it opens").set_dword("Start", 4),
            Err(Status::ACCESS_DENIED)
        );
        machine.unload(driver).expect("it has an unload routine");
        let report = machine.report();
        assert!(report.findings.is_empty());
        let denial = report
            .debug_print
            .iter()
            .find(|line| line.contains("denied"));
        let denial = denial.expect("denials are logged");
        assert!(
            denial.contains(&format!("process {}", app.id())),
            "{denial}"
        );
        assert!(denial.contains(r"\REGISTRY\MACHINE\SYSTEM\ControlSet001\Services\registry-guard"));
    }
}
