//! Callbacks that are registered with a callback object.

use core::ffi::c_void;
use core::fmt;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering};

use wdm_sys as sys;

use super::NotifyObject;
use crate::bug_check::{self, Bug};
use crate::{ApcLevel, Lifecycle, NtError, Obligation, PoolBox, Result, stack};

/// What a callback is told.
#[derive(Debug)]
pub struct Notification<'n> {
    first: usize,
    second: usize,
    at: ApcLevel<'n>,
}

impl<'n> Notification<'n> {
    /// The first argument, as the object's creator defines it.
    #[must_use]
    pub fn first(&self) -> usize {
        self.first
    }

    /// The second argument, as the object's creator defines it.
    #[must_use]
    pub fn second(&self) -> usize {
        self.second
    }

    /// The level that the callback runs at. It is the notifier's: [`ApcLevel::passive`] asks
    /// whether it is `PASSIVE_LEVEL`.
    #[must_use]
    pub fn level(&self) -> ApcLevel<'n> {
        self.at
    }
}

/// A registered callback. Dropping it unregisters the callback (`ExUnregisterCallback`,
/// `<= APC_LEVEL`) and waits for its calls under way; then the callback is dropped.
///
/// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exunregistercallback>
///
/// Inside the callback itself that wait would be for ever. No callback can own its registration
/// without going through a `static`; whoever does that and drops it there stops the machine with
/// [`Bug::UnregisteredInsideCallback`], never hangs it. The callback's code is looked for on the
/// stack, so the same holds inside another registration's call of the same closure.
#[must_use = "the callback is unregistered when this is dropped"]
pub struct NotifyRegistration {
    /// Dropped first, so no call is under way when the callback goes.
    _live: Live,
    callback: Callback,
    /// Last: a registration, and the callback's code, must not outlive the driver's image.
    _obligation: Obligation,
}

/// The kernel's side of a registration.
///
/// # Invariants
/// `registration` is registered, with `routine`.
struct Live {
    registration: NonNull<c_void>,
    routine: *const (),
}

// SAFETY: a registration belongs to no thread.
unsafe impl Send for Live {}
// SAFETY: `&Live` allows nothing.
unsafe impl Sync for Live {}

/// The driver's side of a registration: a callback whose type is forgotten.
///
/// # Invariants
/// `shared` came from `PoolBox::into_raw` of a `Shared<F>`, and is this value's; `free` is `free::<F>`.
struct Callback {
    shared: NonNull<Head>,
    free: unsafe fn(NonNull<Head>),
}

// SAFETY: every callback is Send and Sync, as `NotifyObject::register` asks.
unsafe impl Send for Callback {}
// SAFETY: as above.
unsafe impl Sync for Callback {}

/// What the kernel passes to the trampoline as the context.
#[repr(C)]
struct Shared<F> {
    head: Head,
    callback: F,
}

/// What is the same for all callbacks.
struct Head {
    missed: AtomicU64,
}

impl NotifyRegistration {
    pub(super) fn new<F>(object: &NotifyObject, at: &Lifecycle<'_>, callback: F) -> Result<Self>
    where
        F: Fn(&Notification<'_>) + Send + Sync + 'static,
    {
        let head = Head {
            missed: AtomicU64::new(0),
        };
        let shared = PoolBox::into_raw(PoolBox::try_new(Shared { head, callback })?);
        // INVARIANT: just given up by its box; the head is its first field.
        let callback = Callback {
            shared: shared.cast(),
            free: free::<F>,
        };
        // SAFETY: the object is one by its invariant; the context stays in the pool until `Live`
        // has unregistered, since `callback` is dropped after it; the level is PASSIVE_LEVEL by the
        // token.
        let registration = unsafe {
            sys::ExRegisterCallback(
                object.object.as_ptr(),
                Some(trampoline::<F>),
                shared.as_ptr().cast(),
            )
        };
        let registration = NonNull::new(registration).ok_or(NtError::INSUFFICIENT_RESOURCES)?;
        // INVARIANT: registered.
        let live = Live {
            registration,
            routine: trampoline::<F> as *const (),
        };
        Ok(Self {
            _live: live,
            callback,
            _obligation: at.obligation(),
        })
    }

    /// How many notifications came above `APC_LEVEL` and did not reach the callback.
    #[must_use]
    pub fn missed(&self) -> u64 {
        // SAFETY: by the invariant of `Callback` it is there, and shared by reference only.
        let head = unsafe { self.callback.shared.as_ref() };
        head.missed.load(Ordering::Relaxed)
    }
}

impl Drop for Live {
    /// `ExUnregisterCallback`.
    fn drop(&mut self) {
        if stack::is_caller(self.routine) {
            let registration = self.registration.addr().get();
            bug_check::stop(Bug::UnregisteredInsideCallback, [registration, 0, 0, 0]);
        }
        // SAFETY: by the invariant registered, and unregistered once; IRQL <= APC_LEVEL.
        unsafe { sys::ExUnregisterCallback(self.registration.as_ptr()) };
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        // SAFETY: by the invariant they belong together, and nothing uses the callback any more.
        unsafe { (self.free)(self.shared) };
    }
}

/// Drops a callback and frees its memory.
///
/// # Safety
/// `shared` came from `PoolBox::into_raw` of a `Shared<F>`, once, and nothing uses it any more.
unsafe fn free<F>(shared: NonNull<Head>) {
    // SAFETY: by this function's contract.
    drop(unsafe { PoolBox::from_raw(shared.cast::<Shared<F>>()) });
}

/// What the kernel calls: `CALLBACK_FUNCTION`.
///
/// # Safety
/// The kernel calls it with the context of a registration of `F`, which waits for this call before
/// the context goes.
unsafe extern "system" fn trampoline<F>(
    context: *mut c_void,
    first: *mut c_void,
    second: *mut c_void,
) where
    F: Fn(&Notification<'_>) + Send + Sync + 'static,
{
    // SAFETY: the context is the registration's `Shared<F>`, which lives until this has returned.
    let Some(shared) = (unsafe { context.cast::<Shared<F>>().as_ref() }) else {
        return;
    };
    // SAFETY: KeGetCurrentIrql has no preconditions.
    let level = unsafe { sys::KeGetCurrentIrql() };
    if u32::from(level) > sys::APC_LEVEL {
        shared.head.missed.fetch_add(1, Ordering::Relaxed);
        return;
    }
    // SAFETY: as asked; the kernel keeps the level during the call.
    let at = unsafe { ApcLevel::new_unchecked() };
    (shared.callback)(&Notification {
        first: first.expose_provenance(),
        second: second.expose_provenance(),
        at,
    });
}

impl fmt::Debug for NotifyRegistration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotifyRegistration")
            .field("missed", &self.missed())
            .finish_non_exhaustive()
    }
}
