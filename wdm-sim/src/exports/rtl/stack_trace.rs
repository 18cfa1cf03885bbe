//! Stack traces.
//!
//! Page: <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtlcapturestackbacktrace>.

use wdm_sys::PVOID;

use crate::call::Abi;
use crate::exports::exports;
use crate::machine::current;

exports! {
    /// The return addresses on the stack, the caller's first, after `skip` of them. The hash is their
    /// sum. For drivers that are linked in; `.sys` files, whose frames the host cannot unwind, get
    /// `seh`'s on x86_64 Linux, and an empty stack elsewhere.
    fn RtlCaptureStackBackTrace(
        skip: u32,
        count: u32,
        frames: *mut PVOID,
        hash: *mut u32,
    ) -> u16 {
        let thread = current(CALL);
        let mut captured = Vec::new();
        if thread.caller().abi == Abi::Host {
            let count = (count as usize).min(usize::from(u16::MAX));
            captured = callers(RtlCaptureStackBackTrace as *const (), skip as usize, count);
        }
        let mut sum = 0_u32;
        for (index, &address) in captured.iter().enumerate() {
            // SAFETY: the caller gave room for `count` addresses.
            unsafe { frames.wrapping_add(index).write(address) };
            sum = sum.wrapping_add(address.addr() as u32);
        }
        if !hash.is_null() {
            // SAFETY: the caller gave a place for the hash, or null.
            unsafe { hash.write(sum) };
        }
        captured.len() as u16
    }
}

/// The addresses on the stack above the frame of `routine`, `skip` of them left out.
fn callers(routine: *const (), skip: usize, count: usize) -> Vec<PVOID> {
    let mut all: Vec<(PVOID, PVOID)> = Vec::new();
    backtrace::trace(|frame| {
        all.push((frame.ip().cast(), frame.symbol_address().cast()));
        true
    });
    let own = all
        .iter()
        .position(|&(_, function)| function.cast_const().cast() == routine)
        .map_or(0, |at| at + 1);
    let above = all.into_iter().skip(own + skip).take(count);
    above.map(|(address, _)| address).collect()
}
