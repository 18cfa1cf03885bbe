//! Processes and threads: the current ones, those with an id, and attaching.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-psgetcurrentprocessid>,
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-pslookupprocessbyprocessid>,
//! `nf-ntifs-kestackattachprocess`, `nf-ntifs-iothreadtoprocess`.

use std::ptr::{null_mut, with_exposed_provenance_mut, without_provenance_mut};
use std::sync::Arc;

use wdm_sys::{BOOLEAN, HANDLE, KPROCESSOR_MODE, NTSTATUS, PIRP, PVOID};

use crate::exports::exports;
use crate::exports::ob::objects::hand_over;
use crate::machine::{ProcessState, Profile, Thread, ThreadObject, current, irql};
use crate::object::{Body, ObjectRef};
use crate::status::Status;
use crate::verifier::Rule;

/// `INVALID_PROCESS_ATTACH_ATTEMPT`.
const INVALID_PROCESS_ATTACH_ATTEMPT: u32 = 0x5;

exports! {
    /// The id of the process that the current thread belongs to, attached or not.
    fn PsGetCurrentProcessId() -> HANDLE {
        without_provenance_mut(current(CALL).own_process().id())
    }

    /// The id of the current thread.
    fn PsGetCurrentThreadId() -> HANDLE {
        without_provenance_mut(current(CALL).id())
    }

    /// The current process (`PsGetCurrentProcess`): that which the thread is attached to, if any. What
    /// it points at is opaque.
    [undeclared]
    fn IoGetCurrentProcess() -> PVOID {
        with_exposed_provenance_mut(current(CALL).process().address())
    }

    /// The current thread (`PsGetCurrentThread`). What it points at is opaque.
    [undeclared]
    fn KeGetCurrentThread() -> PVOID {
        with_exposed_provenance_mut(current(CALL).address())
    }

    /// Where the current system call comes from: 0 kernel mode, 1 user mode.
    fn ExGetPreviousMode() -> KPROCESSOR_MODE {
        current(CALL).previous_mode() as KPROCESSOR_MODE
    }

    /// The id of a process.
    [undeclared]
    fn PsGetProcessId(process: PVOID) -> HANDLE {
        let process = process_at(&current(CALL), CALL, process);
        without_provenance_mut(process.map_or(0, |process| process.id()))
    }

    /// The id of the process that made a process.
    [undeclared]
    fn PsGetProcessInheritedFromUniqueProcessId(process: PVOID) -> HANDLE {
        let process = process_at(&current(CALL), CALL, process);
        without_provenance_mut(process.map_or(0, |process| process.parent()))
    }

    /// The id of a thread.
    [undeclared]
    fn PsGetThreadId(thread: PVOID) -> HANDLE {
        let thread = thread_at(&current(CALL), CALL, thread);
        without_provenance_mut(thread.map_or(0, |thread| thread.id()))
    }

    /// The id of a thread's process.
    [undeclared]
    fn PsGetThreadProcessId(thread: PVOID) -> HANDLE {
        let thread = thread_at(&current(CALL), CALL, thread);
        without_provenance_mut(thread.map_or(0, |thread| thread.process().id()))
    }

    /// The process of a thread.
    [undeclared]
    fn PsGetThreadProcess(thread: PVOID) -> PVOID {
        process_of(CALL, thread)
    }

    /// The process of a thread.
    [undeclared]
    fn IoThreadToProcess(thread: PVOID) -> PVOID {
        process_of(CALL, thread)
    }

    /// Whether a thread is a system thread.
    [undeclared]
    fn PsIsSystemThread(thread: PVOID) -> BOOLEAN {
        let current = current(CALL);
        let system = current.kernel().processes.system().id();
        let thread = thread_at(&current, CALL, thread);
        thread.is_some_and(|thread| thread.process().id() == system).into()
    }

    /// The process that a request comes from; NULL if it comes from no thread.
    [undeclared]
    fn IoGetRequestorProcess(irp: PIRP) -> PVOID {
        // SAFETY: the caller has the request.
        match unsafe { requestor(irp) } {
            thread if thread.is_null() => null_mut(),
            thread => process_of(CALL, thread),
        }
    }

    /// The id of the process that a request comes from; 0 if it comes from no thread.
    [undeclared]
    fn IoGetRequestorProcessId(irp: PIRP) -> u32 {
        // SAFETY: the caller has the request.
        let thread = unsafe { requestor(irp) };
        if thread.is_null() {
            return 0;
        }
        let thread = thread_at(&current(CALL), CALL, thread);
        thread.map_or(0, |thread| thread.process().id() as u32)
    }

    /// References the process with an id.
    [undeclared]
    fn PsLookupProcessByProcessId(id: HANDLE, process: *mut PVOID) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        let found = by_id(&thread, id.addr());
        let unknown = match thread.kernel().profile {
            Profile::WinXp => Status::INVALID_PARAMETER,
            _ => Status::INVALID_CID,
        };
        // SAFETY: the caller gave a place for the process.
        unsafe { give(&thread, found.ok_or(unknown), process) }
    }

    /// References the thread with an id.
    [undeclared]
    fn PsLookupThreadByThreadId(id: HANDLE, object: *mut PVOID) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        let kernel = thread.kernel();
        let all = kernel.objects.all();
        let mut all = all.iter();
        let is_it = |body: &Body| matches!(body, Body::Thread(it) if it.id() == id.addr() && !it.is_done());
        let found = all.find(|object| is_it(object.body()));
        let found = found.and_then(|found| kernel.objects.reference(kernel, found.address()));
        let found = found.ok_or(Status::INVALID_PARAMETER);
        // SAFETY: the caller gave a place for the thread.
        unsafe { give(&thread, found, object) }
    }

    /// Attaches the current thread to a process; `state` keeps what undoes that.
    [undeclared]
    fn KeStackAttachProcess(process: PVOID, state: *mut u64) {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        if let Some(process) = process_at(&thread, CALL, process) {
            // SAFETY: the caller gave room for a `KAPC_STATE`, which is larger and opaque.
            unsafe { state.write(process.address() as u64) };
            thread.attach(&process, state.addr());
        }
    }

    /// Undoes the attach whose state it is.
    [undeclared]
    fn KeUnstackDetachProcess(state: *mut u64) {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        thread.detach(CALL, state.addr());
    }

    /// Attaches the current thread, which is not attached, to a process.
    [undeclared]
    fn KeAttachProcess(process: PVOID) {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        if thread.attached() > 0 && thread.process().address() != process.addr() {
            let now = thread.process().address() as u64;
            let reason = "the thread is attached to another process; call KeStackAttachProcess";
            let parameters = [process.addr() as u64, now, 0, 0];
            thread.bug_check(CALL, INVALID_PROCESS_ATTACH_ATTEMPT, parameters, reason)
        }
        if let Some(process) = process_at(&thread, CALL, process) {
            thread.attach(&process, 0);
        }
    }

    /// Undoes [`KeAttachProcess`].
    [undeclared]
    fn KeDetachProcess() {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        thread.detach(CALL, 0);
    }
}

/// Hands over a reference to what was looked up.
///
/// # Safety
/// `place` is valid for writes.
unsafe fn give(
    thread: &Thread,
    found: Result<ObjectRef<'_>, Status>,
    place: *mut PVOID,
) -> NTSTATUS {
    let object = match found {
        Ok(object) => object,
        Err(unknown) => return unknown.0,
    };
    let address = with_exposed_provenance_mut(object.address());
    drop(hand_over(thread, object));
    // SAFETY: by this function's contract.
    unsafe { place.write(address) };
    Status::SUCCESS.0
}

/// References the process with an id.
pub(super) fn by_id(thread: &Thread, id: usize) -> Option<ObjectRef<'_>> {
    let kernel = thread.kernel();
    let all = kernel.processes.all();
    let process = all.iter().find(|process| process.id() == id)?;
    kernel.objects.reference(kernel, process.address())
}

/// The process that a driver names by its address; anything else is a finding.
pub(super) fn process_at(
    thread: &Thread,
    call: &'static str,
    process: PVOID,
) -> Option<Arc<ProcessState>> {
    let object = thread.kernel().objects.find(process.addr());
    if let Some(Body::Process(process)) = object.as_ref().map(|object| object.body()) {
        return Some(Arc::clone(process));
    }
    thread.finding(Rule::Parameter, call, format!("{process:p} is no process"));
    None
}

/// The thread that a driver names by its address; anything else is a finding.
pub(super) fn thread_at(
    current: &Thread,
    call: &'static str,
    thread: PVOID,
) -> Option<Arc<ThreadObject>> {
    let object = current.kernel().objects.find(thread.addr());
    if let Some(Body::Thread(thread)) = object.as_ref().map(|object| object.body()) {
        return Some(Arc::clone(thread));
    }
    current.finding(Rule::Parameter, call, format!("{thread:p} is no thread"));
    None
}

fn process_of(call: &'static str, thread: PVOID) -> PVOID {
    let thread = thread_at(&current(call), call, thread);
    let address = thread.map(|thread| thread.process().address());
    address.map_or(null_mut(), with_exposed_provenance_mut)
}

/// The thread that a request comes from.
///
/// # Safety
/// `irp` is a request.
unsafe fn requestor(irp: PIRP) -> PVOID {
    // SAFETY: by this function's contract; only the field's address is taken.
    let place = unsafe { &raw const (*irp).Tail.Overlay.Thread };
    // SAFETY: as above; the I/O manager has initialised the request.
    unsafe { place.read() }.cast()
}
