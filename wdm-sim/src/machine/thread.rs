//! Threads as objects: what drivers know a thread by, and wait for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use wdm_sys::NTSTATUS;

use super::{DriverId, Kernel, Mode, ProcessState};
use crate::object::{Body, ObjectRef};
use crate::status::Status;

/// Memory of a kernel structure that only its address matters of.
#[repr(C, align(16))]
pub(crate) struct Opaque([u64; 16]);

impl Opaque {
    pub(crate) fn new() -> Box<Self> {
        Box::new(Self([0; 16]))
    }

    /// The structure's address.
    pub(crate) fn address(&self) -> usize {
        (&raw const *self).addr()
    }
}

/// Who starts a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The kernel, for work of its own: drivers are not told of the thread.
    Kernel,
    /// A program.
    Program,
    /// A driver, with `PsCreateSystemThread`.
    Driver(DriverId),
}

/// A thread, which may have ended.
pub(crate) struct ThreadObject {
    id: usize,
    process: Arc<ProcessState>,
    origin: Origin,
    /// What it ends, or has ended, with.
    exit_status: OnceLock<NTSTATUS>,
    done: AtomicBool,
    /// What stands at the address of its `KTHREAD`; drivers must not look into it.
    memory: Box<Opaque>,
}

impl ThreadObject {
    /// Makes a thread known that is about to run.
    pub(crate) fn begin(kernel: &Kernel, process: &Arc<ProcessState>, origin: Origin) -> Arc<Self> {
        let thread = Arc::new(Self {
            id: kernel.processes.next_id(),
            process: Arc::clone(process),
            origin,
            exit_status: OnceLock::new(),
            done: AtomicBool::new(false),
            memory: Opaque::new(),
        });
        let body = Body::Thread(Arc::clone(&thread));
        let object = kernel.objects.create_at(kernel, thread.address(), body);
        // The reference of the thread's own life, which `finish` gives back.
        drop(object.into_counted());
        thread
    }

    /// Its id, a multiple of four.
    pub(crate) fn id(&self) -> usize {
        self.id
    }

    /// The process that it belongs to.
    pub(crate) fn process(&self) -> &Arc<ProcessState> {
        &self.process
    }

    /// The address of its `KTHREAD`.
    pub(crate) fn address(&self) -> usize {
        self.memory.address()
    }

    /// Whether it belongs to the System process.
    pub(crate) fn is_system(&self) -> bool {
        self.process.default_mode() == Mode::Kernel
    }

    /// Whose code started it, if it is a system thread that code in kernel mode started.
    pub(crate) fn started(&self) -> Option<DriverId> {
        match self.origin {
            Origin::Driver(driver) => Some(driver),
            Origin::Kernel | Origin::Program => None,
        }
    }

    /// Whether drivers are told that it comes and goes.
    pub(super) fn is_announced(&self) -> bool {
        self.origin != Origin::Kernel
    }

    /// Whether it is about to end, or has ended.
    pub(crate) fn is_terminating(&self) -> bool {
        self.exit_status.get().is_some()
    }

    /// What it ends with; `STATUS_PENDING` before that.
    pub(crate) fn exit_status(&self) -> NTSTATUS {
        *self.exit_status.get().unwrap_or(&Status::PENDING.0)
    }

    /// Says what it ends with; the first time counts.
    pub(super) fn terminate(&self, status: NTSTATUS) {
        let _ = self.exit_status.set(status);
    }

    /// Whether it has ended.
    pub(crate) fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }

    /// Marks it ended and wakes those who wait for that.
    pub(crate) fn finish(&self, kernel: &Kernel) {
        let locked = kernel.dispatcher.lock(self.address());
        if self.done.swap(true, Ordering::AcqRel) {
            return;
        }
        locked.wake();
        drop(locked);
        if let Some(object) = kernel.objects.find(self.address()) {
            drop(ObjectRef::adopt(kernel, object));
        }
    }

    /// Waits until it has ended, or until `deadline`; says whether it has.
    pub(crate) fn wait(&self, kernel: &Kernel, deadline: Option<Instant>) -> bool {
        let locked = kernel.dispatcher.lock(self.address());
        locked.wait_until(deadline, || self.is_done()).is_some()
    }
}
