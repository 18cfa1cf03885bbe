//! Being told of processes, threads and images.

mod images;
mod lists;
mod processes;
mod threads;

use std::sync::{Mutex, PoisonError};

use wdm_sys::{HANDLE, NTSTATUS, PVOID, UNICODE_STRING};

/// `CREATE_THREAD_NOTIFY_ROUTINE`.
type ThreadRoutine = unsafe extern "system" fn(HANDLE, HANDLE, u8);
/// `LOAD_IMAGE_NOTIFY_ROUTINE`.
type ImageRoutine = unsafe extern "system" fn(*const UNICODE_STRING, HANDLE, *mut images::Info);
/// `CREATE_PROCESS_NOTIFY_ROUTINE`.
type ProcessRoutine = unsafe extern "system" fn(HANDLE, HANDLE, u8);
/// `CREATE_PROCESS_NOTIFY_ROUTINE_EX`.
type ProcessInfoRoutine = unsafe extern "system" fn(PVOID, HANDLE, *mut processes::CreateInfo);

unsafe extern "system" {
    fn IoGetCurrentProcess() -> PVOID;
    fn KeAreApcsDisabled() -> u8;
    fn KeFlushQueuedDpcs();
    fn KeInitializeDpc(dpc: PVOID, routine: PVOID, context: PVOID);
    fn KeInsertQueueDpc(dpc: PVOID, first: PVOID, second: PVOID) -> u8;
    fn PsGetProcessCreateTimeQuadPart(process: PVOID) -> i64;
    fn PsGetProcessExitStatus(process: PVOID) -> NTSTATUS;
    fn PsGetProcessId(process: PVOID) -> HANDLE;
    fn PsGetThreadExitStatus(thread: PVOID) -> NTSTATUS;
    fn PsIsThreadTerminating(thread: PVOID) -> u8;
    fn PsLookupThreadByThreadId(id: HANDLE, thread: *mut PVOID) -> NTSTATUS;
    fn PsSetCreateProcessNotifyRoutine(routine: ProcessRoutine, remove: u8) -> NTSTATUS;
    fn PsSetCreateProcessNotifyRoutineEx(routine: ProcessInfoRoutine, remove: u8) -> NTSTATUS;
    fn PsSetCreateProcessNotifyRoutineEx2(
        kind: i32,
        routine: ProcessInfoRoutine,
        remove: u8,
    ) -> NTSTATUS;
    fn PsSetCreateThreadNotifyRoutine(routine: ThreadRoutine) -> NTSTATUS;
    fn PsSetCreateThreadNotifyRoutineEx(kind: i32, routine: ThreadRoutine) -> NTSTATUS;
    fn PsRemoveCreateThreadNotifyRoutine(routine: ThreadRoutine) -> NTSTATUS;
    fn PsSetLoadImageNotifyRoutine(routine: ImageRoutine) -> NTSTATUS;
    fn PsSetLoadImageNotifyRoutineEx(routine: ImageRoutine, flags: usize) -> NTSTATUS;
    fn PsRemoveLoadImageNotifyRoutine(routine: ImageRoutine) -> NTSTATUS;
}

/// Calls a routine that `wdm-sys` does not declare.
macro_rules! ps {
    ($routine:ident($($argument:expr),* $(,)?)) => {{
        // SAFETY: the addresses are those of routines and variables, or ones that the kernel gave.
        unsafe { $crate::notify::$routine($($argument),*) }
    }};
}
use ps;

const PENDING: NTSTATUS = 0x103;
const INVALID_PARAMETER_2: NTSTATUS = 0xC000_00F0_u32 as i32;
const PROCEDURE_NOT_FOUND: NTSTATUS = 0xC000_007A_u32 as i32;
const INSUFFICIENT_RESOURCES: NTSTATUS = 0xC000_009A_u32 as i32;

/// What routines were told, in its order.
struct Log<T>(Mutex<Vec<T>>);

impl<T> Log<T> {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn push(&self, told: T) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(told);
    }

    /// What came since the last time.
    fn take(&self) -> Vec<T> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
