//! The thread that runs now.
//!
//! A host thread becomes a thread of a machine by entering one of its processes. Entering nests: the
//! innermost machine and process count until the guard is dropped.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use super::running::Thread;
use super::thread::{Origin, ThreadObject};
use super::{Kernel, Machine, NotifySubject, ProcessState};
use crate::status::Status;

thread_local! {
    /// The threads that this host thread has entered, innermost last.
    static ENTERED: RefCell<Vec<Rc<Thread>>> = const { RefCell::new(Vec::new()) };
}

/// The simulated thread that this host thread has entered.
///
/// A panic cannot cross driver code, so a host thread that has entered no machine ends the
/// process with one line that says what to do.
pub(crate) fn current(call: &str) -> Rc<Thread> {
    match try_current() {
        Some(thread) => thread,
        None => {
            eprintln!(
                "wdm-sim: {call} called on a thread that has not entered a simulated machine: \
                 call Process::enter first"
            );
            std::process::abort();
        }
    }
}

/// The simulated thread that this host thread has entered, if it has entered one. A signal's handler,
/// which may have interrupted anything, can ask, too.
pub(crate) fn try_current() -> Option<Rc<Thread>> {
    // Also `None` while the host thread's own variables are being destroyed, or one is leaving.
    ENTERED
        .try_with(|entered| entered.try_borrow().ok()?.last().cloned())
        .ok()
        .flatten()
}

/// Runs `body` with `thread` as the current one, though another may have been entered after it.
pub(crate) fn as_current<T>(thread: &Rc<Thread>, body: impl FnOnce() -> T) -> T {
    let is_current = |entered: &Vec<Rc<Thread>>| {
        let last = entered.last();
        last.is_some_and(|last| Rc::ptr_eq(last, thread))
    };
    if ENTERED.with_borrow(is_current) {
        return body();
    }
    ENTERED.with_borrow_mut(|entered| entered.push(Rc::clone(thread)));
    let result = body();
    ENTERED.with_borrow_mut(|entered| entered.pop());
    result
}

/// Runs `body` on the thread of a machine that this host thread has entered, or else on one of the
/// kernel's own.
pub(super) fn on_maker<T>(kernel: &Arc<Kernel>, body: impl FnOnce(&Thread) -> T) -> T {
    match try_current().filter(|thread| Arc::ptr_eq(thread.kernel(), kernel)) {
        Some(thread) => body(&thread),
        None => body(&ThreadGuard::enter(kernel, kernel.processes.system()).thread),
    }
}

/// Whether something is true of any thread that this host thread has entered.
pub(crate) fn on_this_host_thread(what: impl Fn(&Thread) -> bool) -> bool {
    ENTERED.with_borrow(|entered| entered.iter().any(|thread| what(thread)))
}

/// A host thread's stay in a machine, as a thread of one of its processes. Dropping it leaves.
///
/// It is what user-mode code of that process can do: see its methods. It cannot leave its host
/// thread.
#[must_use = "the thread leaves the machine when this is dropped"]
pub struct ThreadGuard {
    thread: Rc<Thread>,
}

impl ThreadGuard {
    /// Enters as a thread of the kernel's own.
    pub(super) fn enter(kernel: &Arc<Kernel>, process: &Arc<ProcessState>) -> Self {
        Self::run(kernel, ThreadObject::begin(kernel, process, Origin::Kernel))
    }

    /// Enters as a thread that a program starts.
    pub(super) fn enter_program(kernel: &Arc<Kernel>, process: &Arc<ProcessState>) -> Self {
        let object = ThreadObject::begin(kernel, process, Origin::Program);
        if !kernel.notify.any(NotifySubject::Thread) {
            return Self::run(kernel, object);
        }
        kernel.notify_new_thread(&object);
        let guard = Self::run(kernel, object);
        kernel.notify_starting_thread(&guard.thread);
        guard
    }

    /// Makes this host thread run a thread that is known already.
    pub(crate) fn run(kernel: &Arc<Kernel>, object: Arc<ThreadObject>) -> Self {
        let thread = Rc::new(Thread::new(Arc::clone(kernel), object));
        ENTERED.with(|entered| entered.borrow_mut().push(Rc::clone(&thread)));
        Self { thread }
    }

    /// The machine that the thread belongs to.
    pub fn machine(&self) -> Machine {
        Machine {
            kernel: Arc::clone(self.thread.kernel()),
        }
    }

    /// The thread's id, as `PsGetCurrentThreadId` gives it.
    pub fn id(&self) -> usize {
        self.thread.id()
    }

    /// Runs code of the process that makes the registry's system calls itself. What [`wdm_sys`] declares
    /// as `Zw...` is for it what ntdll.dll exports under these names, and `Nt...`: the calls come from the
    /// process's own mode, so that rights are enforced, and have all their parameters. Routines of
    /// drivers that run meanwhile call from kernel mode, as ever.
    pub fn in_user_mode<T>(&self, body: impl FnOnce() -> T) -> T {
        let (thread, mode) = (&self.thread, self.thread.process().default_mode());
        as_current(thread, || thread.with_calling_mode(mode, body))
    }

    /// The simulated thread.
    pub(crate) fn thread(&self) -> &Rc<Thread> {
        &self.thread
    }
}

impl fmt::Debug for ThreadGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadGuard")
            .field("process", &self.thread.own_process().name())
            .field("id", &self.id())
            .finish()
    }
}

impl Drop for ThreadGuard {
    fn drop(&mut self) {
        self.thread.exit(Status::SUCCESS.0);
        self.thread.leave();
        // A guard that is dropped before one that was made after it leaves when that one does: the
        // `gs` blocks must go in the opposite order of their coming.
        ENTERED.with(|entered| {
            let mut entered = entered.borrow_mut();
            while entered.last().is_some_and(|thread| thread.has_left()) {
                if let Some(thread) = entered.pop() {
                    thread.give_gs_up();
                }
            }
        });
    }
}
