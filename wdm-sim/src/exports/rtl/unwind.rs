//! Which function an address belongs to.
//!
//! Page: <https://learn.microsoft.com/windows/win32/api/winnt/nf-winnt-rtllookupfunctionentry>.

use std::cell::Cell;

use wdm_sys::{PRUNTIME_FUNCTION, PULONG_PTR, PVOID, RUNTIME_FUNCTION, ULONG_PTR};

use crate::exports::exports;

thread_local! {
    /// The answer to this thread's last question.
    static ENTRY: Cell<RUNTIME_FUNCTION> = const { Cell::new(RUNTIME_FUNCTION { BeginAddress: 0 }) };
}

// A Windows host has the routine itself, and its own unwinder uses it: the symbol stays the host's.
#[cfg(not(windows))]
exports! {
    /// The unwind entry of the function that an address in a `.sys` file belongs to; of an address on
    /// the current thread's stack in a driver that is linked in, the start of the function; NULL for
    /// others.
    fn RtlLookupFunctionEntry(
        address: ULONG_PTR,
        base: PULONG_PTR,
        _history: PVOID,
    ) -> PRUNTIME_FUNCTION {
        // SAFETY: the caller gave a place for the base.
        unsafe { entry(address, base) }
    }
}

#[cfg(windows)]
exports! {
    /// As elsewhere, for `.sys` files.
    [sys_only] fn RtlLookupFunctionEntry(
        address: ULONG_PTR,
        base: PULONG_PTR,
        _history: PVOID,
    ) -> PRUNTIME_FUNCTION {
        // SAFETY: the caller gave a place for the base.
        unsafe { entry(address, base) }
    }
}

/// # Safety
/// `base` is null or valid for writes.
unsafe fn entry(address: ULONG_PTR, base: PULONG_PTR) -> PRUNTIME_FUNCTION {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    if let Some((image, function)) = crate::seh::function_entry(address) {
        if !base.is_null() {
            // SAFETY: valid for writes, says the caller.
            unsafe { base.write(image) };
        }
        return function.cast_mut().cast();
    }
    /// Functions are told apart by the distance from a base below them that fits 32 bits.
    const LOW: u64 = 0xFFFF_FFFF;
    let Some(start) = start_of(address) else {
        return std::ptr::null_mut();
    };
    if !base.is_null() {
        // SAFETY: valid for writes, says the caller.
        unsafe { base.write(start & !LOW) };
    }
    ENTRY.with(|entry| {
        entry.set(RUNTIME_FUNCTION {
            BeginAddress: (start & LOW) as u32,
        });
        entry.as_ptr()
    })
}

/// The start of the function in whose frame, on this thread's stack, execution will go on at an
/// address.
fn start_of(address: u64) -> Option<u64> {
    let mut start = None;
    backtrace::trace(|frame| {
        if frame.ip().addr() as u64 == address {
            start = Some(frame.symbol_address().addr() as u64);
        }
        start.is_none()
    });
    start
}
