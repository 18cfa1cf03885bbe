//! Threads, processes, and what happens outside of a machine.

use std::process::Command;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};

use wdm_sim::{Machine, Rule};
use wdm_sys::{HANDLE, PVOID};

use crate::dispatcher::wait;
use crate::support::{
    SUCCESS, call, entry, findings_of, in_kernel, load, machine, object_of, only,
};

#[test]
fn ids_are_those_of_the_thread_that_runs() {
    let machine = machine();
    let app = machine.process("app.exe");
    let outer = app.enter();
    let ids = || {
        (
            call!(PsGetCurrentProcessId()).addr(),
            call!(PsGetCurrentThreadId()).addr(),
        )
    };
    assert_eq!(ids(), (app.id(), outer.id()));
    assert_eq!((app.id() % 4, outer.id() % 4), (0, 0));
    assert_eq!(call!(ExGetPreviousMode()), 1, "user mode");
    {
        let inner = machine.system_process().enter();
        assert_eq!(ids(), (4, inner.id()));
        assert_ne!(inner.id(), outer.id());
        assert_eq!(call!(ExGetPreviousMode()), 0, "kernel mode");
    }
    assert_eq!(ids(), (app.id(), outer.id()));
}

#[test]
fn guards_can_be_dropped_in_any_order() {
    let machine = machine();
    let (one, two) = (machine.process("one.exe"), machine.process("two.exe"));
    let outer = one.enter();
    let inner = two.enter();
    drop(outer);
    assert_eq!(call!(PsGetCurrentProcessId()).addr(), two.id());
    drop(inner);
    let again = one.enter();
    assert_eq!(call!(PsGetCurrentThreadId()).addr(), again.id());
}

static STARTED_IN: AtomicUsize = AtomicUsize::new(0);

unsafe extern "system" fn notes_where_it_runs(context: PVOID) {
    assert_eq!(context.addr(), 42);
    STARTED_IN.store(call!(PsGetCurrentProcessId()).addr(), Ordering::Release);
}

fn start(routine: wdm_sys::PKSTART_ROUTINE, context: usize) -> HANDLE {
    let mut handle = null_mut();
    let status = call!(PsCreateSystemThread(
        &raw mut handle,
        0,
        null_mut(),
        null_mut(),
        null_mut(),
        routine,
        std::ptr::without_provenance_mut(context)
    ));
    assert_eq!(status, SUCCESS);
    handle
}

/// Waits for a thread and closes its handle.
fn join(handle: HANDLE) {
    let thread = object_of(handle);
    assert_eq!(wait(thread, None), SUCCESS);
    call!(ObfDereferenceObject(thread));
    assert_eq!(call!(ZwClose(handle)), SUCCESS);
}

entry! {
    fn starts_a_thread(_driver) {
        join(start(Some(notes_where_it_runs), 42));
        SUCCESS
    }
}

#[test]
fn a_system_thread_runs_in_the_system_process() {
    let findings = findings_of(starts_a_thread);
    assert!(findings.is_empty(), "{findings:#?}");
    assert_eq!(STARTED_IN.load(Ordering::Acquire), 4);
}

unsafe extern "system" fn terminates(_: PVOID) {
    call!(PsTerminateSystemThread(SUCCESS));
    unreachable!("the routine does not return");
}

#[test]
fn a_system_thread_can_terminate_itself() {
    let machine = machine();
    in_kernel(&machine, || join(start(Some(terminates), 0)));
    assert!(machine.report().findings.is_empty());
}

#[test]
fn terminating_another_thread_is_found() {
    let machine = machine();
    in_kernel(&machine, || {
        assert_ne!(call!(PsTerminateSystemThread(SUCCESS)), SUCCESS)
    });
    only(
        &machine.report().findings,
        Rule::Thread,
        "PsTerminateSystemThread",
    );
}

unsafe extern "system" fn waits_for_the_event(event: PVOID) {
    assert_eq!(wait(event, None), SUCCESS);
}

static STAY: Event = Event(std::cell::UnsafeCell::new([0; 4]));

/// An event in static memory, so that the thread that waits for it outlives its driver safely.
struct Event(std::cell::UnsafeCell<[u64; 4]>);

// SAFETY: the kernel's routines order all accesses.
unsafe impl Sync for Event {}

entry! {
    fn leaves_a_thread(_driver) {
        let event = STAY.0.get().cast();
        call!(KeInitializeEvent(event, wdm_sys::NotificationEvent, 0));
        let handle = start(Some(waits_for_the_event), event.addr());
        call!(ZwClose(handle))
    }
}

#[test]
fn a_thread_that_outlives_its_driver_is_found() {
    // A thread's context is an address, which the kernel hands on as it is.
    STAY.0.get().expose_provenance();
    let machine = machine();
    let driver = load(&machine, "tested", leaves_a_thread).expect("it loads");
    machine.unload(driver).expect("it unloads");
    in_kernel(&machine, || call!(KeSetEvent(STAY.0.get().cast(), 0, 0)));
    only(&machine.report().findings, Rule::Thread, "DriverUnload");
}

/// Runs one of the tests below, which are ignored because they end the process; gives what it wrote to the
/// standard error.
pub(crate) fn run_ending(test: &str) -> String {
    let program = std::env::current_exe().expect("the test has a file");
    let output = Command::new(program)
        .args([
            "--exact",
            test,
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .output()
        .expect("the test's file runs");
    assert!(!output.status.success(), "the process was to end");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
#[ignore = "ends the process"]
fn ending_outside_a_machine() {
    call!(ZwClose(null_mut()));
}

#[test]
fn a_thread_that_has_entered_no_machine_is_told_so() {
    let stderr = run_ending("threads::ending_outside_a_machine");
    let expected = "wdm-sim: ZwClose called on a thread that has not entered a simulated machine: \
                    call Process::enter first\n";
    assert_eq!(stderr, expected);
}

#[test]
#[ignore = "ends the process"]
fn ending_with_a_bug_check() {
    let machine = Machine::builder()
        .on_bug_check(|bug_check| {
            eprintln!("hook: {bug_check}");
            std::process::exit(3);
        })
        .build()
        .expect("it builds");
    entry! {
        fn stops(_driver) {
            call!(KeBugCheckEx(0xE2, 1, 2, 3, 4))
        }
    }
    drop(load(&machine, "tested", stops));
}

#[test]
#[ignore = "ends the process"]
fn ending_with_a_bug_check_that_nobody_hears() {
    in_kernel(&machine(), || call!(KeBugCheckEx(0xE2, 1, 2, 3, 4)));
}

#[test]
#[ignore = "ends the process"]
fn ending_with_a_bad_probe() {
    let kernel_address = std::ptr::without_provenance_mut(0xFFFF_8000_0000_0000);
    in_kernel(&machine(), || call!(ProbeForWrite(kernel_address, 8, 8)));
}

#[test]
fn a_bug_check_is_one_line() {
    let line = "bug check 0x000000E2 (0x1, 0x2, 0x3, 0x4) at KeBugCheckEx";
    let stderr = run_ending("threads::ending_with_a_bug_check");
    assert_eq!(stderr, format!("hook: {line} by tested\n"));
    let stderr = run_ending("threads::ending_with_a_bug_check_that_nobody_hears");
    assert_eq!(stderr, format!("wdm-sim: {line}\n"));
    let stderr = run_ending("threads::ending_with_a_bad_probe");
    assert!(
        stderr.starts_with("wdm-sim: bug check 0x0000001E (0xC0000005, "),
        "{stderr}"
    );
    assert!(
        stderr.contains("ProbeForWrite") && stderr.lines().count() == 1,
        "{stderr}"
    );
}
