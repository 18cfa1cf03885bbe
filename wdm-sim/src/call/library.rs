//! What drivers do for the runtime library and the executive: freeing blocks of lookaside lists,
//! comparing, keeping the elements of generic tables, taking values of the registry.

use wdm_sys::{NTSTATUS, PVOID};

use super::{Abi, Code, run};
use crate::machine::Thread;

/// `FREE_FUNCTION`: what frees a block of a lookaside list.
///
/// # Safety
/// `code` is the `Free` function of a list, and `block` came from its `Allocate` function.
pub(crate) unsafe fn free_function(thread: &Thread, code: Code, block: PVOID) {
    run(
        thread,
        code,
        "FREE_FUNCTION",
        || call!(code, (block => PVOID)),
    );
}

/// `FREE_FUNCTION_EX`: the same of a `LOOKASIDE_LIST_EX`.
///
/// # Safety
/// As for [`free_function`]; `list` is the list.
pub(crate) unsafe fn free_function_ex(thread: &Thread, code: Code, block: PVOID, list: PVOID) {
    run(
        thread,
        code,
        "FREE_FUNCTION_EX",
        || call!(code, (block => PVOID, list => PVOID)),
    );
}

/// The comparison that `qsort` and `bsearch` are given.
///
/// # Safety
/// `code` is such a function of its driver, and both arguments are what it compares.
#[cfg(target_arch = "x86_64")]
pub(crate) unsafe fn comparison(thread: &Thread, code: Code, a: PVOID, b: PVOID) -> i32 {
    run(
        thread,
        code,
        "comparison",
        || call!(code, (a => PVOID, b => PVOID) -> i32),
    )
}

/// `RTL_GENERIC_COMPARE_ROUTINE` and `RTL_AVL_COMPARE_ROUTINE`.
///
/// # Safety
/// `code` is the comparison of the driver's `table`, and both others are elements of it.
pub(crate) unsafe fn generic_compare(
    thread: &Thread,
    code: Code,
    table: PVOID,
    first: PVOID,
    second: PVOID,
) -> i32 {
    run(
        thread,
        code,
        "RTL_GENERIC_COMPARE_ROUTINE",
        || call!(code, (table => PVOID, first => PVOID, second => PVOID) -> i32),
    )
}

/// `RTL_GENERIC_ALLOCATE_ROUTINE` and `RTL_AVL_ALLOCATE_ROUTINE`.
///
/// # Safety
/// `code` is the allocation of the driver's `table`.
pub(crate) unsafe fn generic_allocate(
    thread: &Thread,
    code: Code,
    table: PVOID,
    size: u32,
) -> PVOID {
    run(
        thread,
        code,
        "RTL_GENERIC_ALLOCATE_ROUTINE",
        || call!(code, (table => PVOID, size => u32) -> PVOID),
    )
}

/// `RTL_GENERIC_FREE_ROUTINE` and `RTL_AVL_FREE_ROUTINE`.
///
/// # Safety
/// `code` frees what the allocation of the driver's `table` gave, such as `block`.
pub(crate) unsafe fn generic_free(thread: &Thread, code: Code, table: PVOID, block: PVOID) {
    run(
        thread,
        code,
        "RTL_GENERIC_FREE_ROUTINE",
        || call!(code, (table => PVOID, block => PVOID)),
    );
}

/// `RTL_QUERY_REGISTRY_ROUTINE`: what is told of a value, its data and their length. The contexts are
/// that of the call and that of the table's entry.
///
/// # Safety
/// `code` is the routine of an entry of the driver's table; `name` is NUL-terminated or null.
pub(crate) unsafe fn query_routine(
    thread: &Thread,
    code: Code,
    name: *mut u16,
    kind: u32,
    (data, length): (PVOID, u32),
    [context, entry]: [PVOID; 2],
) -> NTSTATUS {
    run(thread, code, "RTL_QUERY_REGISTRY_ROUTINE", || {
        call!(code, (
                name => *mut u16,
                kind => u32,
                data => PVOID,
                length => u32,
                context => PVOID,
                entry => PVOID
            ) -> NTSTATUS)
    })
}
