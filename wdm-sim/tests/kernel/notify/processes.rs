//! Being told of processes that come and go.

use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use wdm_sim::Status;
use wdm_sys::{HANDLE, NTSTATUS, PDRIVER_OBJECT, PVOID, UNICODE_STRING};

use super::{Log, PENDING, ps};
use crate::processes::text_of;
use crate::support::{ACCESS_DENIED, INVALID_PARAMETER, SUCCESS, entry, load, machine, set_unload};

/// `PS_CREATE_NOTIFY_INFO`.
#[repr(C)]
pub(super) struct CreateInfo {
    size: usize,
    flags: u32,
    parent: HANDLE,
    creator: [HANDLE; 2],
    file: PVOID,
    image: *const UNICODE_STRING,
    command_line: *const UNICODE_STRING,
    status: NTSTATUS,
}

impl CreateInfo {
    pub(super) fn image(&self) -> *const UNICODE_STRING {
        self.image
    }

    pub(super) fn refuse(&mut self, status: NTSTATUS) {
        self.status = status;
    }
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

static BY_TYPE: Log<(usize, bool)> = Log::new();

unsafe extern "system" fn notes_by_type(_: PVOID, number: HANDLE, info: *mut CreateInfo) {
    BY_TYPE.push((number.addr(), !info.is_null()));
}

unsafe extern "system" fn removes_the_one_by_type(_: PDRIVER_OBJECT) {
    let status = ps!(PsSetCreateProcessNotifyRoutineEx2(0, notes_by_type, 1));
    assert_eq!(status, SUCCESS);
}

entry! {
    fn watches_by_type(driver) {
        set_unload(driver, Some(removes_the_one_by_type));
        for (kind, wanted) in [(1, INVALID_PARAMETER), (0, SUCCESS), (0, INVALID_PARAMETER)] {
            let status = ps!(PsSetCreateProcessNotifyRoutineEx2(kind, notes_by_type, 0));
            assert_eq!(status, wanted, "type {kind}");
        }
        SUCCESS
    }
}

#[test]
fn processes_of_all_subsystems_have_a_type_of_their_own() {
    let machine = machine();
    let driver = load(&machine, "tested", watches_by_type).expect("it loads");
    let app = machine.process("app.exe");
    let number = app.id();
    app.exit();
    assert_eq!(BY_TYPE.take(), [(number, true), (number, false)]);
    machine.unload(driver).expect("it unloads");
    machine.process("later.exe").exit();
    assert_eq!(BY_TYPE.take(), []);
    assert_eq!(machine.report().findings, []);
}

/// The exit status that a process has when drivers are told of it, and when it was made.
static STATUS: Log<(NTSTATUS, i64)> = Log::new();

unsafe extern "system" fn notes_the_status(process: PVOID, _: HANDLE, _: *mut CreateInfo) {
    let made = ps!(PsGetProcessCreateTimeQuadPart(process));
    STATUS.push((ps!(PsGetProcessExitStatus(process)), made));
}

entry! {
    fn watches_the_status(_driver) {
        ps!(PsSetCreateProcessNotifyRoutineEx(notes_the_status, 0))
    }
}

#[test]
fn a_process_has_an_exit_status_once_it_ends() {
    let machine = machine();
    let _driver = load(&machine, "tested", watches_the_status).expect("it loads");
    machine.process("app.exe").exit();
    let told = STATUS.take();
    let [(first, made), (last, made_still)] = told[..] else {
        panic!("told twice: {told:?}");
    };
    assert_eq!([first, last], [PENDING, SUCCESS]);
    assert_eq!(made, made_still);
    assert!(made > 0, "it was made after 1601");
}
