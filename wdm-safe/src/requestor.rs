//! Who asks: process, thread and processor mode of the current thread.
//!
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-psgetcurrentprocessid>
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-psgetcurrentthreadid>
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exgetpreviousmode>
//!
//! ```
//! # let machine = wdm_sim::Machine::builder().build()?;
//! # let process = machine.system_process(); let _thread = process.enter();
//! use wdm_safe::requestor::{self, PreviousMode};
//!
//! let (process, thread) = (requestor::process_id(), requestor::thread_id());
//! wdm_safe::info!("thread {thread} of process {process}");
//! assert_eq!(requestor::previous_mode(), PreviousMode::Kernel);
//! # assert_eq!(process, 4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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

/// The mode from which the current system service was called (`KPROCESSOR_MODE`).
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
