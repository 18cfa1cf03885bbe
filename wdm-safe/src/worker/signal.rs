//! What wakes a worker: an event that is signalled at most once for each time that the worker sleeps.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

use wdm_sys as sys;

use crate::Passive;

/// A synchronization event, and whether it has been set since the worker last woke.
///
/// # Invariants
/// The event is initialised before anybody but its maker has the signal, and stays where it is from
/// then on: the kernel keeps lists in it.
pub(super) struct Signal {
    event: UnsafeCell<MaybeUninit<sys::KEVENT>>,
    is_set: AtomicBool,
}

// SAFETY: the kernel's routines synchronise themselves on the event; nothing else touches it.
unsafe impl Sync for Signal {}
// SAFETY: as above; an event belongs to no thread.
unsafe impl Send for Signal {}

impl Signal {
    /// A signal that [`init`](Self::init) has to follow, once it is where it stays.
    pub(super) const fn new() -> Self {
        Self {
            event: UnsafeCell::new(MaybeUninit::uninit()),
            is_set: AtomicBool::new(false),
        }
    }

    /// Initialises the event in its place.
    pub(super) fn init(&self) {
        // SAFETY: memory for an event, which nobody uses yet (see the invariant).
        unsafe { sys::KeInitializeEvent(self.event(), sys::SynchronizationEvent, 0) };
    }

    /// Wakes the worker unless that has been done since it last woke. What was done before this is
    /// seen by the worker when it wakes.
    pub(super) fn set(&self) {
        // The worker takes this back before it looks around: either it sees what was done, because
        // it takes back this `true` or the earlier one that stands, or the event is set for it.
        if !self.is_set.swap(true, Ordering::AcqRel) {
            self.set_always();
        }
    }

    /// Wakes the worker.
    pub(super) fn set_always(&self) {
        // SAFETY: by the invariant an initialised event; IRQL <= APC_LEVEL.
        unsafe { sys::KeSetEvent(self.event(), 0, 0) };
    }

    /// Sleeps until the signal is set.
    pub(super) fn wait(&self, _at: Passive<'_>) {
        // SAFETY: as above; it waits without a limit, in kernel mode, so it returns when the event
        // has been set.
        let _ = unsafe {
            sys::KeWaitForSingleObject(
                self.event().cast(),
                sys::Executive,
                sys::KernelMode as sys::KPROCESSOR_MODE,
                0,
                ptr::null_mut(),
            )
        };
        self.is_set.swap(false, Ordering::AcqRel);
    }

    fn event(&self) -> *mut sys::KEVENT {
        self.event.get().cast()
    }
}
