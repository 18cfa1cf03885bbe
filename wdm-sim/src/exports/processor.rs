//! Processors, of which the machine has one, and variants of routines that say who a call is for.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kequeryactiveprocessorcountex>,
//! `nf-wdm-kestallexecutionprocessor`, `nf-wdm-exallocatepoolwithquotatag`, `nf-wdm-obclosehandle` there.

use std::time::{Duration, Instant};

use wdm_sys::{HANDLE, KPROCESSOR_MODE, NTSTATUS, POOL_TYPE, PVOID, SIZE_T};

use super::ex::{ExAllocatePoolWithTag, ExFreePoolWithTag};
use super::raise::Raised;
use super::{exports, ntstatus, ob};
use crate::machine::{Mode, current, irql};
use crate::object::Handle;
use crate::status::Status;

/// `POOL_QUOTA_FAIL_INSTEAD_OF_RAISE`.
const FAIL_INSTEAD_OF_RAISE: POOL_TYPE = 8;

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

    /// Allocates pool memory that counts for the current process. There are no quotas, so it fails
    /// when the pool does: with an exception, unless the type says otherwise.
    [undeclared]
    fn ExAllocatePoolWithQuotaTag(pool: POOL_TYPE, size: SIZE_T, tag: u32) -> PVOID {
        let plain = pool & !FAIL_INSTEAD_OF_RAISE;
        // SAFETY: any type, size and tag are answered.
        let block = unsafe { ExAllocatePoolWithTag(plain, size, tag) };
        if block.is_null() && pool & FAIL_INSTEAD_OF_RAISE == 0 {
            let raised = Raised {
                status: Status::INSUFFICIENT_RESOURCES.0,
                parameters: Vec::new(),
                reason: "there is no memory, and POOL_QUOTA_FAIL_INSTEAD_OF_RAISE is not given"
                    .to_owned(),
            };
            raised.stop(&current(CALL), CALL)
        }
        block
    }

    /// Frees pool memory; the parameters say nothing here.
    [undeclared]
    fn ExFreePool2(block: PVOID, tag: u32, _parameters: PVOID, _count: u32) {
        // SAFETY: the caller gave a block.
        unsafe { ExFreePoolWithTag(block, tag) };
    }

    /// Closes a handle as a caller in the given mode would.
    [undeclared]
    fn ObCloseHandle(handle: HANDLE, mode: KPROCESSOR_MODE) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        let handle = Handle::from_raw(handle);
        if mode == Mode::User as KPROCESSOR_MODE && handle.is_kernel() {
            return Status::INVALID_HANDLE.0;
        }
        ntstatus(ob::close(&thread, CALL, handle))
    }

    /// Stops in the debugger. There is none, so it is an exception, `STATUS_BREAKPOINT`.
    [undeclared]
    fn DbgBreakPoint() {
        let raised = Raised {
            status: Raised::BREAKPOINT,
            parameters: Vec::new(),
            reason: "there is no debugger to stop in".to_owned(),
        };
        raised.stop(&current(CALL), CALL)
    }
}
