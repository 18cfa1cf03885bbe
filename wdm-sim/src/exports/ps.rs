//! Processes and threads.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-pscreatesystemthread>,
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-psgetcurrentprocessid>.

use std::ptr::without_provenance_mut;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use wdm_sys::{HANDLE, NTSTATUS, PCLIENT_ID, PHANDLE, PKSTART_ROUTINE, POBJECT_ATTRIBUTES, PVOID};

use super::{exports, ob};
use crate::call::{self, Code};
use crate::machine::{Counter, DriverId, Kernel, Machine, current, irql};
use crate::object::Body;
use crate::status::Status;
use crate::verifier::Rule;

/// All rights to a thread.
const THREAD_ALL_ACCESS: u32 = 0x001F_FFFF;

exports! {
    /// The id of the current process.
    fn PsGetCurrentProcessId() -> HANDLE {
        without_provenance_mut(current(CALL).process().id())
    }

    /// The id of the current thread.
    fn PsGetCurrentThreadId() -> HANDLE {
        without_provenance_mut(current(CALL).id())
    }

    /// The current process (`PsGetCurrentProcess`). What it points at is opaque.
    [undeclared]
    fn IoGetCurrentProcess() -> PVOID {
        without_provenance_mut(current(CALL).process().address())
    }

    /// The current thread (`PsGetCurrentThread`). What it points at is opaque.
    [undeclared]
    fn KeGetCurrentThread() -> PVOID {
        without_provenance_mut(current(CALL).address())
    }

    /// The id of a process.
    [undeclared]
    fn PsGetProcessId(process: PVOID) -> HANDLE {
        let thread = current(CALL);
        let all = thread.kernel().processes.all();
        match all.iter().find(|it| it.address() == process.addr()) {
            Some(process) => without_provenance_mut(process.id()),
            None => {
                thread.finding(Rule::Parameter, CALL, format!("{process:p} is no process"));
                std::ptr::null_mut()
            }
        }
    }

    /// Starts a thread in the System process; it runs on a host thread of its own.
    fn PsCreateSystemThread(
        handle: PHANDLE,
        _access: u32,
        attributes: POBJECT_ATTRIBUTES,
        _process: HANDLE,
        client_id: PCLIENT_ID,
        routine: PKSTART_ROUTINE,
        context: PVOID,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        let Some(routine) = routine else {
            return Status::INVALID_PARAMETER.0;
        };
        let code = Code {
            address: (routine as *const ()).expose_provenance(),
            caller: thread.caller(),
        };
        let kernel = thread.kernel();
        if kernel.pool.must_fail() {
            kernel.counters.count(Counter::InjectedFailures);
            return Status::INSUFFICIENT_RESOURCES.0;
        }
        let Some(started) = start(kernel, code, context) else {
            return Status::INSUFFICIENT_RESOURCES.0;
        };
        if !client_id.is_null() {
            let system = without_provenance_mut(kernel.processes.system().id());
            // SAFETY: the caller gave a place for it, or null.
            unsafe { (*client_id).UniqueProcess = system };
            let id = without_provenance_mut(started.id.load(Ordering::Acquire));
            // SAFETY: as above.
            unsafe { (*client_id).UniqueThread = id };
        }
        let object = kernel.objects.create(kernel, Body::Thread(started));
        // SAFETY: the caller gave attributes, or null.
        let attributes = unsafe { attributes.as_ref() }.map_or(0, |given| given.Attributes);
        match ob::open(&thread, object, THREAD_ALL_ACCESS, attributes) {
            Ok(new) => {
                // SAFETY: the caller gave a place for the handle.
                unsafe { handle.write(new.as_raw()) };
                Status::SUCCESS.0
            }
            Err(status) => status.0,
        }
    }

    /// Ends the current thread, which [`PsCreateSystemThread`] started; it does not return. Driver
    /// code cannot be unwound, so the host thread below it sleeps until the process ends.
    fn PsTerminateSystemThread(status: NTSTATUS) -> NTSTATUS {
        let thread = current(CALL);
        let Some(system_thread) = thread.system_thread() else {
            let detail = "called on a thread that PsCreateSystemThread did not start; return instead";
            thread.finding(Rule::Thread, CALL, detail);
            return Status::INVALID_PARAMETER.0;
        };
        let _ = status;
        system_thread.finish(thread.kernel());
        drop(thread);
        loop {
            std::thread::park();
        }
    }
}

/// A thread that a driver started.
pub(crate) struct SystemThread {
    driver: DriverId,
    id: AtomicUsize,
    done: AtomicBool,
}

impl SystemThread {
    /// Whether it has ended.
    pub(crate) fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }

    /// What its end is locked by.
    pub(super) fn address(&self) -> usize {
        (&raw const *self).addr()
    }

    /// Marks it ended and wakes those who wait for that.
    fn finish(&self, kernel: &Kernel) {
        let locked = kernel.dispatcher.lock(self.address());
        self.done.store(true, Ordering::Release);
        locked.wake();
    }

    /// Waits until it has ended, or until `deadline`; says whether it has.
    pub(crate) fn wait(&self, kernel: &Kernel, deadline: Option<std::time::Instant>) -> bool {
        let locked = kernel.dispatcher.lock(self.address());
        locked.wait_until(deadline, || self.is_done()).is_some()
    }
}

/// The system threads of a machine.
#[derive(Default)]
pub(crate) struct SystemThreads(std::sync::Mutex<Vec<Weak<SystemThread>>>);

/// A context that only driver code looks behind.
struct Context(PVOID);

// SAFETY: only the driver's thread routine uses it, which the driver wrote to run on another thread.
unsafe impl Send for Context {}

/// Starts a host thread that enters the System process and runs the driver's routine.
fn start(kernel: &Arc<Kernel>, code: Code, context: PVOID) -> Option<Arc<SystemThread>> {
    let system_thread = Arc::new(SystemThread {
        driver: code.caller.driver,
        id: AtomicUsize::new(0),
        done: AtomicBool::new(false),
    });
    let machine = Machine {
        kernel: Arc::clone(kernel),
    };
    let context = Context(context);
    let (tell, told) = std::sync::mpsc::channel();
    let its_own = Arc::clone(&system_thread);
    let body = move || {
        let context = context;
        let guard = machine.system_process().enter();
        let thread = guard.thread();
        its_own.id.store(guard.id(), Ordering::Release);
        thread.set_system_thread(&its_own);
        // The starter waits for the id; if it is gone, nobody needs it.
        let _ = tell.send(());
        // SAFETY: the driver gave the routine and its context to PsCreateSystemThread.
        unsafe { call::start_routine(thread, code, context.0) };
        its_own.finish(thread.kernel());
    };
    std::thread::Builder::new().spawn(body).ok()?;
    told.recv().ok()?;
    let mut all = kernel.system_threads.lock();
    all.retain(|other| other.strong_count() > 0);
    all.push(Arc::downgrade(&system_thread));
    drop(all);
    Some(system_thread)
}

impl SystemThreads {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Weak<SystemThread>>> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Kernel {
    /// Reports the threads of a driver that still run although it is gone.
    pub(crate) fn report_running_threads(&self, driver: DriverId, call: &'static str) {
        let running = self
            .system_threads
            .lock()
            .iter()
            .filter_map(Weak::upgrade)
            .collect::<Vec<_>>();
        let count = running
            .iter()
            .filter(|thread| thread.driver == driver && !thread.is_done())
            .count();
        if count > 0 {
            self.finding(
                driver,
                Rule::Thread,
                call,
                format!("{count} threads are still running; end them and wait for them"),
            );
        }
    }
}
