//! Exceptions in a `.sys` file: what a driver in C does with them, and what becomes of those that it
//! does not take.
//!
//! The cases are those of `drivers/exceptions/c/exceptions.c`. The driver is looked for in the folder
//! that `WDM_DRIVERS` names; `cargo xtask test` builds it there. Without it, and on hosts other than
//! x86_64 Linux, these tests say that they do nothing.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::path::PathBuf;
use std::process::Command;

use wdm_sim::{KeyAccess, Machine, Status};

/// Set in the process that stops.
const INSIDE: &str = "WDM_TEST_INSIDE";
const KEY: &str = r"\Registry\Machine\SYSTEM\Exceptions";

fn driver() -> Option<PathBuf> {
    let folder = std::env::var_os("WDM_DRIVERS");
    let file = folder.map(|folder| PathBuf::from(folder).join("exceptions.sys"));
    let file = file.filter(|file| file.is_file());
    if file.is_none() {
        eprintln!("no exceptions.sys (WDM_DRIVERS): nothing is tested");
    }
    file
}

/// Runs a case on a machine of its own; gives what the driver printed. Nothing may be left behind.
fn run(case: u32) -> Option<Vec<String>> {
    let file = driver()?;
    let machine = Machine::builder().build().expect("it builds");
    // SAFETY: the driver is one of this workspace.
    let driver = unsafe { machine.load_sys(file) }.expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(KEY, KeyAccess::ALL).expect("a free name");
    key.set_dword("Case", case).expect("the case exists");
    // The driver goes on as before.
    assert_eq!(key.set_dword("Case", 1000), Err(Status::INVALID_PARAMETER));
    drop(key);
    machine.unload(driver).expect("it has an unload routine");
    let report = machine.report();
    assert_eq!(report.findings, []);
    let lines = report.debug_print.iter();
    let lines = lines.map(|line| line.strip_prefix("exceptions: ").unwrap_or(line).to_owned());
    Some(lines.collect())
}

/// Tests that print what they must.
macro_rules! prints {
    ($($(#[doc = $doc:literal])* $name:ident = $case:literal: $lines:expr;)*) => {$(
        $(#[doc = $doc])*
        #[test]
        fn $name() {
            if let Some(lines) = run($case) {
                assert_eq!(lines, $lines);
            }
        }
    )*};
}

prints! {
    a_fault_in_a_callee_without_handlers_is_taken_by_the_caller = 0:
        ["try", "filter 0xc0000005", "except 0xc0000005", "after"];
    a_filter_sees_the_address_that_was_written = 1:
        ["parameters 0x2", "access 0x1", "address 0x1238", "at rip", "except"];
    a_filter_sees_the_address_that_was_read = 2:
        ["parameters 0x2", "access 0x0", "address 0x1238", "at rip", "except"];
    a_filter_that_continues_the_search_leaves_it_to_the_outer_one = 3:
        ["inner filter", "outer filter", "inner finally, abnormal", "outer except"];
    a_finally_runs_at_the_end_of_a_block_without_exceptions = 4:
        ["try", "normal"];
    filters_run_before_the_finally_of_any_callee_and_these_from_the_inside_out = 5:
        ["filter", "finally 0x0", "finally 0x1", "finally 0x2", "finally 0x3", "except"];
    a_filter_that_repairs_a_register_continues_execution = 6:
        ["filter", "read 0x4d"];
    a_division_by_zero_is_an_exception = 7:
        ["except 0xc0000094"];
    a_breakpoint_is_an_exception_at_its_instruction = 8:
        ["filter 0x80000003", "at the instruction", "went on"];
    a_raised_status_is_the_code = 9:
        ["except 0xc0000123", "except 0xc0000005"];
    a_raised_exception_can_be_continued = 10:
        ["filter 0xe0000001", "went on"];
    nonvolatile_registers_are_those_of_the_frame_that_takes_the_exception = 11:
        ["except", "changed 0x0"];
    the_stack_is_aligned_in_filters_and_handlers = 12:
        ["filter 0x0", "finally 0x0", "except 0x0"];
    a_fault_in_a_copy_routine_of_the_kernel_is_the_callers = 13:
        ["memcpy 0xc0000005", "memmove 0xc0000005", "memset 0xc0000005", "memcmp 0xc0000005"];
    a_fault_in_a_copy_routine_keeps_nonvolatile_registers = 14:
        ["except", "changed 0x0"];
    n8_probes_raise = 15:
        ["kernel address 0xc0000005", "misaligned 0x80000002", "not there 0xc0000005", "there"];
    a_filter_can_have_an_exception_of_its_own = 16:
        ["fault in the filter taken", "except 0xc0000123"];
    an_exception_in_a_finally_takes_the_place_of_the_one_before = 17:
        ["finally", "second except 0xc0000222"];
    a_frame_whose_size_is_not_fixed_is_unwound = 18:
        ["finally 0x1", "except"];
    a_frame_of_many_pages_is_unwound = 19:
        ["except"];
    a_call_of_null_is_an_exception = 20:
        ["parameters 0x2", "access 0x8", "address 0x0", "at rip", "except"];
    thousands_of_exceptions_leave_nothing_behind = 21:
        ["taken 0x2710"];
}

/// Sets a value that stops the machine, in a process of its own that runs the test `name` again; gives
/// what that wrote.
fn stops(name: &str, value: &str, number: u32) -> Option<String> {
    let file = driver()?;
    if std::env::var_os(INSIDE).is_some() {
        let machine = Machine::builder()
            .on_bug_check(|bug| eprintln!("{bug}"))
            .build()
            .expect("it builds");
        // SAFETY: the driver is one of this workspace.
        let driver = unsafe { machine.load_sys(file) }.expect("it loads");
        let app = machine.process("app");
        let thread = app.enter();
        let key = thread.create_key(KEY, KeyAccess::ALL).expect("a free name");
        let _ = key.set_dword(value, number);
        drop(key);
        let _ = machine.unload(driver);
        eprintln!("the machine went on");
        std::process::exit(0);
    }
    let this = std::env::current_exe().expect("a test knows its file");
    let child = Command::new(this)
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output();
    let child = child.expect("the test runs itself");
    let said = String::from_utf8_lossy(&child.stderr).into_owned();
    assert!(!child.status.success(), "{said}");
    assert!(!said.contains("went on"), "{said}");
    assert!(!said.contains("never said"), "{said}");
    Some(said)
}

/// Asserts that all these are said of a bug check.
fn assert_said(said: &str, expected: &[&str]) {
    for text in expected {
        assert!(said.contains(text), "{text} is missing in: {said}");
    }
}

#[test]
fn r5_a_fault_that_nobody_takes_is_a_bug_check() {
    if let Some(said) = stops("r5_a_fault_that_nobody_takes_is_a_bug_check", "Case", 22) {
        assert_said(
            &said,
            &[
                "bug check 0x00000135 (0xC0000005, ",
                "by exceptions in RegNtPreSetValueKey",
                "access violation (0xC0000005) writing 0x10 at exceptions.sys+0x",
                "no handler of the driver takes it",
            ],
        );
    }
}

#[test]
fn r5_a_fault_in_a_copy_routine_that_nobody_takes_names_the_caller() {
    let name = "r5_a_fault_in_a_copy_routine_that_nobody_takes_names_the_caller";
    if let Some(said) = stops(name, "Case", 23) {
        assert_said(
            &said,
            &[
                "bug check 0x00000135",
                "called by exceptions.sys+0x",
                "in RegNtPreSetValueKey",
            ],
        );
    }
}

#[test]
fn r5_a_raised_status_that_nobody_takes_is_a_bug_check() {
    if let Some(said) = stops(
        "r5_a_raised_status_that_nobody_takes_is_a_bug_check",
        "Case",
        24,
    ) {
        assert_said(
            &said,
            &["bug check 0x00000135 (0xC0000123, ", "exceptions.sys+0x"],
        );
    }
}

#[test]
fn an_exception_that_cannot_be_continued_is_not_continued() {
    if let Some(said) = stops(
        "an_exception_that_cannot_be_continued_is_not_continued",
        "Case",
        25,
    ) {
        assert_said(&said, &["bug check 0x00000135", "cannot be continued"]);
    }
}

#[test]
fn a_filter_that_always_faults_ends_in_a_bug_check() {
    if let Some(said) = stops(
        "a_filter_that_always_faults_ends_in_a_bug_check",
        "Case",
        26,
    ) {
        assert_said(
            &said,
            &["bug check 0x00000135", "deep in the handling of exceptions"],
        );
    }
}

#[test]
fn r4_dropping_the_object_inside_its_own_callback_is_a_named_bug_check() {
    let name = "r4_dropping_the_object_inside_its_own_callback_is_a_named_bug_check";
    if let Some(said) = stops(name, "Careless", 0) {
        let code = wdm_safe::bug_check::Bug::UnregisteredInsideCallback as u32;
        assert_said(&said, &[&format!("bug check 0x{code:08X}")]);
    }
}
