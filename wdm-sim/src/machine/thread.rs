//! Threads as objects: what drivers know a thread by, and wait for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::{DriverId, Kernel, ProcessState};
use crate::object::{Body, ObjectRef};

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

/// A thread, which may have ended.
pub(crate) struct ThreadObject {
    id: usize,
    process: Arc<ProcessState>,
    started: Option<DriverId>,
    done: AtomicBool,
    /// What stands at the address of its `KTHREAD`; drivers must not look into it.
    memory: Box<Opaque>,
}

impl ThreadObject {
    /// Makes a thread known that begins to run. `started` is whose code started it, if that did it
    /// with `PsCreateSystemThread`.
    pub(super) fn begin(
        kernel: &Kernel,
        process: &Arc<ProcessState>,
        started: Option<DriverId>,
    ) -> Arc<Self> {
        let thread = Arc::new(Self {
            id: kernel.processes.next_id(),
            process: Arc::clone(process),
            started,
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

    /// Whose code started it, if it is a system thread that code in kernel mode started.
    pub(crate) fn started(&self) -> Option<DriverId> {
        self.started
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
