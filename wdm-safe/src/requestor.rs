//! Who asks: process, thread and processor mode of the current thread.

use wdm_sys as sys;

/// The id of the current process (`PsGetCurrentProcessId`). IRQL: any.
#[must_use]
pub fn process_id() -> usize {
    // SAFETY: no preconditions.
    unsafe { sys::PsGetCurrentProcessId() }.addr()
}

/// The id of the current thread (`PsGetCurrentThreadId`). IRQL: any.
#[must_use]
pub fn thread_id() -> usize {
    // SAFETY: no preconditions.
    unsafe { sys::PsGetCurrentThreadId() }.addr()
}

/// The mode from which the current system service was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreviousMode {
    /// By a driver or the kernel.
    Kernel,
    /// By an application.
    User,
}

/// The mode from which the current system service was called (`ExGetPreviousMode`). IRQL:
/// `<= DISPATCH_LEVEL`.
#[must_use]
pub fn previous_mode() -> PreviousMode {
    // SAFETY: no preconditions.
    let mode = unsafe { sys::ExGetPreviousMode() };
    if i32::from(mode) == sys::KernelMode as i32 {
        PreviousMode::Kernel
    } else {
        PreviousMode::User
    }
}
