//! Routines that are told of processes, threads and images.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-pssetcreateprocessnotifyroutine>,
//! `nf-ntddk-pssetcreateprocessnotifyroutineex`, `nf-ntddk-pssetcreateprocessnotifyroutineex2`,
//! `nf-ntddk-pssetcreatethreadnotifyroutine`, `nf-ntddk-pssetcreatethreadnotifyroutineex`,
//! `nf-ntddk-psremovecreatethreadnotifyroutine`, `nf-ntddk-pssetloadimagenotifyroutine`,
//! `nf-ntddk-pssetloadimagenotifyroutineex`, `nf-ntddk-psremoveloadimagenotifyroutine`.

use wdm_sys::{BOOLEAN, NTSTATUS, PVOID};

use crate::call::Code;
use crate::exports::{exports, ntstatus};
use crate::machine::{NotifyKind, Thread, current, irql};
use crate::status::Status;

/// `PsCreateProcessNotifySubsystems`.
const PROCESS_SUBSYSTEMS: i32 = 0;
/// `PsCreateThreadNotifyNonSystem`.
const THREAD_NON_SYSTEM: i32 = 0;
/// `PsCreateThreadNotifySubsystems`.
const THREAD_SUBSYSTEMS: i32 = 1;
/// `PS_IMAGE_NOTIFY_CONFLICTING_ARCHITECTURE`: all images here have an architecture that the machine
/// runs, so it changes nothing.
const IMAGE_CONFLICTING_ARCHITECTURE: usize = 1;

exports! {
    /// Adds a routine that is told of processes that come and go, or removes it.
    [undeclared]
    fn PsSetCreateProcessNotifyRoutine(routine: PVOID, remove: BOOLEAN) -> NTSTATUS {
        set_of_process(CALL, routine, NotifyKind::ProcessIds, remove)
    }

    /// Adds a routine that is told of processes with what they are made of and can refuse them, or
    /// removes it.
    [undeclared]
    fn PsSetCreateProcessNotifyRoutineEx(routine: PVOID, remove: BOOLEAN) -> NTSTATUS {
        set_of_process(CALL, routine, NotifyKind::ProcessInfo, remove)
    }

    /// Does that for processes of all subsystems, which is the one type there is.
    [undeclared]
    fn PsSetCreateProcessNotifyRoutineEx2(
        kind: i32,
        information: PVOID,
        remove: BOOLEAN,
    ) -> NTSTATUS {
        match kind {
            PROCESS_SUBSYSTEMS => {
                set_of_process(CALL, information, NotifyKind::ProcessSubsystems, remove)
            }
            _ => Status::INVALID_PARAMETER.0,
        }
    }

    /// Adds a routine that is told of threads that come, by who makes them, and go.
    [undeclared]
    fn PsSetCreateThreadNotifyRoutine(routine: PVOID) -> NTSTATUS {
        add(CALL, routine, NotifyKind::Thread)
    }

    /// Adds a routine that is told of threads: on the new one, unless it is a system thread, or as
    /// [`PsSetCreateThreadNotifyRoutine`] does, those of all subsystems.
    [undeclared]
    fn PsSetCreateThreadNotifyRoutineEx(kind: i32, information: PVOID) -> NTSTATUS {
        match kind {
            THREAD_NON_SYSTEM => add(CALL, information, NotifyKind::ThreadItself),
            THREAD_SUBSYSTEMS => add(CALL, information, NotifyKind::Thread),
            _ => Status::INVALID_PARAMETER.0,
        }
    }

    /// Removes a routine that is told of threads, whichever of the two routines added it.
    [undeclared]
    fn PsRemoveCreateThreadNotifyRoutine(routine: PVOID) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        remove(&thread, CALL, routine, NotifyKind::Thread)
    }

    /// Adds a routine that is told of images that are loaded.
    [undeclared]
    fn PsSetLoadImageNotifyRoutine(routine: PVOID) -> NTSTATUS {
        add(CALL, routine, NotifyKind::Image)
    }

    /// Does that with flags.
    [undeclared]
    fn PsSetLoadImageNotifyRoutineEx(routine: PVOID, flags: usize) -> NTSTATUS {
        match flags & !IMAGE_CONFLICTING_ARCHITECTURE {
            0 => add(CALL, routine, NotifyKind::Image),
            _ => Status::INVALID_PARAMETER_2.0,
        }
    }

    /// Removes a routine that is told of images.
    [undeclared]
    fn PsRemoveLoadImageNotifyRoutine(routine: PVOID) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        remove(&thread, CALL, routine, NotifyKind::Image)
    }
}

fn set_of_process(
    call: &'static str,
    routine: PVOID,
    kind: NotifyKind,
    removes: BOOLEAN,
) -> NTSTATUS {
    let thread = current(call);
    if removes != 0 {
        thread.faults.spare();
        thread.require_irql(irql::PASSIVE_LEVEL, call);
        return remove(&thread, call, routine, kind);
    }
    match thread.kernel().faults.addition_fails(&thread) {
        Some(status) => status.0,
        None => add(call, routine, kind),
    }
}

fn add(call: &'static str, routine: PVOID, kind: NotifyKind) -> NTSTATUS {
    let thread = current(call);
    thread.require_irql(irql::PASSIVE_LEVEL, call);
    if routine.is_null() {
        return Status::INVALID_PARAMETER.0;
    }
    let kernel = thread.kernel();
    let code = code_at(&thread, routine);
    ntstatus(kernel.notify.add(kernel.profile, code, kind))
}

fn remove(thread: &Thread, call: &'static str, routine: PVOID, kind: NotifyKind) -> NTSTATUS {
    let code = code_at(thread, routine);
    ntstatus(thread.kernel().notify.remove(thread, call, code, kind))
}

fn code_at(thread: &Thread, routine: PVOID) -> Code {
    Code {
        address: routine.expose_provenance(),
        caller: thread.caller(),
    }
}
