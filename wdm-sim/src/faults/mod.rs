//! Failing calls of the kernel on purpose: one call a run, another one in each run, until each path to
//! such a call has been tried.
//!
//! A path is told by the routine that is called, by what the kernel called the driver for (a
//! notification, or a routine such as `DriverEntry`), and by the return addresses in the driver, the
//! innermost [`DEPTH`] of them. On NT the operation under way is part of the call stack too, in frames of
//! the configuration manager. A loop is one path: its first turn fails.
//!
//! The idea, and that addresses count from the beginning of the driver, are those of the fault injection
//! of Microsoft's usersim, which fails each new stack of the whole process when it meets it.

mod plan;
mod stack;

use std::cell::Cell;
use std::sync::OnceLock;

pub use plan::{Fault, FaultPlan};
pub(crate) use stack::Calling;

use crate::call::REGISTRY_CALLBACK;
use crate::exports::{Failure, Routine, fits};
use crate::machine::{Counter, DriverId, Thread, try_current};
use crate::status::Status;

/// How many frames of a driver tell a path.
pub(crate) const DEPTH: usize = 32;

/// The failures of a machine.
#[derive(Default)]
pub(crate) struct Faults {
    plan: Option<FaultPlan>,
    /// What failed in this machine.
    injected: OnceLock<Fault>,
    /// Through which `.sys` files call the routines that can fail.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    detours: Option<stack::Detours>,
}

/// What a thread remembers of the call of a routine that can fail.
#[derive(Default)]
pub(crate) struct ThreadState {
    /// The frames of the `.sys` file that made the call.
    #[cfg(target_arch = "x86_64")]
    noted: std::cell::RefCell<Vec<String>>,
    /// The routine, if it has not yet come to what may fail in it.
    undecided: Cell<Option<(&'static str, Failure)>>,
}

impl Faults {
    /// Those of a plan.
    ///
    /// # Errors
    /// The host gives no memory that can be executed.
    pub(crate) fn new(plan: Option<FaultPlan>) -> region::Result<Self> {
        Ok(Self {
            #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
            detours: match plan.is_some() {
                true => Some(stack::Detours::new()?),
                false => None,
            },
            plan,
            injected: OnceLock::new(),
        })
    }

    /// What failed in this machine.
    pub(crate) fn injected(&self) -> Option<Fault> {
        self.injected.get().cloned()
    }

    /// Where a `.sys` file is to call a routine of the kernel.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn detour(&self, routine: *const ()) -> *const () {
        #[cfg(target_os = "linux")]
        if let Some(detours) = &self.detours {
            return detours.of(routine);
        }
        routine
    }

    /// Whether a call could fail now.
    fn is_armed(&self, thread: &Thread) -> bool {
        let plan = self.plan.as_ref();
        plan.is_some_and(|plan| !plan.is_spent()) && thread.caller().driver != DriverId::NONE
    }

    /// Whether the call of a routine that the driver makes is to fail.
    fn fails(&self, thread: &Thread, call: &'static str, failure: Failure) -> bool {
        let Some(plan) = self.plan.as_ref().filter(|_| self.is_armed(thread)) else {
            return false;
        };
        let routine = thread.routine().kind;
        let during = match routine {
            REGISTRY_CALLBACK => thread.cm.notification().unwrap_or(routine),
            _ => routine,
        };
        let stack = stack::of(thread, call);
        let fault = Fault {
            routine: call.to_owned(),
            answer: answer_text(failure),
            during: during.to_owned(),
            stack: stack.identity(),
        };
        let Some(injected) = plan.inject(fault, || stack.names()) else {
            return false;
        };
        thread.kernel().counters.count(Counter::InjectedFailures);
        // There is one failure a run.
        let _ = self.injected.set(injected);
        true
    }

    /// Whether the memory that a routine is about to allocate for the driver is not there.
    pub(crate) fn allocation_fails(&self, thread: &Thread) -> bool {
        match thread.faults.undecided.take() {
            Some((call, Failure::Memory)) => self.fails(thread, call, Failure::Memory),
            _ => false,
        }
    }

    /// The status with which a routine does not add what it is about to add for the driver.
    pub(crate) fn addition_fails(&self, thread: &Thread) -> Option<Status> {
        match thread.faults.undecided.take() {
            Some((call, failure @ Failure::Added(status))) => {
                self.fails(thread, call, failure).then_some(status)
            }
            _ => None,
        }
    }
}

/// Lets a call fail that a linked driver makes of something that is not the kernel.
#[cfg(feature = "umdf")]
pub(crate) fn inject_into_linked(
    plan: &FaultPlan,
    routine: &'static str,
    answer: &'static str,
    during: &'static str,
) -> Option<Fault> {
    if plan.is_spent() {
        return None;
    }
    let stack = stack::of_linked();
    let fault = Fault {
        routine: routine.to_owned(),
        answer: answer.to_owned(),
        during: during.to_owned(),
        stack: stack.identity(),
    };
    plan.inject(fault, || stack.driver_names())
}

impl ThreadState {
    /// Notes the frames of the `.sys` file that makes a call.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn note(&self, frames: Vec<String>) {
        self.noted.replace(frames);
    }

    /// Lets the routine succeed: an allocation that would raise an exception, which is not simulated, or
    /// one that takes away.
    pub(crate) fn spare(&self) {
        self.undecided.set(None);
    }
}

/// What a routine returns if this call is to fail. Called first in the routine, by linked drivers
/// and `.sys` files alike.
///
/// # Safety
/// `R` is what the routine returns: for one that fails with a status an `NTSTATUS`, for one that fails with
/// NULL a raw pointer.
#[inline]
pub(crate) unsafe fn fail<P: Routine, R>() -> Option<R> {
    const { assert!(fits(P::FAILURE, size_of::<R>())) };
    match const { P::FAILURE } {
        // SAFETY: by this function's contract.
        Some(failure) => unsafe { fail_now(P::NAME, failure) },
        None => None,
    }
}

/// # Safety
/// As for [`fail`].
unsafe fn fail_now<R>(call: &'static str, failure: Failure) -> Option<R> {
    let thread = try_current()?;
    let faults = &thread.kernel().faults;
    if !faults.is_armed(&thread) {
        return None;
    }
    let bits = match failure {
        Failure::Memory | Failure::Added(_) => {
            thread.faults.undecided.set(Some((call, failure)));
            return None;
        }
        Failure::Status(status) => u64::from(status.0.cast_unsigned()).to_le(),
        Failure::Null | Failure::Raise => 0,
    };
    if !faults.fails(&thread, call, failure) {
        return None;
    }
    // SAFETY: by this function's contract: a status has the first four of these bytes, a pointer all.
    Some(unsafe { std::mem::transmute_copy(&bits) })
}

/// Whether a copy that may fault is to do so.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) fn guarded_copy_fails() -> bool {
    let thread = try_current();
    thread.is_some_and(|thread| {
        let faults = &thread.kernel().faults;
        faults.fails(&thread, "wdm_guarded_copy", Failure::Raise)
    })
}

/// Whether a probe of user memory is to raise an exception in the `.sys` file that called it; `frames`
/// gives the file's frames.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) fn probe_fails(call: &'static str, frames: impl FnOnce() -> Vec<String>) -> bool {
    note_caller(frames);
    let thread = try_current();
    thread.is_some_and(|thread| {
        let faults = &thread.kernel().faults;
        faults.fails(&thread, call, Failure::Raise)
    })
}

/// Notes the frames of a `.sys` file that is about to call a routine that can fail.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) fn note_caller(frames: impl FnOnce() -> Vec<String>) {
    if let Some(thread) = try_current()
        && thread.kernel().faults.is_armed(&thread)
    {
        thread.faults.note(frames());
    }
}

fn answer_text(failure: Failure) -> String {
    match failure {
        Failure::Status(status) | Failure::Added(status) => match status.name() {
            Some(name) => format!("STATUS_{name}"),
            None => status.to_string(),
        },
        Failure::Null => "NULL".to_owned(),
        Failure::Memory => "no memory".to_owned(),
        Failure::Raise => "STATUS_ACCESS_VIOLATION".to_owned(),
    }
}
