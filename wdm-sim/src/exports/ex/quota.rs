//! Pool memory that counts for a process, and freeing with parameters.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exallocatepoolwithquotatag>,
//! `nf-wdm-exfreepool2` there.

use wdm_sys::{POOL_TYPE, PVOID, SIZE_T};

use super::pool::{ExAllocatePoolWithTag, ExFreePoolWithTag};
use super::raise::Raised;
use crate::exports::exports;
use crate::machine::current;
use crate::status::Status;

/// `POOL_QUOTA_FAIL_INSTEAD_OF_RAISE`.
const FAIL_INSTEAD_OF_RAISE: POOL_TYPE = 8;

exports! {
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
}
