//! What is the same for all routines: limits, removal, what is left behind (PROCESS-NOTIFY).

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use wdm_sim::{Machine, Profile, Rule};
use wdm_sys::{HANDLE, NTSTATUS, PVOID, UNICODE_STRING};

use super::images::Info;
use super::processes::CreateInfo;
use super::{INSUFFICIENT_RESOURCES, Log, PROCEDURE_NOT_FOUND, ProcessRoutine, ps};
use crate::support::{
    INVALID_PARAMETER, SUCCESS, entry, findings_of, in_kernel, load, machine, only,
};

unsafe extern "system" fn process(_: HANDLE, _: HANDLE, _: u8) {}

unsafe extern "system" fn process_info(_: PVOID, _: HANDLE, _: *mut CreateInfo) {}

unsafe extern "system" fn thread(_: HANDLE, _: HANDLE, _: u8) {}

unsafe extern "system" fn image(_: *const UNICODE_STRING, _: HANDLE, _: *mut Info) {}

/// Registers routines until that fails; gives how many there are then, and the failure.
fn fill(mut register: impl FnMut(usize) -> NTSTATUS) -> (usize, NTSTATUS) {
    let mut count = 0;
    loop {
        match register(count) {
            SUCCESS => count += 1,
            failure => return (count, failure),
        }
    }
}

/// The address of no routine: nothing calls it as long as no process starts.
fn no_routine(number: usize) -> ProcessRoutine {
    let address = std::ptr::without_provenance::<()>(0x1000 + number);
    // SAFETY: such a pointer is not null, and it is not called.
    unsafe { std::mem::transmute::<*const (), ProcessRoutine>(address) }
}

#[test]
fn there_are_as_many_routines_as_the_version_allows() {
    for profile in Profile::ALL {
        let machine = Machine::builder().profile(profile).build();
        let machine = machine.expect("it builds");
        let system = machine.system_process();
        let guard = system.enter();
        let many = if profile == Profile::WinXp { 8 } else { 64 };
        let images = if profile < Profile::Win10 { 8 } else { 64 };
        let filled = fill(|at| ps!(PsSetCreateProcessNotifyRoutine(no_routine(at), 0)));
        assert_eq!(filled, (many, INVALID_PARAMETER), "{profile}");
        let filled = fill(|_| ps!(PsSetLoadImageNotifyRoutine(image)));
        assert_eq!(filled, (images, INSUFFICIENT_RESOURCES), "{profile}");
        let filled = fill(|_| ps!(PsSetCreateThreadNotifyRoutine(thread)));
        assert_eq!(filled, (many, INSUFFICIENT_RESOURCES), "{profile}");
        assert_eq!(ps!(PsRemoveCreateThreadNotifyRoutine(thread)), SUCCESS);
        assert_eq!(ps!(PsSetCreateThreadNotifyRoutine(thread)), SUCCESS, "room");
        drop(guard);
        assert_eq!(machine.report().findings, []);
    }
}

#[test]
fn what_is_not_there_is_not_removed() {
    let machine = machine();
    in_kernel(&machine, || {
        let not_found = PROCEDURE_NOT_FOUND;
        assert_eq!(ps!(PsSetCreateProcessNotifyRoutine(process, 1)), not_found);
        assert_eq!(ps!(PsRemoveCreateThreadNotifyRoutine(thread)), not_found);
        assert_eq!(ps!(PsRemoveLoadImageNotifyRoutine(image)), not_found);
        // Each of the routines for processes removes its own.
        assert_eq!(
            ps!(PsSetCreateProcessNotifyRoutineEx(process_info, 0)),
            SUCCESS
        );
        let by_type = ps!(PsSetCreateProcessNotifyRoutineEx2(0, process_info, 1));
        assert_eq!(by_type, not_found);
        assert_eq!(
            ps!(PsSetCreateProcessNotifyRoutineEx(process_info, 1)),
            SUCCESS
        );
        // One routine removes those for threads, whatever their type.
        assert_eq!(ps!(PsSetCreateThreadNotifyRoutineEx(0, thread)), SUCCESS);
        assert_eq!(ps!(PsRemoveCreateThreadNotifyRoutine(thread)), SUCCESS);
        assert_eq!(ps!(PsRemoveCreateThreadNotifyRoutine(thread)), not_found);
    });
    assert_eq!(machine.report().findings, []);
}

static TWICE: Log<bool> = Log::new();

unsafe extern "system" fn counts(_: HANDLE, _: HANDLE, created: u8) {
    TWICE.push(created != 0);
}

#[test]
fn a_routine_for_threads_can_be_there_twice() {
    let machine = machine();
    let app = machine.process("app.exe");
    let calls = || {
        drop(app.enter());
        TWICE.take().len()
    };
    in_kernel(&machine, || {
        for _ in 0..2 {
            assert_eq!(ps!(PsSetCreateThreadNotifyRoutine(counts)), SUCCESS);
        }
        assert_eq!(calls(), 4);
        assert_eq!(ps!(PsRemoveCreateThreadNotifyRoutine(counts)), SUCCESS);
        assert_eq!(calls(), 2);
        assert_eq!(ps!(PsRemoveCreateThreadNotifyRoutine(counts)), SUCCESS);
        assert_eq!(calls(), 0);
    });
}

/// Removing at APC_LEVEL is allowed, except for the routines of processes.
#[test]
fn routines_are_registered_at_passive_level() {
    unsafe extern "system" {
        fn KfRaiseIrql(level: u8) -> u8;
        fn KeLowerIrql(level: u8);
    }
    let machine = machine();
    in_kernel(&machine, || {
        // SAFETY: the level is higher, and is restored below.
        let before = unsafe { KfRaiseIrql(1) };
        assert_eq!(ps!(PsSetLoadImageNotifyRoutine(image)), SUCCESS);
        assert_eq!(ps!(PsRemoveLoadImageNotifyRoutine(image)), SUCCESS);
        // SAFETY: that is the level from before.
        unsafe { KeLowerIrql(before) };
    });
    let findings = machine.report().findings;
    only(&findings, Rule::Irql, "PsSetLoadImageNotifyRoutine");
}

unsafe extern "system" fn thread_removes_itself(_: HANDLE, _: HANDLE, created: u8) {
    if created != 0 {
        let status = ps!(PsRemoveCreateThreadNotifyRoutine(thread_removes_itself));
        assert_eq!(status, SUCCESS);
    }
}

unsafe extern "system" fn image_removes_itself(_: *const UNICODE_STRING, _: HANDLE, _: *mut Info) {
    let status = ps!(PsRemoveLoadImageNotifyRoutine(image_removes_itself));
    assert_eq!(status, SUCCESS);
}

unsafe extern "system" fn process_removes_itself(_: HANDLE, _: HANDLE, _: u8) {
    let status = ps!(PsSetCreateProcessNotifyRoutine(process_removes_itself, 1));
    assert_eq!(status, SUCCESS);
}

#[test]
fn a_routine_that_removes_itself_is_found() {
    for (register, call) in [
        (
            (|| ps!(PsSetCreateProcessNotifyRoutine(process_removes_itself, 0)))
                as fn() -> NTSTATUS,
            "PsSetCreateProcessNotifyRoutine",
        ),
        (
            || ps!(PsSetCreateThreadNotifyRoutine(thread_removes_itself)),
            "PsRemoveCreateThreadNotifyRoutine",
        ),
        (
            || ps!(PsSetLoadImageNotifyRoutine(image_removes_itself)),
            "PsRemoveLoadImageNotifyRoutine",
        ),
    ] {
        let machine = machine();
        in_kernel(&machine, || assert_eq!(register(), SUCCESS));
        let app = machine.process("app.exe");
        drop(app.enter());
        app.exit();
        only(&machine.report().findings, Rule::ProcessNotify, call);
    }
}

static OF_THE_SECOND: Log<()> = Log::new();

unsafe extern "system" fn removes_the_second(_: HANDLE, _: HANDLE, created: u8) {
    if created != 0 {
        assert_eq!(ps!(PsRemoveCreateThreadNotifyRoutine(is_second)), SUCCESS);
    }
}

unsafe extern "system" fn is_second(_: HANDLE, _: HANDLE, _: u8) {
    OF_THE_SECOND.push(());
}

#[test]
fn a_routine_can_remove_another_one() {
    let machine = machine();
    let app = machine.process("app.exe");
    in_kernel(&machine, || {
        assert_eq!(
            ps!(PsSetCreateThreadNotifyRoutine(removes_the_second)),
            SUCCESS
        );
        assert_eq!(ps!(PsSetCreateThreadNotifyRoutine(is_second)), SUCCESS);
        drop(app.enter());
    });
    assert_eq!(OF_THE_SECOND.take(), [], "it is not called any more");
    assert_eq!(machine.report().findings, []);
}

static RUNS: AtomicBool = AtomicBool::new(false);
static REMOVES: AtomicBool = AtomicBool::new(false);
static RETURNS: AtomicBool = AtomicBool::new(false);

fn wait_for(what: &AtomicBool) {
    while !what.load(SeqCst) {
        std::thread::yield_now();
    }
}

unsafe extern "system" fn takes_its_time(_: HANDLE, _: HANDLE, _: u8) {
    RUNS.store(true, SeqCst);
    wait_for(&REMOVES);
    for _ in 0..1000 {
        std::thread::yield_now();
    }
    RETURNS.store(true, SeqCst);
}

#[test]
fn removing_waits_for_a_routine_that_runs() {
    let machine = machine();
    let app = machine.process("app.exe");
    in_kernel(&machine, || {
        assert_eq!(ps!(PsSetCreateThreadNotifyRoutine(takes_its_time)), SUCCESS);
        std::thread::scope(|scope| {
            scope.spawn(|| drop(app.enter()));
            wait_for(&RUNS);
            REMOVES.store(true, SeqCst);
            let removed = ps!(PsRemoveCreateThreadNotifyRoutine(takes_its_time));
            assert_eq!(removed, SUCCESS);
            assert!(RETURNS.load(SeqCst), "it has returned");
        });
    });
    assert_eq!(machine.report().findings, []);
}

entry! {
    fn leaves_a_thread_routine(_driver) {
        ps!(PsSetCreateThreadNotifyRoutine(thread))
    }
}

entry! {
    fn leaves_an_image_routine(_driver) {
        ps!(PsSetLoadImageNotifyRoutine(image))
    }
}

entry! {
    fn leaves_a_process_routine(_driver) {
        ps!(PsSetCreateProcessNotifyRoutine(process, 0))
    }
}

#[test]
fn what_is_left_behind_is_found_with_its_removal() {
    for (entry, words) in [
        (
            leaves_a_process_routine as wdm_sim::LinkedEntry,
            "1 process-notify",
        ),
        (leaves_a_thread_routine, "PsRemoveCreateThreadNotifyRoutine"),
        (leaves_an_image_routine, "PsRemoveLoadImageNotifyRoutine"),
    ] {
        let findings = findings_of(entry);
        let finding = only(&findings, Rule::ProcessNotify, "DriverUnload");
        assert!(finding.detail.contains(words), "{finding}");
    }
}

static OF_THE_GONE: Log<()> = Log::new();

unsafe extern "system" fn belongs_to_the_gone(_: HANDLE, _: HANDLE, _: u8) {
    OF_THE_GONE.push(());
}

entry! {
    fn goes(_driver) {
        ps!(PsSetCreateThreadNotifyRoutine(belongs_to_the_gone))
    }
}

#[test]
fn a_driver_that_is_gone_is_told_nothing() {
    let machine = machine();
    let driver = load(&machine, "tested", goes).expect("it loads");
    machine.unload(driver).expect("it unloads");
    drop(machine.process("app.exe").enter());
    assert_eq!(OF_THE_GONE.take(), []);
}
