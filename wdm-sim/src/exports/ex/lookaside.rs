//! Lookaside lists: blocks of one size that are kept for the next who needs one.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exinitializenpagedlookasidelist>,
//! `nf-wdm-exinitializelookasidelistex` and their neighbours.
//!
//! Taking a block and giving it back are functions of `wdm.h`: compiled into drivers, they count in
//! the list's structure, use its interlocked list and call through its pointers. So the structure is
//! that of 64-bit Windows, and the pointers have the driver's own convention.

use std::mem::offset_of;

use wdm_sys::{NTSTATUS, POOL_TYPE, PVOID, PagedPool, SIZE_T};

use super::slist::{Header, pop};
use crate::call::{self, Code};
use crate::exports::{address, exports};
use crate::machine::{Thread, current, irql};
use crate::status::Status;
use crate::verifier::Rule;

/// The smallest block, which has to hold a list entry (`LOOKASIDE_MINIMUM_BLOCK_SIZE`).
const SMALLEST: u32 = 16;
/// How many blocks a list keeps, and how many it may come to keep.
const DEPTH: u16 = 4;
const MOST: u16 = 256;

/// `POOL_QUOTA_FAIL_INSTEAD_OF_RAISE`, `POOL_RAISE_IF_ALLOCATION_FAILURE`, `POOL_NX_ALLOCATION`.
const FAIL_INSTEAD_OF_RAISE: u32 = 8;
const RAISE_ON_FAILURE: u32 = 16;
const NX: u32 = 512;

/// `EX_LOOKASIDE_LIST_EX_FLAGS_*`.
const EX_RAISE_ON_FAIL: u32 = 1;
const EX_FAIL_NO_RAISE: u32 = 2;

/// `GENERAL_LOOKASIDE`. `NPAGED_LOOKASIDE_LIST` and `PAGED_LOOKASIDE_LIST` are one with padding to
/// cache lines behind it, `LOOKASIDE_LIST_EX` is one without.
#[repr(C, align(16))]
pub(super) struct Lookaside {
    list: Header,
    depth: u16,
    most: u16,
    allocations: u32,
    allocation_misses: u32,
    frees: u32,
    free_misses: u32,
    pool: POOL_TYPE,
    tag: u32,
    size: u32,
    allocate: usize,
    free: usize,
    _entry: [usize; 2],
    _last: [u32; 2],
    _future: [u32; 2],
}

const _: () = {
    assert!(offset_of!(Lookaside, depth) == 0x10);
    assert!(offset_of!(Lookaside, allocation_misses) == 0x18);
    assert!(offset_of!(Lookaside, pool) == 0x24);
    assert!(offset_of!(Lookaside, size) == 0x2C);
    assert!(offset_of!(Lookaside, allocate) == 0x30);
    assert!(offset_of!(Lookaside, free) == 0x38);
    assert!(size_of::<Lookaside>() == 0x60);
};

exports! {
    /// Initialises a list of non-paged blocks.
    [undeclared]
    fn ExInitializeNPagedLookasideList(
        list: *mut Lookaside,
        allocate: PVOID,
        free: PVOID,
        flags: u32,
        size: SIZE_T,
        tag: u32,
        depth: u16,
    ) {
        let thread = current(CALL);
        let unknown = flags & !(RAISE_ON_FAILURE | NX);
        check(&thread, CALL, size, unknown, depth);
        // SAFETY: the caller gave memory for a list, and functions of its own or NULL.
        unsafe { initialize(&thread, CALL, list, [allocate, free], flags as POOL_TYPE, size, tag) };
    }

    /// Initialises a list of paged blocks.
    [undeclared]
    fn ExInitializePagedLookasideList(
        list: *mut Lookaside,
        allocate: PVOID,
        free: PVOID,
        flags: u32,
        size: SIZE_T,
        tag: u32,
        depth: u16,
    ) {
        let thread = current(CALL);
        let unknown = flags & !RAISE_ON_FAILURE;
        check(&thread, CALL, size, unknown, depth);
        let pool = PagedPool | flags as POOL_TYPE;
        // SAFETY: as above.
        unsafe { initialize(&thread, CALL, list, [allocate, free], pool, size, tag) };
    }

    /// Initialises a list whose functions get the list as well.
    [undeclared]
    fn ExInitializeLookasideListEx(
        list: *mut Lookaside,
        allocate: PVOID,
        free: PVOID,
        pool: POOL_TYPE,
        flags: u32,
        size: SIZE_T,
        tag: u32,
        depth: u16,
    ) -> NTSTATUS {
        let thread = current(CALL);
        let flags = match flags {
            0 => 0,
            EX_RAISE_ON_FAIL => RAISE_ON_FAILURE,
            EX_FAIL_NO_RAISE => FAIL_INSTEAD_OF_RAISE,
            _ => return Status::INVALID_PARAMETER_5.0,
        };
        check(&thread, CALL, size, 0, depth);
        let pool = pool | flags as POOL_TYPE;
        // SAFETY: as above.
        unsafe { initialize(&thread, CALL, list, [allocate, free], pool, size, tag) };
        Status::SUCCESS.0
    }

    /// Frees the blocks that a list keeps, and ends it.
    [undeclared]
    fn ExDeleteNPagedLookasideList(list: *mut Lookaside) {
        // SAFETY: the caller gave a list.
        unsafe { delete(CALL, list, Arguments::Block) };
    }

    /// Frees the blocks that a list keeps, and ends it.
    [undeclared]
    fn ExDeletePagedLookasideList(list: *mut Lookaside) {
        // SAFETY: as above.
        unsafe { delete(CALL, list, Arguments::Block) };
    }

    /// Frees the blocks that a list keeps, and ends it.
    [undeclared]
    fn ExDeleteLookasideListEx(list: *mut Lookaside) {
        // SAFETY: as above.
        unsafe { delete(CALL, list, Arguments::BlockAndList) };
    }

    /// Frees the blocks that a list keeps; the list stays.
    [undeclared]
    fn ExFlushLookasideListEx(list: *mut Lookaside) {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        // SAFETY: as above.
        unsafe { empty(&thread, list, Arguments::BlockAndList) };
    }
}

/// What a list's `Free` function gets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arguments {
    /// `FREE_FUNCTION`.
    Block,
    /// `FREE_FUNCTION_EX`.
    BlockAndList,
}

fn check(thread: &Thread, call: &'static str, size: SIZE_T, unknown_flags: u32, depth: u16) {
    thread.require_irql(irql::DISPATCH_LEVEL, call);
    let mut wrong = Vec::new();
    if size < SIZE_T::from(SMALLEST) {
        wrong.push(format!("the size is {size}; give at least {SMALLEST}"));
    }
    if unknown_flags != 0 {
        wrong.push(format!("the flags {unknown_flags:#x} have no meaning here"));
    }
    if depth != 0 {
        wrong.push(format!("the depth is {depth}; it is reserved, give 0"));
    }
    for detail in wrong {
        thread.finding(Rule::Parameter, call, detail);
    }
}

/// # Safety
/// There is memory for a list at `list`; each function is null or one of the driver's.
unsafe fn initialize(
    thread: &Thread,
    call: &'static str,
    list: *mut Lookaside,
    functions: [PVOID; 2],
    pool: POOL_TYPE,
    size: SIZE_T,
    tag: u32,
) {
    if !list.addr().is_multiple_of(16) {
        let detail = "the list is not aligned to 16 bytes";
        thread.finding(Rule::Parameter, call, detail);
    }
    let kernel = thread.kernel();
    if kernel.lookasides.add(list.addr(), thread.caller().driver) {
        let detail = "a list is initialised a second time; delete it first";
        thread.finding(Rule::LookasideList, call, detail);
    }
    // What the kernel's own do not look at, the list, may be passed to them.
    let own = |name| address(kernel.profile, name, thread.caller().abi);
    let function = |given: PVOID, name| match given.is_null() {
        false => given.expose_provenance(),
        true => own(name).map_or(0, |own| own.expose_provenance()),
    };
    let new = Lookaside {
        list: Header::EMPTY,
        depth: DEPTH,
        most: MOST,
        allocations: 0,
        allocation_misses: 0,
        frees: 0,
        free_misses: 0,
        pool,
        tag,
        size: u32::try_from(size).unwrap_or(u32::MAX).max(SMALLEST),
        allocate: function(functions[0], "ExAllocatePoolWithTag"),
        free: function(functions[1], "ExFreePool"),
        _entry: [0; 2],
        _last: [0; 2],
        _future: [0; 2],
    };
    // SAFETY: by this function's contract; drivers need not align it as this type is.
    unsafe { list.write_unaligned(new) };
}

/// # Safety
/// `list` leads to a list if its address is one's.
unsafe fn delete(call: &'static str, list: *mut Lookaside, arguments: Arguments) {
    let thread = current(call);
    thread.require_irql(irql::DISPATCH_LEVEL, call);
    if !thread.kernel().lookasides.remove(list.addr()) {
        let detail = "what is deleted is no lookaside list, or has been deleted already";
        return thread.finding(Rule::LookasideList, call, detail);
    }
    // SAFETY: by this function's contract.
    unsafe { empty(&thread, list, arguments) };
}

/// Frees all that a list keeps.
///
/// # Safety
/// `list` leads to a list, whose `Free` function is the driver's or the kernel's.
unsafe fn empty(thread: &Thread, list: *mut Lookaside, arguments: Arguments) {
    // SAFETY: by this function's contract.
    let address = unsafe { (*list).free };
    let code = Code {
        address,
        caller: thread.caller(),
    };
    loop {
        // SAFETY: as above; it begins with its interlocked list.
        let block = unsafe { pop(thread, list.cast()) };
        if block.is_null() {
            break;
        }
        match arguments {
            // SAFETY: as above; the block came from its `Allocate` function.
            Arguments::Block => unsafe { call::free_function(thread, code, block.cast()) },
            // SAFETY: as above.
            Arguments::BlockAndList => unsafe {
                call::free_function_ex(thread, code, block.cast(), list.cast());
            },
        }
    }
}
