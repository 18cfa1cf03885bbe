//! Attaching to processes, being told of them, and callbacks for their handles.

use std::ptr::{null_mut, with_exposed_provenance_mut};

use wdm_sim::Status;
use wdm_sys::*;

use crate::cm::Wide;
use crate::subject::{Subject, call, cases};

/// `KAPC_STATE`.
pub(crate) type ApcState = [u64; 6];
type Notify = unsafe extern "system" fn(HANDLE, HANDLE, BOOLEAN);

unsafe extern "system" {
    fn IoGetCurrentProcess() -> PVOID;
    fn KeStackAttachProcess(process: PVOID, state: *mut ApcState);
    pub(crate) fn KeUnstackDetachProcess(state: *mut ApcState);
    fn PsSetCreateProcessNotifyRoutine(routine: Notify, remove: BOOLEAN) -> NTSTATUS;
    fn ObRegisterCallbacks(registration: *const Registration, handle: *mut PVOID) -> NTSTATUS;
    fn ObUnRegisterCallbacks(handle: PVOID);
}

cases! {
    thread_left_attached: Attach at "DriverEntry" = Subject::entry(|_, wrong| {
        let mut state = ApcState::default();
        attach(&mut state);
        if !wrong {
            call!(KeUnstackDetachProcess(&raw mut state));
        }
    });

    detach_without_an_attach: Attach at "KeUnstackDetachProcess" = Subject::entry(|_, wrong| {
        let mut state = ApcState::default();
        if !wrong {
            attach(&mut state);
        }
        call!(KeUnstackDetachProcess(&raw mut state));
    });

    detach_by_another_routine: Attach at "KeUnstackDetachProcess" = Subject {
        entry: |_, wrong| {
            let mut state = ApcState::default();
            attach(&mut state);
            *STATE.lock().unwrap() = wrong.then_some(state);
            drop(crate::cm::KernelKey::open(crate::cm::SYSTEM).unwrap());
            call!(KeUnstackDetachProcess(&raw mut state));
        },
        ..Subject::callback(|_, _| {
            if let Some(mut state) = STATE.lock().unwrap().take() {
                call!(KeUnstackDetachProcess(&raw mut state));
            }
            Status::SUCCESS
        })
    };

    notify_routine_left_behind: ProcessNotify at "DriverUnload" = Subject {
        entry: |_, _| notify(keep, 0),
        unload: |_, wrong| {
            if !wrong {
                notify(keep, 1);
            }
        },
        ..Subject::IDLE
    };

    notify_routine_that_removes_itself: ProcessNotify at "PsSetCreateProcessNotifyRoutine" = Subject {
        entry: |_, wrong| notify(if wrong { remove } else { keep }, 0),
        during: |machine| machine.process("app.exe").exit(),
        unload: |_, wrong| {
            if !wrong {
                notify(keep, 1);
            }
        },
        ..Subject::IDLE
    };

    callbacks_left_behind: ObjectCallbacks at "DriverUnload" = Subject::entry(|_, wrong| {
        let registration = register();
        if !wrong {
            call!(ObUnRegisterCallbacks(registration));
        }
    });

    callbacks_unregistered_twice: ObjectCallbacks at "ObUnRegisterCallbacks" = Subject::entry(
        |_, wrong| {
            let registration = register();
            for _ in 0..1 + usize::from(wrong) {
                call!(ObUnRegisterCallbacks(registration));
            }
        },
    );
}

/// What undoes an attach, for another routine than the one that attached.
static STATE: std::sync::Mutex<Option<ApcState>> = std::sync::Mutex::new(None);

/// Attaches the thread to the process that it is in.
pub(crate) fn attach(state: &mut ApcState) {
    let process = call!(IoGetCurrentProcess());
    call!(KeStackAttachProcess(process, state));
}

/// Registers a routine that is told of processes, or removes it.
fn notify(routine: Notify, removes: BOOLEAN) {
    let status = call!(PsSetCreateProcessNotifyRoutine(routine, removes));
    assert_eq!(Status(status), Status::SUCCESS);
}

unsafe extern "system" fn keep(_: HANDLE, _: HANDLE, _: BOOLEAN) {}

unsafe extern "system" fn remove(_: HANDLE, _: HANDLE, created: BOOLEAN) {
    if created != 0 {
        notify(remove, 1);
    }
}

/// `OB_CALLBACK_REGISTRATION`.
#[repr(C)]
struct Registration {
    version: u16,
    count: u16,
    altitude: UNICODE_STRING,
    context: PVOID,
    operations: *const Operation,
}

/// `OB_OPERATION_REGISTRATION`.
#[repr(C)]
struct Operation {
    object_type: PVOID,
    operations: u32,
    before: PVOID,
    after: PVOID,
}

unsafe extern "system" fn before(_: PVOID, _: PVOID) -> i32 {
    0
}

/// Registers a callback for handles to processes.
fn register() -> PVOID {
    let mut name = Wide::new("PsProcessType");
    let object_type = call!(MmGetSystemRoutineAddress(name.as_ptr()));
    let routine = before as *const ();
    let operation = Operation {
        object_type,
        operations: 1,
        before: with_exposed_provenance_mut(routine.expose_provenance()),
        after: null_mut(),
    };
    let mut altitude = Wide::new("380010");
    let registration = Registration {
        version: 0x100,
        count: 1,
        // SAFETY: the text's string lives as long as the text.
        altitude: unsafe { altitude.as_ptr().read() },
        context: null_mut(),
        operations: &raw const operation,
    };
    let mut handle = null_mut();
    let status = call!(ObRegisterCallbacks(
        &raw const registration,
        &raw mut handle
    ));
    assert_eq!(Status(status), Status::SUCCESS);
    handle
}
