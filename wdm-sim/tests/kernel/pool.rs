//! Pool memory.

use wdm_sim::{Machine, Report, Rule};
use wdm_sys::{NonPagedPool, POOL_TYPE, PVOID};

use crate::support::{call, in_kernel, machine, on, only};

unsafe extern "system" {
    fn ExAllocatePoolWithQuotaTag(pool: POOL_TYPE, size: u64, tag: u32) -> PVOID;
}

const TAG: u32 = u32::from_le_bytes(*b"Pool");
const PAGED: u64 = wdm_sys::POOL_FLAG_PAGED;
const NON_PAGED: u64 = wdm_sys::POOL_FLAG_NON_PAGED;

fn allocate(size: u64) -> PVOID {
    let block = call!(ExAllocatePool2(PAGED, size, TAG));
    assert!(!block.is_null(), "there is memory");
    block
}

fn bytes<'a>(block: PVOID, size: usize) -> &'a mut [u8] {
    // SAFETY: the tests ask for bytes of a live block, one slice at a time.
    unsafe { std::slice::from_raw_parts_mut(block.cast(), size) }
}

/// What happens in a kernel-mode thread of a new machine.
fn report_of(body: impl FnOnce(&Machine)) -> Report {
    let machine = machine();
    in_kernel(&machine, || body(&machine));
    machine.report()
}

#[test]
fn blocks_are_aligned_and_usable_to_their_end() {
    let report = report_of(|_| {
        for size in [1, 15, 16, 17, 100, 4095, 4096, 5000, 1 << 20] {
            let block = allocate(size);
            let alignment = if size >= 4096 { 4096 } else { 16 };
            assert_eq!(block.addr() % alignment, 0, "{size} bytes");
            assert!(bytes(block, size as usize).iter().all(|&byte| byte == 0));
            bytes(block, size as usize).fill(0xAA);
            call!(ExFreePoolWithTag(block, TAG));
        }
    });
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    assert_eq!(
        (report.counters.pool_allocations, report.counters.pool_frees),
        (9, 9)
    );
}

#[test]
fn what_nobody_promised_to_be_zero_is_not() {
    let report = report_of(|_| {
        let uninitialized = PAGED | wdm_sys::POOL_FLAG_UNINITIALIZED;
        let blocks = [
            call!(ExAllocatePoolWithTag(wdm_sys::PagedPool, 8, TAG)),
            call!(ExAllocatePool2(uninitialized, 8, TAG)),
        ];
        for block in blocks {
            assert!(bytes(block, 8).iter().all(|&byte| byte != 0));
            call!(ExFreePoolWithTag(block, 0));
        }
    });
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
}

#[test]
fn wrong_parameters_give_null() {
    for (flags, size, tag) in [
        (PAGED, 0, TAG),
        (PAGED, 8, 0),
        (0, 8, TAG),
        (PAGED | NON_PAGED, 8, TAG),
    ] {
        let report = report_of(|_| assert!(call!(ExAllocatePool2(flags, size, tag)).is_null()));
        only(&report.findings, Rule::PoolParameter, "ExAllocatePool2");
    }
}

#[test]
fn a_size_that_nobody_has_gives_null() {
    let report = report_of(|_| {
        for size in [u64::MAX, u64::MAX - 15, 1 << 62] {
            assert!(call!(ExAllocatePool2(PAGED, size, TAG)).is_null());
        }
    });
    assert!(report.findings.is_empty());
    assert_eq!(report.counters.pool_allocations, 0);
}

#[test]
fn a_double_free_is_found() {
    let report = report_of(|_| {
        let block = allocate(24);
        call!(ExFreePoolWithTag(block, TAG));
        call!(ExFreePoolWithTag(block, TAG));
    });
    let finding = only(&report.findings, Rule::PoolDoubleFree, "ExFreePoolWithTag");
    assert!(finding.detail.contains("'Pool'"), "{finding}");
}

#[test]
fn foreign_pointers_are_found() {
    let on_stack = 0_u64;
    let report = report_of(|_| {
        let block = allocate(64);
        let inside = block.cast::<u8>().wrapping_add(16).cast();
        call!(ExFreePoolWithTag(inside, TAG));
        call!(ExFreePoolWithTag(
            (&raw const on_stack).cast_mut().cast(),
            TAG
        ));
        call!(ExFreePoolWithTag(std::ptr::null_mut(), TAG));
        call!(ExFreePoolWithTag(block, TAG));
    });
    assert_eq!(report.findings.len(), 2, "{:#?}", report.findings);
    assert!(
        report
            .findings
            .iter()
            .all(|finding| finding.rule == Rule::PoolForeign)
    );
    assert!(
        report.findings[0]
            .detail
            .contains("not a block's beginning")
    );
    assert_eq!(report.findings[1].times, 2, "equal findings are counted");
    assert_eq!(report.counters.pool_frees, 1);
}

#[test]
fn a_wrong_tag_is_found_and_the_block_freed() {
    let report = report_of(|_| {
        let block = allocate(24);
        call!(ExFreePoolWithTag(block, u32::from_le_bytes(*b"Loop")));
    });
    let finding = only(&report.findings, Rule::PoolTag, "ExFreePoolWithTag");
    assert!(
        finding.detail.contains("'Pool'") && finding.detail.contains("'Loop'"),
        "{finding}"
    );
    assert_eq!(report.counters.pool_frees, 1);
}

#[test]
fn a_write_past_the_end_is_found() {
    let report = report_of(|_| {
        let block = allocate(24);
        // SAFETY: the pool keeps some bytes behind a block for this.
        unsafe { block.cast::<u8>().wrapping_add(24).write(1) };
        call!(ExFreePoolWithTag(block, TAG));
    });
    only(&report.findings, Rule::PoolOverrun, "ExFreePoolWithTag");
}

#[test]
fn a_write_after_the_free_is_found() {
    let report = report_of(|_| {
        let block = allocate(24);
        call!(ExFreePoolWithTag(block, TAG));
        // SAFETY: the pool keeps a freed block for a while for this.
        unsafe { block.cast::<u8>().wrapping_add(8).write(1) };
    });
    only(
        &report.findings,
        Rule::PoolUseAfterFree,
        "ExFreePoolWithTag",
    );
}

#[test]
fn the_allocation_that_a_test_names_fails_once() {
    let report = report_of(|machine| {
        machine.fail_allocation(3);
        let blocks: Vec<_> = (0..5)
            .map(|_| call!(ExAllocatePoolWithTag(NonPagedPool, 8, TAG)))
            .collect();
        let failed: Vec<_> = blocks.iter().map(|block| block.is_null()).collect();
        assert_eq!(failed, [false, false, true, false, false]);
        for block in blocks.into_iter().filter(|block| !block.is_null()) {
            call!(ExFreePoolWithTag(block, TAG));
        }
        machine.fail_allocation(1);
        machine.fail_allocation(0);
        call!(ExFreePoolWithTag(allocate(1), TAG));
    });
    assert!(report.findings.is_empty());
    assert_eq!(report.counters.injected_failures, 1);
}

#[test]
fn threads_allocate_and_free_at_once() {
    let machine = machine();
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let machine = &machine;
            scope.spawn(move || {
                in_kernel(machine, || {
                    for round in 0..200 {
                        let size = 1 + round % 64;
                        let block = allocate(size as u64);
                        bytes(block, size).fill(thread);
                        assert!(bytes(block, size).iter().all(|&byte| byte == thread));
                        call!(ExFreePoolWithTag(block, TAG));
                    }
                });
            });
        }
    });
    let report = machine.report();
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    assert_eq!(
        (report.counters.pool_allocations, report.counters.pool_frees),
        (800, 800)
    );
}

#[test]
fn an_allocation_by_quota_fails_softly_where_that_is_asked_for() {
    let machine = machine();
    in_kernel(&machine, || {
        machine.fail_allocation(1);
        let soft = NonPagedPool | 8;
        assert!(on!(ExAllocatePoolWithQuotaTag(soft, 8, 1)).is_null());
        let block = on!(ExAllocatePoolWithQuotaTag(soft, 8, 1));
        // SAFETY: the routine gave the block.
        unsafe { wdm_sys::ExFreePoolWithTag(block, 1) };
    });
    assert_eq!(machine.report().findings, []);
}
