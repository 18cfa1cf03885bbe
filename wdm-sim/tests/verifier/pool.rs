//! Pool memory: leaked, freed twice or wrongly, written where it is not the driver's.

use wdm_sys::*;

use crate::subject::{Subject, call, cases};

const TAG: u32 = u32::from_le_bytes(*b"Subj");
const OTHER: u32 = u32::from_le_bytes(*b"Othr");

cases! {
    leaked: PoolLeak at "DriverUnload" = Subject::entry(|_, wrong| {
        let block = allocate(8);
        if !wrong {
            free(block);
        }
    });

    freed_twice: PoolDoubleFree at "ExFreePoolWithTag" = Subject::entry(|_, wrong| {
        let block = allocate(8);
        free(block);
        if wrong {
            free(block);
        }
    });

    freed_at_its_middle: PoolForeign at "ExFreePoolWithTag" = Subject::entry(|_, wrong| {
        let block = allocate(64);
        if wrong {
            free(block.cast::<u8>().wrapping_add(16).cast());
        }
        free(block);
    });

    freed_with_another_tag: PoolTag at "ExFreePoolWithTag" = Subject::entry(|_, wrong| {
        let tag = if wrong { OTHER } else { TAG };
        call!(ExFreePoolWithTag(allocate(8), tag));
    });

    written_past_its_end: PoolOverrun at "ExFreePoolWithTag" = Subject::entry(|_, wrong| {
        let block = allocate(8);
        fill(block, 8 + usize::from(wrong));
        free(block);
    });

    written_after_it_was_freed: PoolUseAfterFree at "ExFreePoolWithTag" = Subject::entry(
        |_, wrong| {
            let block = allocate(8);
            if !wrong {
                fill(block, 8);
            }
            free(block);
            if wrong {
                fill(block, 8);
            }
        },
    );

    allocated_without_a_size: PoolParameter at "ExAllocatePool2" = Subject::entry(|_, wrong| {
        let size = u64::from(!wrong);
        let block = call!(ExAllocatePool2(POOL_FLAG_PAGED, size, TAG));
        assert_eq!(block.is_null(), wrong);
        if !wrong {
            free(block);
        }
    });
}

/// A pool block.
pub(crate) fn allocate(size: u64) -> PVOID {
    let block = call!(ExAllocatePool2(POOL_FLAG_PAGED, size, TAG));
    assert!(!block.is_null());
    block
}

pub(crate) fn free(block: PVOID) {
    call!(ExFreePoolWithTag(block, TAG));
}

/// Writes to a block's first bytes.
fn fill(block: PVOID, count: usize) {
    // SAFETY: the simulator watches a few bytes behind a block, and keeps a freed one for a while, so
    // that this is seen and harms nobody.
    unsafe { block.cast::<u8>().write_bytes(1, count) };
}
