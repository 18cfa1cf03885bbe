//! Processors, of which the machine has one.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kequeryactiveprocessorcountex>,
//! `nf-wdm-kestallexecutionprocessor` and their neighbours.

use std::time::{Duration, Instant};

use crate::exports::exports;

exports! {
    /// The number of processors of a group, or of all.
    [undeclared]
    fn KeQueryActiveProcessorCountEx(_group: u16) -> u32 {
        1
    }

    /// The number of processors; `affinity`, if given, gets a bit for each.
    [undeclared]
    fn KeQueryActiveProcessorCount(affinity: *mut usize) -> u32 {
        if !affinity.is_null() {
            // SAFETY: the caller gave a place for it.
            unsafe { affinity.write(1) };
        }
        1
    }

    /// A bit for each processor.
    [undeclared]
    fn KeQueryActiveProcessors() -> usize {
        1
    }

    /// The number of processors that the machine can have.
    [undeclared]
    fn KeQueryMaximumProcessorCount() -> u32 {
        1
    }

    /// The number of processors that a group can have.
    [undeclared]
    fn KeQueryMaximumProcessorCountEx(_group: u16) -> u32 {
        1
    }

    /// The number of the processor that the thread runs on; `number`, if given, gets its group and its
    /// number in it.
    [undeclared]
    fn KeGetCurrentProcessorNumberEx(number: *mut [u16; 2]) -> u32 {
        if !number.is_null() {
            // SAFETY: the caller gave a place for it.
            unsafe { number.write([0; 2]) };
        }
        0
    }

    /// Keeps the processor busy for so many microseconds.
    [undeclared]
    fn KeStallExecutionProcessor(microseconds: u32) {
        let end = Instant::now() + Duration::from_micros(microseconds.into());
        while Instant::now() < end {
            std::hint::spin_loop();
        }
    }
}
