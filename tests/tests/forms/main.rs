//! The linked and the `.sys` form of a driver: one script through both gives one trace.
//!
//! The `.sys` form is looked for in the folder that `WDM_DRIVERS` names; `cargo xtask test` builds
//! it there. Without it a second run of the linked form stands for it, and the test says so.

use std::path::PathBuf;

use wdm_sim::script::Script;
use wdm_sim::{LinkedEntry, Machine};

/// A form of a driver.
#[derive(Debug)]
enum Form {
    Linked(LinkedEntry),
    Sys(PathBuf),
}

/// The forms in which a driver can be had here.
fn forms(name: &str, entry: LinkedEntry) -> [Form; 2] {
    let file = std::env::var_os("WDM_DRIVERS")
        .map(|folder| PathBuf::from(folder).join(format!("{name}.sys")))
        .filter(|file| file.is_file());
    let other = file.map_or_else(
        || {
            eprintln!("no {name}.sys (WDM_DRIVERS): the linked form is run twice");
            Form::Linked(entry)
        },
        Form::Sys,
    );
    [Form::Linked(entry), other]
}

/// What happens while a driver is loaded, a script is run, and the driver is unloaded.
fn story(name: &str, form: &Form, text: &str) -> Vec<String> {
    let script = Script::parse(text);
    let script = script.unwrap_or_else(|errors| panic!("{errors:?}"));
    let machine = Machine::builder().trace(true).build();
    let machine = machine.expect("the demonstration hive mounts");
    machine.install(name, &[]).expect("it installs");
    let driver = match form {
        // SAFETY: a driver in safe Rust.
        Form::Linked(entry) => unsafe { machine.load_linked(name, *entry) },
        // SAFETY: as above.
        Form::Sys(file) => unsafe { machine.load_sys(file) },
    };
    let driver = driver.expect("it loads");
    let mut lines = 0;
    script.run(&machine, |record| {
        assert!(record.is_expected(), "{form:?}, line {record}");
        lines += 1;
    });
    assert!(lines > 0, "the script does something");
    machine.unload(driver).expect("it has an unload routine");
    let trace = machine.trace();
    assert_eq!(trace.left_out(), 0, "{form:?}");
    assert!(machine.report().findings.is_empty(), "{form:?}");
    trace.story()
}

/// Runs a script through both forms, and gives what they have in common: everything.
fn same_story(name: &str, entry: LinkedEntry, text: &str) -> Vec<String> {
    let [linked, other] = forms(name, entry).map(|form| story(name, &form, text));
    let differs = linked.iter().zip(&other).position(|(a, b)| a != b);
    if let Some(line) = differs {
        panic!(
            "line {line}: {:?} linked, {:?} else",
            linked[line], other[line]
        );
    }
    assert_eq!(linked.len(), other.len());
    linked
}

fn count(story: &[String], part: &str) -> usize {
    story.iter().filter(|line| line.contains(part)).count()
}

#[test]
fn the_registry_guard_does_the_same_in_both_forms() {
    let text = include_str!("registry_guard.script");
    let story = same_story("registry-guard", registry_guard::driver_entry, text);
    let denied = text.matches("expect ACCESS_DENIED").count();
    let blocked = count(&story, ": block 0xC0000022 STATUS_ACCESS_DENIED");
    assert_eq!(blocked, denied, "{story:#?}");
    for part in [
        "LoadKey",
        "UnloadKey",
        "SaveKey",
        "context set",
        "registered",
    ] {
        assert!(count(&story, part) > 0, "{part} in {story:#?}");
    }
}

#[test]
fn the_key_context_sample_does_the_same_in_both_forms() {
    let text = include_str!("key_context.script");
    let story = same_story("key-context", key_context::driver_entry, text);
    // Those of the driver's own demonstration, and the script's.
    let own = 2;
    let replaced = text.matches(" Replace dword").count();
    assert_eq!(
        count(&story, ": context replaced "),
        own + replaced,
        "{story:#?}"
    );
    assert_eq!(count(&story, ": context set "), own + 3, "{story:#?}");
    assert_eq!(count(&story, "RegNtCallbackObjectContextCleanup"), own + 3);
}
