//! `wdm-sim run --trace --report`.

use std::path::Path;
use std::process::{Command, Output};

use crate::chrome::check;
use crate::fixture::Driver;

/// Sets an unload routine that does nothing, and returns `STATUS_SUCCESS`.
const WELL_BEHAVED: &[u8] = &[
    0x48, 0x8D, 0x05, 0x07, 0, 0, 0, // lea rax, [rip + 7]: behind the first ret
    0x48, 0x89, 0x41, 0x68, // mov [rcx + 68h], rax: DriverObject->DriverUnload
    0x31, 0xC0, // xor eax, eax
    0xC3, // ret
    0xC3, // ret
];

/// `mov eax, STATUS_UNSUCCESSFUL; ret`
const FAILS: &[u8] = &[0xB8, 0x01, 0x00, 0x00, 0xC0, 0xC3];

/// `mov rax, [10h]`
const FAULTS: &[u8] = &[0x48, 0x8B, 0x04, 0x25, 0x10, 0, 0, 0];

/// Runs a driver in a folder, with more arguments.
fn run(folder: &Path, code: &[u8], more: &[&str]) -> Output {
    std::fs::write(folder.join("tested.sys"), Driver::new(code).build()).expect("it is written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wdm-sim"));
    let output = command
        .current_dir(folder)
        .args(["run", "tested.sys"])
        .args(more)
        .output();
    output.expect("the command runs")
}

/// The trace's events, and the page.
fn files(code: &[u8], good: bool) -> (Vec<serde_json::Value>, String) {
    let folder = tempfile::tempdir().expect("there is room for files");
    let more = ["--trace", "run.json", "--report", "run.html"];
    let output = run(folder.path(), code, &more);
    assert_eq!(output.status.success(), good, "{output:?}");
    let read = |name| std::fs::read(folder.path().join(name)).expect("it was written");
    let (_, events) = check(&read("run.json"));
    let page = String::from_utf8(read("run.html")).expect("pages are UTF-8");
    assert!(page.ends_with("</html>\n"), "the page is whole");
    (events, page)
}

fn named<'e>(events: &'e [serde_json::Value], name: &str) -> &'e serde_json::Value {
    let found = events.iter().find(|event| event["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}: {events:#?}"))
}

#[test]
fn both_files_tell_of_the_run() {
    let (events, page) = files(WELL_BEHAVED, true);
    assert_eq!(named(&events, "DriverEntry")["args"]["driver"], "tested");
    named(&events, "DriverUnload");
    named(&events, "CreateKey");
    assert!(page.contains("DriverUnload of tested"));
}

#[test]
fn a_machine_that_stopped_has_a_trace() {
    let (events, page) = files(FAULTS, false);
    assert_eq!(named(&events, "DriverEntry")["args"]["unfinished"], true);
    let finding = named(&events, "finding BUG-CHECK");
    let text = finding["args"]["text"].as_str().expect("text");
    assert!(text.contains("bug check 0x0000007E"), "{text}");
    assert!(page.contains("BUG-CHECK"));
}

#[test]
fn a_driver_that_does_not_load_has_a_trace() {
    let (events, _) = files(FAILS, false);
    let result = &named(&events, "DriverEntry")["args"]["result"];
    assert_eq!(result, "0xC0000001 STATUS_UNSUCCESSFUL");
}

#[test]
fn no_room_is_one_line() {
    let folder = tempfile::tempdir().expect("there is room for files");
    let more = ["--trace", "run.json", "--trace-limit", "0"];
    let output = run(folder.path(), WELL_BEHAVED, &more);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(
        text.starts_with("wdm-sim: the trace has 2 events and no room for "),
        "{text}"
    );
    assert!(text.contains("raise --trace-limit"), "{text}");
}

#[test]
fn a_file_that_cannot_be_made_is_told_before_the_run() {
    for option in ["--trace", "--report"] {
        let folder = tempfile::tempdir().expect("there is room for files");
        let output = run(folder.path(), WELL_BEHAVED, &[option, "missing/file"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(
            text.starts_with("wdm-sim: missing/file cannot be written"),
            "{text}"
        );
    }
}
