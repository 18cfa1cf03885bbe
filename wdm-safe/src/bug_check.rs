//! Bug checks of these crates: where going on would break a promise, the machine stops with a code
//! that names the reason.

use wdm_sys as sys;

/// Why the machine stops. The numbers are what the debugger shows as the bug check's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Bug {
    /// A panic in a driver: 0x52555350. Parameters: address and length of the source file's name,
    /// line, column.
    RustPanic = 0x5255_5350,
    /// A registered callback object was dropped inside its own callback, where unregistering
    /// would wait for ever (R4): 0x52555234. Parameter: the callback's context.
    UnregisteredInsideCallback = 0x5255_5234,
    /// A worker was dropped inside its own handler, where waiting for its thread would be for
    /// ever: 0x5255574B. Parameter: the thread's id.
    StoppedInsideHandler = 0x5255_574B,
    /// The kernel refused to unregister a callback, so it would go on calling into memory that is
    /// about to be freed: 0x5255554E. Parameters: the callback's context, the status.
    NotUnregistered = 0x5255_554E,
    /// A driver goes and leaves something behind through which the kernel would call into its
    /// image, such as a registration that was forgotten: 0x5255554C. Parameter: how many; zero if
    /// the kernel has lost the driver's state.
    LeftBehind = 0x5255_554C,
}

/// Stops the machine (`KeBugCheckEx`). IRQL: any.
///
/// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kebugcheckex>
///
/// ```no_run
/// use wdm_safe::bug_check::{self, Bug};
///
/// # let left = 0;
/// bug_check::stop(Bug::LeftBehind, [left, 0, 0, 0]);
/// ```
pub fn stop(bug: Bug, parameters: [usize; 4]) -> ! {
    let [a, b, c, d] = parameters.map(|parameter| parameter as u64);
    // SAFETY: KeBugCheckEx has no preconditions; it does not return.
    unsafe { sys::KeBugCheckEx(bug as u32, a, b, c, d) }
}
