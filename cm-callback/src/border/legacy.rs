//! The routine that the kernel calls for a callback without an altitude.

use core::ffi::c_void;
use core::marker::PhantomData;

use wdm_safe::{ApcLevel, UnicodeStr};
use wdm_sys as sys;

use super::registration::Shared;
use super::trampoline::{failure, structure};
use crate::LegacyCallback;
use crate::legacy::{LegacyOutcome, LegacyPost, LegacyPre};

/// The structure of an older pre-notification.
///
/// # Invariants
/// `name` is null, or the string of the notification of `'n`.
pub(crate) struct PreFields<'n> {
    name: *const sys::UNICODE_STRING,
    /// Neither `Send` nor `Sync`.
    _notification: PhantomData<(&'n (), *mut ())>,
}

impl<'n> PreFields<'n> {
    /// The path; empty if there is none.
    pub(crate) fn complete_name(&self) -> &'n UnicodeStr {
        // SAFETY: by the invariant null or a string for all of 'n.
        let name = unsafe { UnicodeStr::from_raw(self.name) };
        name.unwrap_or(UnicodeStr::new(&[]))
    }

    /// Proof of the level at which every notification comes (N1).
    pub(crate) fn level(&self) -> ApcLevel<'n> {
        // SAFETY: the kernel calls registry callbacks at APC_LEVEL or below, and by the invariant
        // the call lasts for all of 'n.
        unsafe { ApcLevel::new_unchecked() }
    }
}

/// The structure of an older post-notification.
pub(crate) struct PostFields<'n> {
    pre: PreFields<'n>,
    object: *mut c_void,
    status: sys::NTSTATUS,
}

impl<'n> PostFields<'n> {
    pub(crate) fn complete_name(&self) -> &'n UnicodeStr {
        self.pre.complete_name()
    }

    pub(crate) fn status(&self) -> sys::NTSTATUS {
        self.status
    }

    pub(crate) fn object(&self) -> usize {
        self.object.addr()
    }
}

/// The callback that is registered for `C` without an altitude (`EX_CALLBACK_FUNCTION`).
///
/// # Safety
/// As of [`trampoline`](super::trampoline::trampoline).
pub(crate) unsafe extern "system" fn trampoline<C: LegacyCallback>(
    context: *mut c_void,
    argument1: *mut c_void,
    argument2: *mut c_void,
) -> sys::NTSTATUS {
    // SAFETY: the context of this registration, which outlives the call.
    let Some(shared) = (unsafe { context.cast::<Shared<C>>().as_ref() }) else {
        return sys::STATUS_SUCCESS;
    };
    let callback = &shared.callback;
    match argument1.addr() as sys::REG_NOTIFY_CLASS {
        sys::RegNtPreCreateKey => {
            // SAFETY: this class comes with the older pre-information.
            unsafe { pre(argument2, |op| callback.pre_create(op)) }
        }
        sys::RegNtPreOpenKey => {
            // SAFETY: as above.
            unsafe { pre(argument2, |op| callback.pre_open(op)) }
        }
        sys::RegNtPostCreateKey => {
            // SAFETY: this class comes with the older post-information.
            unsafe { post(argument2, |op| callback.post_create(op)) }
        }
        sys::RegNtPostOpenKey => {
            // SAFETY: as above.
            unsafe { post(argument2, |op| callback.post_open(op)) }
        }
        _ => {
            // SAFETY: the caller's promise is the same.
            unsafe { super::trampoline::trampoline::<C>(context, argument1, argument2) }
        }
    }
}

/// # Safety
/// `argument` is null, or the older pre-information of the notification under way.
unsafe fn pre(
    argument: *mut c_void,
    call: impl FnOnce(LegacyPre<'_>) -> LegacyOutcome,
) -> sys::NTSTATUS {
    let Some(info) = structure::<sys::REG_PRE_CREATE_KEY_INFORMATION>(argument) else {
        return sys::STATUS_SUCCESS;
    };
    // SAFETY: the kernel's structure, valid during the call.
    let info = unsafe { info.read() };
    // INVARIANT: as the caller vouches; the notification ends with `call`.
    let fields = PreFields {
        name: info.CompleteName,
        _notification: PhantomData,
    };
    call(LegacyPre(fields))
        .0
        .map_or(sys::STATUS_SUCCESS, failure)
}

/// # Safety
/// `argument` is null, or the older post-information of the notification under way.
unsafe fn post(argument: *mut c_void, call: impl FnOnce(LegacyPost<'_>)) -> sys::NTSTATUS {
    if let Some(info) = structure::<sys::REG_POST_CREATE_KEY_INFORMATION>(argument) {
        // SAFETY: the kernel's structure, valid during the call.
        let info = unsafe { info.read() };
        // INVARIANT: as the caller vouches; the notification ends with `call`.
        let pre = PreFields {
            name: info.CompleteName,
            _notification: PhantomData,
        };
        call(LegacyPost(PostFields {
            pre,
            object: info.Object,
            status: info.Status,
        }));
    }
    sys::STATUS_SUCCESS
}
