//! Pool memory.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exallocatepool2>,
//! `nf-wdm-exallocatepoolwithtag`, `nf-wdm-exfreepoolwithtag` there.

use std::ptr::{null_mut, with_exposed_provenance_mut};

use wdm_sys::{
    NonPagedPoolNx, POOL_FLAG_NON_PAGED, POOL_FLAG_PAGED, POOL_FLAGS, POOL_TYPE, PVOID, PagedPool,
    SIZE_T,
};

use super::raise::Raised;
use crate::exports::exports;
use crate::machine::{Counter, Thread, current, irql};
use crate::pool::{NotFreed, Tag};
use crate::status::Status;
use crate::verifier::Rule;

/// `POOL_FLAG_RAISE_ON_FAILURE`: raise an exception instead of returning NULL.
const POOL_FLAG_RAISE_ON_FAILURE: u64 = 0x20;
/// `POOL_RAISE_IF_ALLOCATION_FAILURE`, in a pool type.
const POOL_RAISE_IF_ALLOCATION_FAILURE: POOL_TYPE = 16;
/// `POOL_FLAG_NON_PAGED_EXECUTE`.
const POOL_FLAG_NON_PAGED_EXECUTE: u64 = 0x80;
exports! {
    /// Allocates pool memory. What it holds is undefined on NT; here it is zero, or a pattern.
    fn ExAllocatePoolWithTag(pool: POOL_TYPE, size: SIZE_T, tag: u32) -> PVOID {
        let thread = current(CALL);
        require_level(&thread, CALL, pool == PagedPool);
        if !has_pool(&thread, CALL, pool) {
            return null_mut();
        }
        if tag == 0 {
            thread.finding(Rule::PoolParameter, CALL, "the tag is 0; give four characters");
        }
        if pool & POOL_RAISE_IF_ALLOCATION_FAILURE != 0 {
            thread.faults.spare();
        }
        // NT gives the smallest block for a size of 0.
        let address = allocate(&thread, size.max(1), tag, is_executable(pool));
        // SAFETY: `allocate` gave that many bytes, or null.
        unsafe { fill(address, size, UNINITIALIZED) };
        address
    }

    /// Allocates non-paged pool memory.
    [undeclared]
    fn ExAllocatePool(pool: POOL_TYPE, size: SIZE_T) -> PVOID {
        let thread = current(CALL);
        require_level(&thread, CALL, pool == PagedPool);
        if !has_pool(&thread, CALL, pool) {
            return null_mut();
        }
        let tag = u32::from_le_bytes(*b"None");
        let address = allocate(&thread, size.max(1), tag, is_executable(pool));
        // SAFETY: `allocate` gave that many bytes, or null.
        unsafe { fill(address, size, UNINITIALIZED) };
        address
    }

    /// Allocates pool memory, zeroed unless `POOL_FLAG_UNINITIALIZED` is given. NULL for a size or
    /// a tag of 0 and for flags that do not name exactly one pool.
    fn ExAllocatePool2(flags: POOL_FLAGS, size: SIZE_T, tag: u32) -> PVOID {
        let thread = current(CALL);
        let pools = flags
            & (POOL_FLAG_NON_PAGED | POOL_FLAG_PAGED | POOL_FLAG_NON_PAGED_EXECUTE);
        require_level(&thread, CALL, pools == POOL_FLAG_PAGED);
        let wrong = match (size, tag) {
            (0, _) => Some("the size is 0"),
            (_, 0) => Some("the tag is 0"),
            _ if pools.count_ones() != 1 => Some("the flags do not name exactly one pool"),
            _ => None,
        };
        if let Some(wrong) = wrong {
            let detail = format!("{wrong} (flags {flags:#x}, size {size}, tag {tag:#x})");
            thread.finding(Rule::PoolParameter, CALL, detail);
            return null_mut();
        }
        if flags & POOL_FLAG_RAISE_ON_FAILURE != 0 {
            thread.faults.spare();
        }
        let address = allocate(&thread, size, tag, pools == POOL_FLAG_NON_PAGED_EXECUTE);
        if address.is_null() && flags & POOL_FLAG_RAISE_ON_FAILURE != 0 {
            let raised = Raised {
                status: Status::INSUFFICIENT_RESOURCES.0,
                parameters: Vec::new(),
                reason: "there is no memory, and POOL_FLAG_RAISE_ON_FAILURE is given".to_owned(),
            };
            raised.stop(&thread, CALL)
        }
        if flags & wdm_sys::POOL_FLAG_UNINITIALIZED != 0 {
            // SAFETY: `allocate` gave that many bytes, or null.
            unsafe { fill(address, size, UNINITIALIZED) };
        }
        address
    }

    /// Frees pool memory. A tag of 0 fits all blocks.
    fn ExFreePoolWithTag(address: PVOID, tag: u32) {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        free(&thread, CALL, address, tag);
    }

    /// Frees pool memory.
    [undeclared]
    fn ExFreePool(address: PVOID) {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        free(&thread, CALL, address, 0);
    }
}

/// What new memory holds that nobody promised to be zero, so that code which relies on zeroes is
/// seen to fail.
const UNINITIALIZED: u8 = 0xCD;

/// Fills `size` bytes.
///
/// # Safety
/// `address` is null, or leads to that many bytes that are the caller's.
unsafe fn fill(address: PVOID, size: SIZE_T, byte: u8) {
    if !address.is_null() {
        // SAFETY: by this function's contract.
        unsafe { address.cast::<u8>().write_bytes(byte, size as usize) };
    }
}

fn require_level(thread: &Thread, call: &'static str, paged: bool) {
    thread.require_irql(
        if paged {
            irql::APC_LEVEL
        } else {
            irql::DISPATCH_LEVEL
        },
        call,
    );
}

/// Whether a pool's memory is executable: non-paged memory, but for that of `NonPagedPoolNx`.
fn is_executable(pool: POOL_TYPE) -> bool {
    pool & (PagedPool | NonPagedPoolNx) == 0
}

/// Whether this Windows has the pool that is allocated from.
fn has_pool(thread: &Thread, call: &'static str, pool: POOL_TYPE) -> bool {
    let profile = thread.kernel().profile;
    let unknown = pool & NonPagedPoolNx != 0 && !profile.has_nx_pool();
    if unknown {
        let detail = format!(
            "pool type {pool} is NonPagedPoolNx, which came with win8, and this is {profile}; \
             choose NonPagedPool there by RtlGetVersion"
        );
        thread.finding(Rule::PoolParameter, call, detail);
    }
    !unknown
}

/// Allocates zeroed pool memory for the driver that runs.
fn allocate(thread: &Thread, size: SIZE_T, tag: u32, executable: bool) -> PVOID {
    let kernel = thread.kernel();
    let Ok(size) = usize::try_from(size) else {
        return null_mut();
    };
    if kernel.pool.must_fail() {
        kernel.counters.count(Counter::InjectedFailures);
        return null_mut();
    }
    if kernel.faults.allocation_fails(thread) {
        return null_mut();
    }
    let owner = thread.caller().driver;
    match kernel.pool.allocate(owner, size, Tag(tag)) {
        Some(address) => {
            kernel.counters.count(Counter::PoolAllocations);
            if executable {
                kernel.counters.count(Counter::PoolExecutable);
            }
            with_exposed_provenance_mut(address)
        }
        None => null_mut(),
    }
}

/// Allocates paged memory for the driver that runs, as a routine of the kernel does on its behalf.
pub(in crate::exports) fn allocate_paged(thread: &Thread, size: SIZE_T, tag: u32) -> PVOID {
    allocate(thread, size, tag, false)
}

/// Frees pool memory; all that is wrong with it is a finding.
fn free(thread: &Thread, call: &'static str, address: PVOID, tag: u32) {
    let kernel = thread.kernel();
    let tag = Tag(tag);
    let freed = match kernel.pool.free(address.addr()) {
        Ok(freed) => freed,
        Err(why) => {
            let (rule, detail) = match why {
                NotFreed::AlreadyFreed => (
                    Rule::PoolDoubleFree,
                    format!("a block with tag '{tag}' is freed a second time"),
                ),
                NotFreed::Inside => (
                    Rule::PoolForeign,
                    format!("the pointer, given with tag '{tag}', is not a block's beginning"),
                ),
                NotFreed::Foreign => (
                    Rule::PoolForeign,
                    format!("the pointer, given with tag '{tag}', is no pool block"),
                ),
            };
            return thread.finding(rule, call, detail);
        }
    };
    kernel.counters.count(Counter::PoolFrees);
    kernel
        .counters
        .add(Counter::ContextsReleased, u64::from(freed.detached));
    let size = freed.size;
    if tag.0 != 0 && tag != freed.tag {
        let detail = format!("a block with tag '{}' is freed with tag '{tag}'", freed.tag);
        thread.finding(Rule::PoolTag, call, detail);
    }
    if freed.overrun {
        let detail = format!(
            "a block of {size} bytes, tag '{}', was written past its end",
            freed.tag
        );
        thread.finding(Rule::PoolOverrun, call, detail);
    }
    if freed.attached > 0 {
        let detail = format!(
            "a key context of {size} bytes, tag '{}', is freed before its cleanup notification; \
             free it in RegNtCallbackObjectContextCleanup",
            freed.tag
        );
        thread.finding(Rule::C4, call, detail);
    }
}
