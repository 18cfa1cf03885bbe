//! Register and unregister.

use core::ffi::c_void;
use core::ptr;

use wdm_safe::bug_check::{self, Bug};
use wdm_safe::string::Counted;
use wdm_safe::{Lifecycle, NtError, NtStatus, Obligation, PoolBox, UnicodeStr, stack};
use wdm_sys as sys;

use super::legacy::trampoline as legacy_trampoline;
use super::names::Names;
use super::trampoline::trampoline;
use crate::sync::atomic::{AtomicI64, Ordering};
use crate::sync::place;
use crate::{
    CallbackObject, LegacyCallback, RegisterError, Registered, RegistryCallback, Unregistered,
    UnregisteredLegacy,
};

/// A routine that the kernel calls (`EX_CALLBACK_FUNCTION`).
type Routine = unsafe extern "system" fn(*mut c_void, *mut c_void, *mut c_void) -> sys::NTSTATUS;

/// Where the inputs of user mode must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inputs {
    /// In system memory, as from Windows 8 on (N8); on older systems nothing is registered.
    Captured,
    /// Anywhere: the callback does not look at them.
    Anywhere,
}

/// What the kernel's context pointer points to: the callback, and the cookie, into which the kernel
/// writes (R3).
pub struct Shared<C> {
    pub(crate) callback: C,
    cookie: AtomicI64,
    /// How this Windows tells keys' names.
    pub(super) names: Names,
}

impl<C> Shared<C> {
    pub(crate) fn new(callback: C) -> Self {
        Self {
            callback,
            cookie: AtomicI64::new(0),
            names: Names::default(),
        }
    }

    /// The cookie, zero while the kernel has not written it.
    pub(crate) fn cookie(&self) -> i64 {
        self.cookie.load(Ordering::Acquire)
    }
}

/// A registration and what it uses; dropping it unregisters, then drops the callback.
pub struct Registration<C: RegistryCallback> {
    /// First, since fields are dropped in this order.
    live: Live,
    shared: PoolBox<Shared<C>>,
    /// Last: a registration, and the callback's own value, must not outlive the driver's image.
    obligation: Obligation,
}

/// The kernel's side of a registration.
///
/// # Invariants
/// The callback with this cookie is registered, and `context` and `routine` are what it was
/// registered with.
struct Live {
    cookie: i64,
    context: *const c_void,
    routine: *const (),
}

// SAFETY: a registration belongs to no thread: CmUnRegisterCallback takes the cookie on any.
unsafe impl Send for Live {}
// SAFETY: `&Live` allows nothing.
unsafe impl Sync for Live {}

impl<C: RegistryCallback> Registration<C> {
    /// Registers a callback (`CmRegisterCallbackEx`).
    ///
    /// # Errors
    /// What was to be registered comes back, with `STATUS_FLT_INSTANCE_ALTITUDE_COLLISION` if any
    /// driver holds the altitude, or `STATUS_INSUFFICIENT_RESOURCES` (R1).
    pub(crate) fn at_altitude(
        shared: PoolBox<Shared<C>>,
        altitude: &UnicodeStr,
        inputs: Inputs,
        at: &Lifecycle<'_>,
    ) -> Result<Self, (NtError, PoolBox<Shared<C>>)> {
        let altitude = match Counted::new(altitude) {
            Ok(altitude) => altitude,
            Err(error) => return Err((error, shared)),
        };
        Self::new(
            shared,
            inputs,
            trampoline::<C>,
            at,
            |routine, context, cookie| {
                // SAFETY: the altitude outlives the call; the driver object is the caller's own; for
                // the others `new` vouches. The level is PASSIVE_LEVEL by the token.
                unsafe {
                    sys::CmRegisterCallbackEx(
                        Some(routine),
                        altitude.as_ptr(),
                        at.driver_object().as_ptr().cast(),
                        context,
                        cookie,
                        ptr::null_mut(),
                    )
                }
            },
        )
    }

    /// Registers a callback by a call that is given a routine, its context, and where the cookie
    /// goes: a routine of `C`, and pool memory that stays until the registration has ended.
    fn new(
        mut shared: PoolBox<Shared<C>>,
        inputs: Inputs,
        routine: Routine,
        at: &Lifecycle<'_>,
        register: impl FnOnce(Routine, *mut c_void, *mut sys::LARGE_INTEGER) -> sys::NTSTATUS,
    ) -> Result<Self, (NtError, PoolBox<Shared<C>>)> {
        shared.names = Names::of_this_windows(at.passive());
        if inputs == Inputs::Captured && !shared.names.are_of_windows_8() {
            return Err((NtError::NOT_SUPPORTED, shared));
        }
        let context: *const Shared<C> = &raw const *shared;
        // Context and cookie are in the pool and stay there until `live` has unregistered, since
        // `shared` is dropped after it. The kernel writes the cookie and we read it as an atomic,
        // both aligned and 64 bits wide.
        let cookie = place(&shared.cookie).cast();
        let status = register(routine, context.cast_mut().cast(), cookie);
        if let Err(error) = NtStatus::from_raw(status).to_result() {
            return Err((error, shared));
        }
        // INVARIANT: registered; the kernel has written the cookie by now.
        let live = Live {
            cookie: shared.cookie(),
            context: context.cast(),
            routine: routine as *const (),
        };
        let obligation = at.obligation();
        Ok(Self {
            live,
            shared,
            obligation,
        })
    }

    /// The callback.
    pub(crate) fn callback(&self) -> &C {
        &self.shared.callback
    }

    /// Unregisters, and gives back what was registered.
    pub(crate) fn end(self) -> PoolBox<Shared<C>> {
        let Self {
            live,
            shared,
            obligation,
        } = self;
        drop(live);
        drop(obligation);
        shared
    }
}

impl<C: LegacyCallback> Registration<C> {
    /// Registers a callback without an altitude (`CmRegisterCallback`).
    ///
    /// # Errors
    /// What was to be registered comes back, with `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn legacy(
        shared: PoolBox<Shared<C>>,
        inputs: Inputs,
        at: &Lifecycle<'_>,
    ) -> Result<Self, (NtError, PoolBox<Shared<C>>)> {
        Self::new(
            shared,
            inputs,
            legacy_trampoline::<C>,
            at,
            |routine, context, cookie| {
                // SAFETY: `new` vouches for all of them. The level is PASSIVE_LEVEL by the token.
                unsafe { sys::CmRegisterCallback(Some(routine), context, cookie) }
            },
        )
    }
}

impl<C: RegistryCallback> CallbackObject<C, Unregistered> {
    /// As [`register`](Self::register), on older systems too.
    ///
    /// # Errors
    /// As of [`register`](Self::register), but for the last.
    ///
    /// # Safety
    /// Before Windows 8 the kernel does not capture all inputs of user mode: they are the caller's
    /// own memory, which can change and go away at any time (N8). There the callback must not look
    /// at a string or at data of an operation that [comes from](crate::operation::Requestor) user
    /// mode; [`Cookie::key_name`](crate::Cookie::key_name) is the kernel's own.
    #[allow(
        unsafe_code,
        reason = "it makes a contract, and does nothing unsafe itself"
    )]
    pub unsafe fn register_before_windows_8(
        self,
        at: &Lifecycle<'_>,
    ) -> Result<CallbackObject<C, Registered>, RegisterError<C>> {
        self.register_for(Inputs::Anywhere, at)
    }
}

impl<C: LegacyCallback> CallbackObject<C, UnregisteredLegacy> {
    /// As [`register`](Self::register), on older systems too.
    ///
    /// # Errors
    /// As of [`register`](Self::register), but for the last.
    ///
    /// # Safety
    /// As of the [method of that name](CallbackObject::<C, Unregistered>::register_before_windows_8)
    /// with an altitude; the name in a [`LegacyPre`](crate::LegacyPre) or
    /// [`LegacyPost`](crate::LegacyPost) is a string of the operation, too.
    #[allow(
        unsafe_code,
        reason = "it makes a contract, and does nothing unsafe itself"
    )]
    pub unsafe fn register_before_windows_8(
        self,
        at: &Lifecycle<'_>,
    ) -> Result<CallbackObject<C, Registered>, RegisterError<C, UnregisteredLegacy>> {
        self.register_for(Inputs::Anywhere, at)
    }
}

impl Drop for Live {
    /// `CmUnRegisterCallback`: waits for callbacks in flight, and for the cleanup of every context
    /// that the cookie still holds (R4).
    ///
    /// On a thread that is inside this callback the wait would be for ever: a bug check instead.
    /// No method can own the object that it belongs to, so this takes a `static`; looking for it
    /// here costs the notifications nothing.
    #[inline(never)] // Called at a driver's end, and where its start fails.
    fn drop(&mut self) {
        if stack::is_caller(self.routine) {
            bug_check::stop(
                Bug::UnregisteredInsideCallback,
                [self.context.addr(), 0, 0, 0],
            );
        }
        let cookie = sys::LARGE_INTEGER {
            QuadPart: self.cookie,
        };
        // SAFETY: by the invariant the cookie is that of a registration; IRQL <= APC_LEVEL.
        let status = unsafe { sys::CmUnRegisterCallback(cookie) };
        if !NtStatus::from_raw(status).is_success() {
            // The kernel would go on calling into memory that is about to be freed.
            bug_check::stop(
                Bug::NotUnregistered,
                [self.context.addr(), status as usize, 0, 0],
            );
        }
    }
}
