//! A worker's thread: started, and waited for.

use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering;

use wdm_sys as sys;

use super::{Delivery, Shared};
use crate::bug_check::{self, Bug};
use crate::handle::Handle;
use crate::{NtError, NtStatus, Passive, PoolBox, Result};

/// All rights to a thread (`THREAD_ALL_ACCESS`).
const ALL_ACCESS: u32 = 0x001F_FFFF;

/// A thread that is running or has ended. Dropping it waits until it has ended; whoever drops it has
/// told it to.
///
/// # Invariants
/// `object` is the thread object, of which this value holds a reference.
pub(super) struct Thread {
    object: NonNull<c_void>,
}

// SAFETY: a thread object belongs to no thread.
unsafe impl Send for Thread {}
// SAFETY: `&Thread` allows nothing.
unsafe impl Sync for Thread {}

/// What the thread is started with.
struct Start<T, H> {
    /// The worker's, which waits for the thread before it goes.
    shared: NonNull<Shared<T>>,
    handler: H,
}

/// Starts a thread that runs `shared` with `handler`. It uses `shared` until it has ended.
///
/// # Errors
/// `STATUS_INSUFFICIENT_RESOURCES`, or what the kernel says.
pub(super) fn start<T, H>(
    shared: &PoolBox<Shared<T>>,
    handler: H,
    at: Passive<'_>,
) -> Result<Thread>
where
    T: Send + 'static,
    H: FnMut(Delivery<T>, Passive<'_>) + Send + 'static,
{
    let start = PoolBox::into_raw(PoolBox::try_new(Start {
        shared: NonNull::from(&**shared),
        handler,
    })?);
    let mut attributes = sys::OBJECT_ATTRIBUTES {
        Length: const { size_of::<sys::OBJECT_ATTRIBUTES>() as u32 },
        RootDirectory: ptr::null_mut(),
        ObjectName: ptr::null_mut(),
        Attributes: sys::OBJ_KERNEL_HANDLE,
        SecurityDescriptor: ptr::null_mut(),
        SecurityQualityOfService: ptr::null_mut(),
    };
    let mut handle = ptr::null_mut();
    // SAFETY: the attributes outlive the call; the thread gets the start's memory, which the worker's
    // shared memory outlives; the level is PASSIVE_LEVEL by the token.
    let status = unsafe {
        sys::PsCreateSystemThread(
            &mut handle,
            ALL_ACCESS,
            &mut attributes,
            ptr::null_mut(),
            ptr::null_mut(),
            Some(routine::<T, H>),
            start.as_ptr().cast(),
        )
    };
    if let Err(error) = NtStatus::from_raw(status).to_result() {
        // SAFETY: there is no thread, so the start's memory is this function's again.
        drop(unsafe { PoolBox::from_raw(start) });
        return Err(error);
    }
    // From here on the thread runs, and must not be left to itself.
    // SAFETY: a kernel handle that the kernel has just opened for this call.
    let handle = unsafe { Handle::from_raw(handle) };
    let left_behind =
        |error: NtError| -> ! { bug_check::stop(Bug::LeftBehind, [error.raw() as usize, 0, 0, 0]) };
    let Some(handle) = handle else {
        left_behind(NtError::INVALID_HANDLE)
    };
    match object(&handle) {
        // INVARIANT: the thread's object, referenced.
        Ok(object) => Ok(Thread { object }),
        Err(error) => {
            shared.tell_to_stop();
            // If that fails too, the kernel has lost the thread that it has just made.
            wait_for(&handle, at).unwrap_or_else(|error| left_behind(error));
            Err(error)
        }
    }
}

/// Waits until the thread behind a handle has ended.
fn wait_for(handle: &Handle, _at: Passive<'_>) -> Result<()> {
    // SAFETY: the handle is open; without a limit there is no time; PASSIVE_LEVEL by the token.
    let status = unsafe { sys::ZwWaitForSingleObject(handle.raw(), 0, ptr::null_mut()) };
    NtStatus::from_raw(status).to_result()
}

/// The thread object behind a handle, referenced.
fn object(handle: &Handle) -> Result<NonNull<c_void>> {
    let mut object = ptr::null_mut();
    // SAFETY: the handle is open; in kernel mode neither rights nor type are looked at; the only
    // caller is at PASSIVE_LEVEL.
    let status = unsafe {
        sys::ObReferenceObjectByHandle(
            handle.raw(),
            ALL_ACCESS,
            ptr::null_mut(),
            sys::KernelMode as sys::KPROCESSOR_MODE,
            &mut object,
            ptr::null_mut(),
        )
    };
    NtStatus::from_raw(status).to_result()?;
    NonNull::new(object).ok_or(NtError::INVALID_HANDLE)
}

impl Drop for Thread {
    fn drop(&mut self) {
        // SAFETY: by the invariant a thread object; code of these crates runs at APC_LEVEL or below,
        // where a wait without a limit is allowed. It ends when the thread has, since that has been
        // told to.
        let _ = unsafe {
            sys::KeWaitForSingleObject(
                self.object.as_ptr(),
                sys::Executive,
                sys::KernelMode as sys::KPROCESSOR_MODE,
                0,
                ptr::null_mut(),
            )
        };
        // SAFETY: by the invariant this value holds a reference; IRQL <= APC_LEVEL.
        unsafe { sys::ObfDereferenceObject(self.object.as_ptr()) };
    }
}

/// The id of this thread; no thread has 0.
pub(super) fn current_id() -> usize {
    // SAFETY: PsGetCurrentThreadId has no preconditions.
    unsafe { sys::PsGetCurrentThreadId() }.addr()
}

/// The thread's body (`KSTART_ROUTINE`). It ends the thread by returning, upon which the kernel
/// terminates it.
///
/// # Safety
/// The kernel calls it once, at `PASSIVE_LEVEL`, with the context that [`start`] gave it, whose
/// shared memory outlives the thread.
unsafe extern "system" fn routine<T, H>(context: *mut c_void)
where
    T: Send + 'static,
    H: FnMut(Delivery<T>, Passive<'_>) + Send + 'static,
{
    let Some(start) = NonNull::new(context.cast::<Start<T, H>>()) else {
        return;
    };
    // SAFETY: `start` gave the memory up to this thread.
    let start = unsafe { PoolBox::from_raw(start) };
    let Start {
        shared,
        mut handler,
    } = PoolBox::into_inner(start);
    // SAFETY: by this function's contract.
    let shared = unsafe { shared.as_ref() };
    shared.thread_id.store(current_id(), Ordering::Relaxed);
    // SAFETY: by this function's contract.
    let at = unsafe { Passive::new_unchecked() };
    shared.run(&mut handler, at);
}
