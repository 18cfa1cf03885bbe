//! Being told of processes that come and go.

use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use wdm_sim::{Rule, Status};
use wdm_sys::{HANDLE, NTSTATUS, PDRIVER_OBJECT, PVOID, UNICODE_STRING};

use crate::processes::text_of;
use crate::support::{
    ACCESS_DENIED, INVALID_PARAMETER, SUCCESS, entry, findings_of, load, machine, only, set_unload,
};

unsafe extern "system" {
    fn PsGetProcessId(process: PVOID) -> HANDLE;
    fn PsSetCreateProcessNotifyRoutine(
        routine: unsafe extern "system" fn(HANDLE, HANDLE, u8),
        remove: u8,
    ) -> NTSTATUS;
    fn PsSetCreateProcessNotifyRoutineEx(
        routine: unsafe extern "system" fn(PVOID, HANDLE, *mut CreateInfo),
        remove: u8,
    ) -> NTSTATUS;
}

/// Calls a routine that `wdm-sys` does not declare.
macro_rules! ps {
    ($routine:ident($($argument:expr),* $(,)?)) => {{
        // SAFETY: the addresses are those of routines, or ones that the kernel gave.
        unsafe { $routine($($argument),*) }
    }};
}

/// `PS_CREATE_NOTIFY_INFO`.
#[repr(C)]
struct CreateInfo {
    size: usize,
    flags: u32,
    parent: HANDLE,
    creator: [HANDLE; 2],
    file: PVOID,
    image: *const UNICODE_STRING,
    command_line: *const UNICODE_STRING,
    status: NTSTATUS,
}

static CREATED: AtomicUsize = AtomicUsize::new(0);
static ENDED: AtomicUsize = AtomicUsize::new(0);
static PARENT: AtomicUsize = AtomicUsize::new(0);

unsafe extern "system" fn counts(parent: HANDLE, process: HANDLE, create: u8) {
    let place = if create != 0 { &CREATED } else { &ENDED };
    place.store(process.addr(), Ordering::Release);
    PARENT.store(parent.addr(), Ordering::Release);
}

static REFUSAL: AtomicI32 = AtomicI32::new(0);

/// Refuses a program by its name.
unsafe extern "system" fn refuses(process: PVOID, number: HANDLE, info: *mut CreateInfo) {
    assert_eq!(ps!(PsGetProcessId(process)), number);
    // SAFETY: the kernel gave the structure, or null.
    let Some(info) = (unsafe { info.as_mut() }) else {
        return;
    };
    assert_eq!(info.size, size_of::<CreateInfo>());
    if text_of(info.image).ends_with(r"\bad.exe") {
        info.status = REFUSAL.load(Ordering::Acquire);
    }
}

unsafe extern "system" fn removes_both(_: PDRIVER_OBJECT) {
    assert_eq!(ps!(PsSetCreateProcessNotifyRoutine(counts, 1)), SUCCESS);
    assert_eq!(ps!(PsSetCreateProcessNotifyRoutineEx(refuses, 1)), SUCCESS);
}

entry! {
    fn watches(driver) {
        set_unload(driver, Some(removes_both));
        assert_eq!(ps!(PsSetCreateProcessNotifyRoutine(counts, 0)), SUCCESS);
        assert_eq!(ps!(PsSetCreateProcessNotifyRoutine(counts, 0)), INVALID_PARAMETER);
        ps!(PsSetCreateProcessNotifyRoutineEx(refuses, 0))
    }
}

#[test]
fn drivers_are_told_of_processes_and_refuse_them() {
    let machine = machine();
    let driver = load(&machine, "tested", watches).expect("it loads");
    let app = machine.process("app.exe");
    let number = app.id();
    assert_eq!(CREATED.load(Ordering::Acquire), number);
    assert_eq!(PARENT.load(Ordering::Acquire), 4);
    let thread = app.enter();
    let child = machine.process("child.exe");
    assert_eq!(PARENT.load(Ordering::Acquire), number);
    child.exit();
    REFUSAL.store(ACCESS_DENIED, Ordering::Release);
    let refused = machine.start_process("bad.exe").expect_err("it is refused");
    assert_eq!(refused, Status(ACCESS_DENIED));
    machine.start_process("good.exe").expect("it starts").exit();
    drop(thread);
    app.exit();
    assert_eq!(ENDED.load(Ordering::Acquire), number);
    machine.unload(driver).expect("it unloads");
    let later = machine.process("later.exe");
    assert_ne!(CREATED.load(Ordering::Acquire), later.id());
    assert_eq!(machine.report().findings, []);
}

entry! {
    fn stays_registered(_driver) {
        ps!(PsSetCreateProcessNotifyRoutine(counts, 0))
    }
}

#[test]
fn a_notify_routine_that_is_left_behind_is_found() {
    only(
        &findings_of(stays_registered),
        Rule::ProcessNotify,
        "DriverUnload",
    );
}
