//! Lookaside lists, used as the functions of `wdm.h` use them.

use std::ptr::{null_mut, with_exposed_provenance_mut};
use std::sync::atomic::{AtomicU32, Ordering};

use wdm_sim::Rule;
use wdm_sys::{NonPagedPool, POOL_TYPE, PVOID, PagedPool, SIZE_T};

use crate::slist::{ExQueryDepthSList, ExpInterlockedPopEntrySList, ExpInterlockedPushEntrySList};
use crate::support::{SUCCESS, call, entry, findings_of, in_kernel, machine, on, only};

/// `GENERAL_LOOKASIDE`.
#[repr(C, align(64))]
struct List {
    head: [*mut u8; 2],
    depth: u16,
    most: u16,
    allocations: u32,
    allocation_misses: u32,
    frees: u32,
    free_misses: u32,
    pool: POOL_TYPE,
    tag: u32,
    size: u32,
    allocate: Option<unsafe extern "system" fn(POOL_TYPE, SIZE_T, u32, *mut List) -> PVOID>,
    free: Option<unsafe extern "system" fn(PVOID, *mut List)>,
    rest: [u64; 4],
}

unsafe extern "system" {
    fn ExInitializeNPagedLookasideList(
        list: *mut List,
        allocate: PVOID,
        free: PVOID,
        flags: u32,
        size: SIZE_T,
        tag: u32,
        depth: u16,
    );
    fn ExInitializePagedLookasideList(
        list: *mut List,
        allocate: PVOID,
        free: PVOID,
        flags: u32,
        size: SIZE_T,
        tag: u32,
        depth: u16,
    );
    fn ExInitializeLookasideListEx(
        list: *mut List,
        allocate: PVOID,
        free: PVOID,
        pool: POOL_TYPE,
        flags: u32,
        size: SIZE_T,
        tag: u32,
        depth: u16,
    ) -> i32;
    fn ExDeleteNPagedLookasideList(list: *mut List);
    fn ExDeletePagedLookasideList(list: *mut List);
    fn ExDeleteLookasideListEx(list: *mut List);
    fn ExFlushLookasideListEx(list: *mut List);
}

const TAG: u32 = u32::from_le_bytes(*b"Look");

impl List {
    fn new() -> Box<Self> {
        Box::new(Self {
            head: [null_mut(); 2],
            depth: 0,
            most: 0,
            allocations: 7,
            allocation_misses: 7,
            frees: 7,
            free_misses: 7,
            pool: 0,
            tag: 0,
            size: 0,
            allocate: None,
            free: None,
            rest: [0; 4],
        })
    }

    fn non_paged(size: SIZE_T) -> Box<Self> {
        let mut list = Self::new();
        on!(ExInitializeNPagedLookasideList(
            &raw mut *list,
            null_mut(),
            null_mut(),
            0,
            size,
            TAG,
            0
        ));
        list
    }

    /// `ExAllocateFromNPagedLookasideList` and its like.
    fn take(&mut self) -> PVOID {
        let list = &raw mut *self;
        self.allocations += 1;
        let kept: PVOID = on!(ExpInterlockedPopEntrySList(list.cast())).cast();
        if !kept.is_null() {
            return kept;
        }
        self.allocation_misses += 1;
        let allocate = self.allocate.expect("initialised");
        let (pool, size, tag) = (self.pool, SIZE_T::from(self.size), self.tag);
        on!(allocate(pool, size, tag, list))
    }

    /// `ExFreeToNPagedLookasideList` and its like.
    fn give_back(&mut self, block: PVOID) {
        let list = &raw mut *self;
        self.frees += 1;
        if on!(ExQueryDepthSList(list.cast())) < self.depth {
            on!(ExpInterlockedPushEntrySList(list.cast(), block.cast()));
            return;
        }
        self.free_misses += 1;
        let free = self.free.expect("initialised");
        on!(free(block, list));
    }
}

#[test]
fn a_block_that_was_given_back_is_the_next_one() {
    let machine = machine();
    in_kernel(&machine, || {
        let mut list = List::non_paged(100);
        assert_eq!((list.size, list.tag), (100, TAG));
        let first = list.take();
        list.give_back(first);
        assert_eq!(list.take(), first);
        assert_eq!((list.allocations, list.allocation_misses), (2, 1));
        list.give_back(first);
        on!(ExDeleteNPagedLookasideList(&raw mut *list));
    });
    let report = machine.report();
    assert_eq!(report.findings, []);
    assert_eq!(report.counters.pool_allocations, 1);
    assert_eq!(report.counters.pool_frees, 1);
}

#[test]
fn what_a_full_list_gets_is_freed_at_once_and_the_rest_when_it_is_deleted() {
    let machine = machine();
    in_kernel(&machine, || {
        let mut list = List::new();
        on!(ExInitializePagedLookasideList(
            &raw mut *list,
            null_mut(),
            null_mut(),
            0,
            64,
            TAG,
            0
        ));
        assert_eq!(list.pool, PagedPool);
        let count = u32::from(list.depth) + 3;
        let blocks: Vec<PVOID> = (0..count).map(|_| list.take()).collect();
        for block in blocks {
            list.give_back(block);
        }
        assert_eq!((list.frees, list.free_misses), (count, 3));
        on!(ExDeletePagedLookasideList(&raw mut *list));
    });
    let counters = machine.report().counters;
    assert_eq!(counters.pool_allocations, counters.pool_frees);
}

#[test]
fn an_extended_lists_functions_get_the_list() {
    static ALLOCATED: AtomicU32 = AtomicU32::new(0);
    static FREED: AtomicU32 = AtomicU32::new(0);
    unsafe extern "system" fn allocate(
        pool: POOL_TYPE,
        size: SIZE_T,
        tag: u32,
        list: *mut List,
    ) -> PVOID {
        ALLOCATED.fetch_add(1, Ordering::Relaxed);
        // `POOL_RAISE_IF_ALLOCATION_FAILURE`
        assert_eq!((pool, size, tag), (NonPagedPool | 16, 32, TAG));
        assert!(!list.is_null());
        call!(ExAllocatePoolWithTag(NonPagedPool, size, tag))
    }
    unsafe extern "system" fn free(block: PVOID, list: *mut List) {
        FREED.fetch_add(1, Ordering::Relaxed);
        assert!(!list.is_null());
        call!(ExFreePoolWithTag(block, TAG));
    }
    let machine = machine();
    in_kernel(&machine, || {
        let mut list = List::new();
        let initialize = |list: &mut List, flags| {
            let functions = [allocate as *const (), free as *const ()];
            let [allocate, free] =
                functions.map(|it| with_exposed_provenance_mut(it.expose_provenance()));
            on!(ExInitializeLookasideListEx(
                list,
                allocate,
                free,
                NonPagedPool,
                flags,
                32,
                TAG,
                0
            ))
        };
        let both = initialize(&mut list, 3);
        assert_eq!(both, 0xC000_00F3_u32 as i32, "the flags exclude each other");
        assert_eq!(initialize(&mut list, 1), SUCCESS);
        for _ in 0..2 {
            let block = list.take();
            list.give_back(block);
            on!(ExFlushLookasideListEx(&raw mut *list));
        }
        let block = list.take();
        list.give_back(block);
        on!(ExDeleteLookasideListEx(&raw mut *list));
    });
    assert_eq!(machine.report().findings, []);
    let calls = [&ALLOCATED, &FREED].map(|it| it.load(Ordering::Relaxed));
    assert_eq!(calls, [3, 3]);
}

#[test]
fn parameters_are_checked() {
    let machine = machine();
    in_kernel(&machine, || {
        let mut list = List::non_paged(8);
        assert_eq!(list.size, 16);
        on!(ExDeleteNPagedLookasideList(&raw mut *list));
    });
    let findings = machine.report().findings;
    let finding = only(
        &findings,
        Rule::Parameter,
        "ExInitializeNPagedLookasideList",
    );
    assert!(finding.detail.contains("the size is 8"), "{finding}");
}

#[test]
fn a_list_is_deleted_once() {
    let machine = machine();
    in_kernel(&machine, || {
        let mut list = List::non_paged(64);
        on!(ExDeleteNPagedLookasideList(&raw mut *list));
        on!(ExDeleteNPagedLookasideList(&raw mut *list));
    });
    let findings = machine.report().findings;
    only(
        &findings,
        Rule::LookasideList,
        "ExDeleteNPagedLookasideList",
    );
}

#[test]
fn a_list_that_its_driver_leaves_is_found() {
    entry! {
        fn driver(driver) {
            Box::leak(List::non_paged(64));
            SUCCESS
        }
    }
    let findings = findings_of(driver);
    only(&findings, Rule::LookasideList, "DriverUnload");
}
