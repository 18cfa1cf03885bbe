//! Threads that drivers start.
//!
//! Page: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-pscreatesystemthread>.

use std::ptr::without_provenance_mut;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use wdm_sys::{HANDLE, NTSTATUS, PCLIENT_ID, PHANDLE, PKSTART_ROUTINE, POBJECT_ATTRIBUTES, PVOID};

use crate::call::{self, Code};
use crate::exports::exports;
use crate::exports::ob::objects as ob;
use crate::machine::{Counter, DriverId, Kernel, Origin, ThreadGuard, ThreadObject, current, irql};
use crate::object::{Body, ObjectRef};
use crate::status::Status;
use crate::verifier::Rule;

/// All rights to a thread.
const THREAD_ALL_ACCESS: u32 = 0x001F_FFFF;

exports! {
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
            let id = match started.body() {
                Body::Thread(started) => started.id(),
                _ => 0,
            };
            let id = without_provenance_mut(id);
            // SAFETY: as above.
            unsafe { (*client_id).UniqueThread = id };
        }
        // SAFETY: the caller gave attributes, or null.
        let attributes = unsafe { attributes.as_ref() }.map_or(0, |given| given.Attributes);
        match ob::open(&thread, started, THREAD_ALL_ACCESS, attributes) {
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
        if thread.object().started().is_none() {
            let detail = "called on a thread that PsCreateSystemThread did not start; return instead";
            thread.finding(Rule::Thread, CALL, detail);
            return Status::INVALID_PARAMETER.0;
        }
        thread.exit(status);
        drop(thread);
        loop {
            std::thread::park();
        }
    }
}

/// The system threads of a machine.
#[derive(Default)]
pub(crate) struct SystemThreads(Mutex<Vec<Weak<ThreadObject>>>);

/// A context that only driver code looks behind.
struct Context(PVOID);

// SAFETY: only the driver's thread routine uses it, which the driver wrote to run on another thread.
unsafe impl Send for Context {}

/// Starts a host thread that enters the System process and, once drivers have been told of it, runs
/// the driver's routine; gives the thread's object.
fn start(kernel: &Arc<Kernel>, code: Code, context: PVOID) -> Option<ObjectRef<'_>> {
    let origin = Origin::Driver(code.caller.driver);
    let thread = ThreadObject::begin(kernel, kernel.processes.system(), origin);
    let started = kernel.objects.reference(kernel, thread.address());
    let context = Context(context);
    let (go, may_go) = std::sync::mpsc::channel();
    let body = {
        let (kernel, thread) = (Arc::clone(kernel), Arc::clone(&thread));
        move || {
            let context = context;
            let guard = ThreadGuard::run(&kernel, thread);
            // It fails if the starter is gone, which lets it go too.
            let _ = may_go.recv();
            // SAFETY: the driver gave the routine and its context to PsCreateSystemThread.
            unsafe { call::start_routine(guard.thread(), code, context.0) };
        }
    };
    if std::thread::Builder::new().spawn(body).is_err() {
        thread.finish(kernel);
        return None;
    }
    kernel.notify_new_thread(&thread);
    let mut all = kernel.system_threads.lock();
    all.retain(|other| other.strong_count() > 0);
    all.push(Arc::downgrade(&thread));
    drop(all);
    let _ = go.send(());
    started
}

impl SystemThreads {
    fn lock(&self) -> MutexGuard<'_, Vec<Weak<ThreadObject>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
            .filter(|thread| thread.started() == Some(driver) && !thread.is_done())
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
