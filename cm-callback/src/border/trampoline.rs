//! The routine that the kernel calls: a class and a structure become a notification, the callback's
//! method is called, and its outcome becomes a status.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::NonNull;

use wdm_safe::{NtError, PoolBox};
use wdm_sys as sys;

use super::context::Chain;
use super::input::{Info, PostInfo};
use super::key::Key;
use super::registration::Shared;
use super::reply::Reply;
use crate::notification::{Cleanup, Post, Pre};
use crate::operation::{Operation, for_each_operation};
use crate::outcome::{PostAction, PostOutcome, PreAction, PreOutcome};
use crate::{NotifyClass, RegistryCallback};

/// The callback that is registered for `C` (`EX_CALLBACK_FUNCTION`).
///
/// # Safety
/// The kernel calls it: `context` is the [`Shared`] of a registration of `C`, which lives until the
/// registration ends (R4); `argument1` is a class and `argument2` its structure (N1), valid and
/// not written to by others during the call; the level is at most `APC_LEVEL`.
pub(crate) unsafe extern "system" fn trampoline<C: RegistryCallback>(
    context: *mut c_void,
    argument1: *mut c_void,
    argument2: *mut c_void,
) -> sys::NTSTATUS {
    // SAFETY: the context of this registration, which outlives the call.
    let Some(shared) = (unsafe { context.cast::<Shared<C>>().as_ref() }) else {
        return sys::STATUS_SUCCESS;
    };
    // The class is an enumeration, cast to a pointer.
    let class = argument1.addr() as sys::REG_NOTIFY_CLASS;
    macro_rules! dispatch {
        ($($(#[$doc:meta])* $operation:ident $pre:ident $post:ident { $($rest:tt)* })+) => {
            match class {
                $(
                    <crate::operation::$operation as Operation>::PRE => {
                        // SAFETY: this class comes with this operation's structure.
                        unsafe {
                            pre::<crate::operation::$operation, C>(
                                shared, argument2, |callback, op| callback.$pre(op))
                        }
                    }
                    <crate::operation::$operation as Operation>::POST => {
                        // SAFETY: this class comes with the post-information of this operation.
                        unsafe {
                            post::<crate::operation::$operation, C>(
                                shared, argument2, |callback, op| callback.$post(op))
                        }
                    }
                )+
                sys::RegNtCallbackObjectContextCleanup => {
                    // SAFETY: this class comes with the cleanup structure.
                    unsafe { cleanup(shared, argument2) };
                    sys::STATUS_SUCCESS
                }
                _ => {
                    shared.callback.unknown(NotifyClass(class));
                    sys::STATUS_SUCCESS
                }
            }
        };
    }
    for_each_operation!(dispatch)
}

/// A structure's address; none if it is null or misaligned, since then it is not the kernel's (P6).
pub(super) fn structure<T>(argument: *mut c_void) -> Option<NonNull<T>> {
    NonNull::new(argument.cast::<T>()).filter(|structure| structure.is_aligned())
}

/// A failure as the kernel is told it. By its number the word for "done by the driver" is one too;
/// it must not get out as a status.
pub(super) fn failure(error: NtError) -> sys::NTSTATUS {
    match error.raw() {
        sys::STATUS_CALLBACK_BYPASS => sys::STATUS_UNSUCCESSFUL,
        error => error,
    }
}

/// # Safety
/// `argument` is null, or the pre-information of an `O` for the notification under way.
#[inline]
unsafe fn pre<O: Operation, C: RegistryCallback>(
    shared: &Shared<C>,
    argument: *mut c_void,
    call: impl FnOnce(&C, Pre<'_, O, C>) -> PreOutcome<O, C>,
) -> sys::NTSTATUS {
    let Some(info) = structure::<O::Info>(argument) else {
        return sys::STATUS_SUCCESS;
    };
    let answered = Cell::new(false);
    // SAFETY: the kernel's structure, valid during the call; it is written to only below, when the
    // notification that borrows it has gone.
    let notification = unsafe { Info::new(info, &answered) };
    match call(&shared.callback, Pre::new(shared, notification)).0 {
        PreAction::Pass => sys::STATUS_SUCCESS,
        PreAction::PassWith(context) => {
            let context = PoolBox::into_raw(context).as_ptr().cast();
            let place = O::call_context(info.as_ptr());
            // SAFETY: a field of the kernel's structure, in which it takes the context (C5).
            unsafe { place.write(context) };
            sys::STATUS_SUCCESS
        }
        PreAction::Block(error) => failure(error),
        PreAction::Complete(_) if O::Reply::WRITTEN_BEFORE && !answered.get() => {
            sys::STATUS_UNSUCCESSFUL
        }
        PreAction::Complete(reply) => {
            // SAFETY: the kernel's structure, which nothing borrows any more.
            unsafe { reply.supply(info) };
            sys::STATUS_CALLBACK_BYPASS
        }
    }
}

/// # Safety
/// `argument` is null, or the post-information of an `O` for the notification under way.
#[inline]
unsafe fn post<O: Operation, C: RegistryCallback>(
    shared: &Shared<C>,
    argument: *mut c_void,
    call: impl FnOnce(&C, Post<'_, O, C>) -> PostOutcome<O, C>,
) -> sys::NTSTATUS {
    let Some(mut info) = structure::<sys::REG_POST_OPERATION_INFORMATION>(argument) else {
        return sys::STATUS_SUCCESS;
    };
    // SAFETY: the kernel's structure, valid during the call.
    let fields = unsafe { info.read() };
    let pre_info = structure::<O::Info>(fields.PreInformation);
    let answered = Cell::new(false);
    // SAFETY: the structure of the same operation, valid during the call; written to only below.
    let pre_notification = pre_info.map(|pre| unsafe { Info::new(pre, &answered) });
    let call_context = NonNull::new(fields.CallContext.cast::<C::CallContext>());
    // SAFETY: what the pre-notification of this operation handed over, and nothing else (C5).
    let call_context = call_context.map(|context| unsafe { PoolBox::from_raw(context) });
    // SAFETY: the kernel's structure for this notification, as read above.
    let fields = unsafe { PostInfo::new(fields) };
    let notification = Post::new(shared, fields, pre_notification, call_context);
    let outcome = call(&shared.callback, notification).0;
    // SAFETY: the kernel's structure, which nothing borrows any more.
    let info = unsafe { info.as_mut() };
    match outcome {
        PostAction::Keep => return sys::STATUS_SUCCESS,
        PostAction::Succeed(_) if O::Reply::WRITTEN_BEFORE && !answered.get() => {
            info.ReturnStatus = sys::STATUS_UNSUCCESSFUL;
        }
        // Where the object went to cannot be found.
        PostAction::Fail(_) if O::Reply::RETRACTED && pre_info.is_none() => {
            return sys::STATUS_SUCCESS;
        }
        PostAction::Fail(error) => {
            // SAFETY: both structures are the kernel's, for the same operation.
            unsafe { O::Reply::retract(info, pre_info) };
            info.ReturnStatus = failure(error);
        }
        PostAction::Succeed(reply) => {
            let Some(pre_info) = pre_info else {
                return sys::STATUS_SUCCESS;
            };
            // SAFETY: both structures are the kernel's, for the same operation.
            unsafe { O::Reply::retract(info, Some(pre_info)) };
            // SAFETY: the kernel's structure, which nothing borrows any more.
            let object = unsafe { reply.supply(pre_info) };
            if !object.is_null() {
                info.Object = object;
            }
            info.ReturnStatus = sys::STATUS_SUCCESS;
        }
    }
    sys::STATUS_CALLBACK_BYPASS
}

/// # Safety
/// `argument` is null, or the cleanup structure of the notification under way.
unsafe fn cleanup<C: RegistryCallback>(shared: &Shared<C>, argument: *mut c_void) {
    let Some(info) = structure::<sys::REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION>(argument) else {
        return;
    };
    // SAFETY: the kernel's structure, valid during the call.
    let info = unsafe { info.read() };
    // SAFETY: the newest context of this object and cookie; nothing uses the chain any more (C3).
    let contexts = unsafe { Chain::new(info.ObjectContext) };
    // SAFETY: the object of the notification; its context is not looked at through it.
    let key = unsafe { Key::new(info.Object, core::ptr::null_mut()) };
    shared
        .callback
        .context_cleanup(Cleanup::new(key, &contexts));
}
