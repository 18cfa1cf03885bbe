//! Being told of threads that come and go.

use std::ptr::null_mut;

use wdm_sys::{DelayedWorkQueue, HANDLE, NTSTATUS, PDEVICE_OBJECT, PDRIVER_OBJECT, PVOID};

use super::{Log, PENDING, ps};
use crate::support::{
    INVALID_PARAMETER, SUCCESS, call, entry, in_kernel, load, machine, object_of, set_unload,
};

/// What a routine is told, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Told {
    process: usize,
    thread: usize,
    created: bool,
    /// The current process and thread.
    on: (usize, usize),
    /// The exit status of the thread that it is told of.
    status: NTSTATUS,
    terminating: bool,
}

/// Defines a routine that notes what it is told in a log of its own.
macro_rules! logs {
    ($routine:ident $log:ident) => {
        static $log: Log<Told> = Log::new();

        unsafe extern "system" fn $routine(process: HANDLE, thread: HANDLE, created: u8) {
            $log.push(told(process, thread, created));
        }
    };
}

fn told(process: HANDLE, thread: HANDLE, created: u8) -> Told {
    let mut object: PVOID = null_mut();
    let found = ps!(PsLookupThreadByThreadId(thread, &raw mut object));
    assert_eq!(found, SUCCESS, "the thread can be looked up");
    let told = Told {
        process: process.addr(),
        thread: thread.addr(),
        created: created != 0,
        on: (
            call!(PsGetCurrentProcessId()).addr(),
            call!(PsGetCurrentThreadId()).addr(),
        ),
        status: ps!(PsGetThreadExitStatus(object)),
        terminating: ps!(PsIsThreadTerminating(object)) != 0,
    };
    call!(ObfDereferenceObject(object));
    told
}

impl Told {
    fn created((process, thread): (usize, usize), on: (usize, usize)) -> Self {
        Self {
            process,
            thread,
            created: true,
            on,
            status: PENDING,
            terminating: false,
        }
    }

    fn ended((process, thread): (usize, usize), status: NTSTATUS) -> Self {
        Self {
            process,
            thread,
            created: false,
            on: (process, thread),
            status,
            terminating: true,
        }
    }
}

logs!(notes FROM_MAKERS);

unsafe extern "system" fn removes(_: PDRIVER_OBJECT) {
    assert_eq!(ps!(PsRemoveCreateThreadNotifyRoutine(notes)), SUCCESS);
}

entry! {
    fn watches(driver) {
        set_unload(driver, Some(removes));
        ps!(PsSetCreateThreadNotifyRoutine(notes))
    }
}

#[test]
fn a_routine_runs_on_the_maker_of_a_thread_and_on_one_that_ends() {
    let machine = machine();
    let app = machine.process("app.exe");
    let before = app.enter();
    let driver = load(&machine, "tested", watches).expect("it loads");
    assert_eq!(FROM_MAKERS.take(), [], "loading starts no thread");
    let outer = (app.id(), before.id());
    let other = machine.process("other.exe");
    let thread = other.enter();
    let inner = (other.id(), thread.id());
    assert_eq!(FROM_MAKERS.take(), [Told::created(inner, outer)]);
    drop(thread);
    assert_eq!(FROM_MAKERS.take(), [Told::ended(inner, 0)]);
    drop(before);
    assert_eq!(FROM_MAKERS.take(), [Told::ended(outer, 0)]);
    let first = app.enter();
    let told = FROM_MAKERS.take();
    let [Told { on: maker, .. }] = told[..] else {
        panic!("told once: {told:?}");
    };
    assert_eq!(maker.0, 4, "a host thread that is in no process");
    assert_eq!(told, [Told::created((app.id(), first.id()), maker)]);
    machine.unload(driver).expect("it unloads");
    drop(first);
    assert_eq!(FROM_MAKERS.take(), []);
    assert_eq!(machine.report().findings, []);
}

logs!(notes_itself FROM_NEW_ONES);

entry! {
    fn watches_from_new_ones(_driver) {
        for (kind, wanted) in [(2, INVALID_PARAMETER), (-1, INVALID_PARAMETER), (0, SUCCESS)] {
            let status = ps!(PsSetCreateThreadNotifyRoutineEx(kind, notes_itself));
            assert_eq!(status, wanted, "type {kind}");
        }
        SUCCESS
    }
}

#[test]
fn a_routine_for_threads_of_programs_runs_on_them() {
    let machine = machine();
    let _driver = load(&machine, "tested", watches_from_new_ones).expect("it loads");
    let app = machine.process("app.exe");
    let outer = app.enter();
    FROM_NEW_ONES.take();
    let thread = app.enter();
    let new = (app.id(), thread.id());
    assert_eq!(FROM_NEW_ONES.take(), [Told::created(new, new)]);
    drop(thread);
    assert_eq!(FROM_NEW_ONES.take(), [Told::ended(new, 0)]);
    in_kernel(&machine, || join(start(returns)));
    assert_eq!(FROM_NEW_ONES.take(), [], "they are system threads");
    drop(outer);
}

logs!(notes_all FROM_SUBSYSTEMS);

entry! {
    fn watches_all(_driver) {
        ps!(PsSetCreateThreadNotifyRoutineEx(1, notes_all))
    }
}

#[test]
fn a_routine_for_all_subsystems_runs_on_makers() {
    let machine = machine();
    let _driver = load(&machine, "tested", watches_all).expect("it loads");
    let app = machine.process("app.exe");
    let system = machine.system_process().enter();
    FROM_SUBSYSTEMS.take();
    let thread = app.enter();
    let (new, maker) = ((app.id(), thread.id()), (4, system.id()));
    assert_eq!(FROM_SUBSYSTEMS.take(), [Told::created(new, maker)]);
}

unsafe extern "system" fn returns(_: PVOID) {}

unsafe extern "system" fn terminates(_: PVOID) {
    RUN_OF_DRIVERS.push(());
    call!(PsTerminateSystemThread(5));
}

fn start(routine: unsafe extern "system" fn(PVOID)) -> HANDLE {
    let mut handle = null_mut();
    let status = call!(PsCreateSystemThread(
        &raw mut handle,
        0,
        null_mut(),
        null_mut(),
        null_mut(),
        Some(routine),
        null_mut()
    ));
    assert_eq!(status, SUCCESS);
    handle
}

/// Waits for a thread, closes its handle and gives its exit status.
fn join(handle: HANDLE) -> NTSTATUS {
    let thread = object_of(handle);
    assert_eq!(crate::dispatcher::wait(thread, None), SUCCESS);
    let status = ps!(PsGetThreadExitStatus(thread));
    assert_eq!(ps!(PsIsThreadTerminating(thread)), 1);
    call!(ObfDereferenceObject(thread));
    assert_eq!(call!(ZwClose(handle)), SUCCESS);
    status
}

static OF_DRIVERS: Log<Told> = Log::new();
/// How often a driver's thread had run when a routine was called.
static RUNS: Log<usize> = Log::new();
static RUN_OF_DRIVERS: Log<()> = Log::new();

unsafe extern "system" fn notes_order(process: HANDLE, thread: HANDLE, created: u8) {
    RUNS.push(RUN_OF_DRIVERS.take().len());
    OF_DRIVERS.push(told(process, thread, created));
}

entry! {
    fn watches_drivers(_driver) {
        ps!(PsSetCreateThreadNotifyRoutine(notes_order))
    }
}

#[test]
fn drivers_are_told_of_a_drivers_thread_before_it_runs() {
    let machine = machine();
    let _driver = load(&machine, "tested", watches_drivers).expect("it loads");
    let guard = machine.system_process().enter();
    OF_DRIVERS.take();
    RUNS.take();
    assert_eq!(join(start(terminates)), 5);
    let told = OF_DRIVERS.take();
    let new = (4, told.first().expect("it is told").thread);
    let wanted = [Told::created(new, (4, guard.id())), Told::ended(new, 5)];
    assert_eq!(told, wanted);
    assert_eq!(RUNS.take(), [0, 1]);
    assert_eq!(join(start(returns)), 0);
    assert_eq!(OF_DRIVERS.take().len(), 2);
}

logs!(notes_kernels_own OF_THE_KERNEL);

entry! {
    fn watches_the_kernel(_driver) {
        ps!(PsSetCreateThreadNotifyRoutine(notes_kernels_own))
    }
}

unsafe extern "system" fn frees(_: PDEVICE_OBJECT, item: PVOID) {
    WORK.push("work item");
    call!(IoFreeWorkItem(item.cast()));
}

unsafe extern "system" fn is_deferred(_: PVOID, _: PVOID, _: PVOID, _: PVOID) {
    WORK.push("deferred call");
}

static WORK: Log<&str> = Log::new();

entry! {
    fn has_work_done(_driver) {
        let item = call!(IoAllocateWorkItem(null_mut()));
        call!(IoQueueWorkItem(item, Some(frees), DelayedWorkQueue, item.cast()));
        let mut memory = [0_u128; 4];
        let dpc: PVOID = memory.as_mut_ptr().cast();
        ps!(KeInitializeDpc(dpc, is_deferred as *const () as PVOID, null_mut()));
        ps!(KeInsertQueueDpc(dpc, null_mut(), null_mut()));
        ps!(KeFlushQueuedDpcs());
        SUCCESS
    }
}

#[test]
fn drivers_are_not_told_of_the_kernels_own_threads() {
    let machine = machine();
    let _driver = load(&machine, "tested", watches_the_kernel).expect("it loads");
    let other = load(&machine, "other", has_work_done).expect("it loads");
    machine.unload(other).expect("it unloads");
    assert_eq!(WORK.take().len(), 2);
    machine.process("app.exe").exit();
    machine.shut_down();
    machine.notify_system_callback(wdm_sim::SystemCallback::SetSystemTime, 0, 0);
    assert_eq!(OF_THE_KERNEL.take(), []);
    drop(machine.system_process().enter());
    assert_eq!(OF_THE_KERNEL.take().len(), 2, "others they are told of");
}
