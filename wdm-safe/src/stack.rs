//! What is on the current thread's stack.

use core::ffi::c_void;
use core::ptr;

use wdm_sys as sys;

/// How many frames are looked at, from the innermost out.
const FRAMES: usize = 62;

/// Whether a routine is among the callers of this code, as far as the stack can be walked and 62
/// frames reach. IRQL: `<= APC_LEVEL`.
///
/// It walks the stack by the image's unwind tables (`RtlCaptureStackBackTrace`,
/// `RtlLookupFunctionEntry`), so it costs microseconds; nothing on a hot path wants it.
///
/// - <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtlcapturestackbacktrace>
/// - <https://learn.microsoft.com/windows/win32/api/winnt/nf-winnt-rtllookupfunctionentry>
#[must_use]
pub fn is_caller(routine: *const ()) -> bool {
    let mut frames = [ptr::null_mut::<c_void>(); FRAMES];
    // SAFETY: there is room for that many addresses; the hash may be null.
    let captured = unsafe {
        sys::RtlCaptureStackBackTrace(0, FRAMES as u32, frames.as_mut_ptr(), ptr::null_mut())
    };
    frames.iter().take(usize::from(captured)).any(|frame| {
        let mut base = 0;
        // SAFETY: any address may be asked for; the table of past answers may be null.
        let entry =
            unsafe { sys::RtlLookupFunctionEntry(frame.addr() as u64, &mut base, ptr::null_mut()) };
        // SAFETY: null, or an entry of a loaded image's table.
        let entry = unsafe { entry.as_ref() };
        let start = entry.map(|entry| base.wrapping_add(u64::from(entry.BeginAddress)));
        start == Some(routine.addr() as u64)
    })
}
