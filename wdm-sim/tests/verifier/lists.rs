//! Lookaside lists and memory descriptor lists.

use std::ptr::null_mut;

use wdm_sys::{_MDL as MDL, *};

use crate::subject::{Subject, call, cases};

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
    fn ExDeleteNPagedLookasideList(list: *mut List);
    fn IoAllocateMdl(
        address: PVOID,
        length: u32,
        secondary: BOOLEAN,
        charge_quota: BOOLEAN,
        irp: PIRP,
    ) -> *mut MDL;
    fn IoFreeMdl(list: *mut MDL);
    fn MmProbeAndLockPages(list: *mut MDL, mode: KPROCESSOR_MODE, operation: i32);
    fn MmUnlockPages(list: *mut MDL);
    fn MmMapLockedPagesSpecifyCache(
        list: *mut MDL,
        mode: KPROCESSOR_MODE,
        cache: i32,
        address: PVOID,
        bug_check: u32,
        priority: u32,
    ) -> PVOID;
}

cases! {
    lookaside_list_initialised_twice: LookasideList at "ExInitializeNPagedLookasideList" =
        Subject::entry(|_, wrong| {
            let list = lookaside_list();
            for _ in 0..1 + usize::from(wrong) {
                initialize(list);
            }
            call!(ExDeleteNPagedLookasideList(list));
        });

    lookaside_list_deleted_twice: LookasideList at "ExDeleteNPagedLookasideList" = Subject::entry(
        |_, wrong| {
            let list = lookaside_list();
            initialize(list);
            for _ in 0..1 + usize::from(wrong) {
                call!(ExDeleteNPagedLookasideList(list));
            }
        },
    );

    lookaside_list_left_behind: LookasideList at "DriverUnload" = Subject::entry(|_, wrong| {
        let list = lookaside_list();
        initialize(list);
        if !wrong {
            call!(ExDeleteNPagedLookasideList(list));
        }
    });

    pages_mapped_without_a_lock: Mdl at "MmMapLockedPagesSpecifyCache" = Subject::entry(
        |_, wrong| with_byte(|list| {
            if !wrong {
                lock(list);
            }
            let mapped = call!(MmMapLockedPagesSpecifyCache(list, 0, 1, null_mut(), 0, 16));
            assert_eq!(mapped.is_null(), wrong);
            if !wrong {
                call!(MmUnlockPages(list));
            }
            call!(IoFreeMdl(list));
        }),
    );

    pages_unlocked_twice: Mdl at "MmUnlockPages" = Subject::entry(
        |_, wrong| with_byte(|list| {
            lock(list);
            for _ in 0..1 + usize::from(wrong) {
                call!(MmUnlockPages(list));
            }
            call!(IoFreeMdl(list));
        }),
    );

    list_freed_with_locked_pages: Mdl at "IoFreeMdl" = Subject::entry(
        |_, wrong| with_byte(|list| {
            lock(list);
            if !wrong {
                call!(MmUnlockPages(list));
            }
            call!(IoFreeMdl(list));
        }),
    );

    list_that_is_not_freed: Mdl at "DriverUnload" = Subject::entry(
        |_, wrong| with_byte(|list| {
            if !wrong {
                call!(IoFreeMdl(list));
            }
        }),
    );
}

const TAG: u32 = u32::from_le_bytes(*b"Subj");

/// Memory for an `NPAGED_LOOKASIDE_LIST`.
#[repr(C, align(64))]
struct List([u64; 16]);

/// Memory for a lookaside list, which lives as long as the process.
fn lookaside_list() -> *mut List {
    Box::into_raw(Box::new(List([0; 16])))
}

fn initialize(list: *mut List) {
    let null = null_mut();
    call!(ExInitializeNPagedLookasideList(
        list, null, null, 0, 64, TAG, 0
    ));
}

/// Does something with a list that describes a byte.
fn with_byte(body: impl FnOnce(*mut MDL)) {
    let mut byte = 0_u8;
    let address = (&raw mut byte).cast();
    body(call!(IoAllocateMdl(address, 1, 0, 0, null_mut())));
}

/// Locks the pages, which are a driver's, for reading.
fn lock(list: *mut MDL) {
    call!(MmProbeAndLockPages(list, 0, 0));
}
