//! Memory descriptor lists.

use std::ptr::null_mut;

use wdm_sim::Rule;
use wdm_sys::{_MDL as MDL, PIRP, PVOID};

use crate::support::{SUCCESS, entry, findings_of, in_kernel, machine, only};

unsafe extern "system" {
    fn IoAllocateMdl(
        address: PVOID,
        length: u32,
        secondary: u8,
        charge_quota: u8,
        irp: PIRP,
    ) -> *mut MDL;
    fn IoFreeMdl(list: *mut MDL);
    fn IoBuildPartialMdl(source: *mut MDL, target: *mut MDL, address: PVOID, length: u32);
    fn MmProbeAndLockPages(list: *mut MDL, mode: i8, operation: i32);
    fn MmUnlockPages(list: *mut MDL);
    fn MmBuildMdlForNonPagedPool(list: *mut MDL);
    fn MmMapLockedPagesSpecifyCache(
        list: *mut MDL,
        mode: i8,
        cache: i32,
        address: PVOID,
        bug_check: u32,
        priority: u32,
    ) -> PVOID;
}

/// Calls a routine that `wdm-sys` does not declare.
macro_rules! mm {
    ($routine:ident($($argument:expr),* $(,)?)) => {{
        // SAFETY: the lists and what they describe are live variables' and the driver's own; where they
        // are not, the simulator promises to notice.
        unsafe { $routine($($argument),*) }
    }};
}

const USER_MODE: i8 = 1;
const IO_READ_ACCESS: i32 = 0;
const IO_WRITE_ACCESS: i32 = 1;

fn allocate(bytes: &mut [u8]) -> *mut MDL {
    let length = bytes.len() as u32;
    let address = bytes.as_mut_ptr().cast();
    mm!(IoAllocateMdl(address, length, 0, 0, null_mut()))
}

fn map(list: *mut MDL) -> PVOID {
    mm!(MmMapLockedPagesSpecifyCache(list, 0, 1, null_mut(), 0, 16))
}

fn lock(list: *mut MDL, operation: i32) {
    mm!(MmProbeAndLockPages(list, USER_MODE, operation));
}

#[test]
fn a_list_is_locked_mapped_unlocked_and_freed() {
    let machine = machine();
    in_kernel(&machine, || {
        let mut bytes = [1_u8, 2, 3];
        let list = allocate(&mut bytes);
        // SAFETY: the list was made just now.
        let about = unsafe { *list };
        assert_eq!(about.ByteCount, 3);
        let start = about.StartVa.addr() + about.ByteOffset as usize;
        assert_eq!(start, bytes.as_ptr().addr());
        for operation in [IO_READ_ACCESS, IO_WRITE_ACCESS] {
            lock(list, operation);
            assert_eq!(map(list).addr(), start);
            mm!(MmUnlockPages(list));
        }
        mm!(IoFreeMdl(list));
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn a_list_of_nonpaged_memory_needs_no_lock() {
    let machine = machine();
    in_kernel(&machine, || {
        let mut bytes = [1_u8, 2, 3];
        let (whole, part) = (allocate(&mut bytes), allocate(&mut [0; 3]));
        mm!(MmBuildMdlForNonPagedPool(whole));
        assert_eq!(map(whole).addr(), bytes.as_ptr().addr());
        let second = (&raw mut bytes[1]).cast();
        mm!(IoBuildPartialMdl(whole, part, second, 1));
        assert_eq!(map(part), second);
        // SAFETY: the list is live.
        assert_eq!(unsafe { (*part).ByteCount }, 1);
        mm!(IoFreeMdl(part));
        mm!(IoFreeMdl(whole));
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn lists_of_a_request_are_a_chain() {
    let machine = machine();
    in_kernel(&machine, || {
        // SAFETY: all-zero bytes are valid for a request.
        let mut irp: wdm_sys::_IRP = unsafe { std::mem::zeroed() };
        let irp = &raw mut irp;
        let mut byte = 0_u8;
        let address = (&raw mut byte).cast();
        let first = mm!(IoAllocateMdl(address, 1, 0, 0, irp));
        let second = mm!(IoAllocateMdl(address, 1, 1, 0, irp));
        // SAFETY: the request is a live variable.
        assert_eq!(unsafe { (*irp).MdlAddress }, first);
        // SAFETY: the list is live.
        assert_eq!(unsafe { (*first).Next }, second);
        mm!(IoFreeMdl(second));
        mm!(IoFreeMdl(first));
    });
    assert_eq!(machine.report().findings, []);
}

entry! {
    fn maps_unlocked(_driver) {
        let list = allocate(&mut [0]);
        assert!(map(list).is_null());
        mm!(IoFreeMdl(list));
        SUCCESS
    }
}
entry! {
    fn unlocks_unlocked(_driver) {
        let list = allocate(&mut [0]);
        mm!(MmUnlockPages(list));
        mm!(IoFreeMdl(list));
        SUCCESS
    }
}
entry! {
    fn locks_twice(_driver) {
        let mut byte = [0];
        let list = allocate(&mut byte);
        lock(list, IO_READ_ACCESS);
        lock(list, IO_READ_ACCESS);
        mm!(MmUnlockPages(list));
        mm!(IoFreeMdl(list));
        SUCCESS
    }
}
entry! {
    fn frees_locked(_driver) {
        let mut byte = [0];
        let list = allocate(&mut byte);
        lock(list, IO_READ_ACCESS);
        mm!(IoFreeMdl(list));
        SUCCESS
    }
}
entry! {
    fn frees_twice(_driver) {
        let list = allocate(&mut [0]);
        mm!(IoFreeMdl(list));
        mm!(IoFreeMdl(list));
        SUCCESS
    }
}
entry! {
    fn forgets(_driver) {
        allocate(&mut [0]);
        SUCCESS
    }
}

#[test]
fn each_misuse_of_a_list_is_found() {
    let cases: [(wdm_sim::LinkedEntry, &str); 6] = [
        (maps_unlocked, "MmMapLockedPagesSpecifyCache"),
        (unlocks_unlocked, "MmUnlockPages"),
        (locks_twice, "MmProbeAndLockPages"),
        (frees_locked, "IoFreeMdl"),
        (frees_twice, "IoFreeMdl"),
        (forgets, "DriverUnload"),
    ];
    for (entry, call) in cases {
        only(&findings_of(entry), Rule::Mdl, call);
    }
}

#[test]
#[ignore = "ends the process"]
fn ending_with_a_lock_of_nothing() {
    in_kernel(&machine(), || {
        let nowhere = std::ptr::without_provenance_mut(0x1000);
        let list = mm!(IoAllocateMdl(nowhere, 1, 0, 0, null_mut()));
        lock(list, IO_READ_ACCESS);
    });
}

#[test]
fn pages_that_are_not_there_are_not_locked() {
    let stderr = crate::threads::run_ending("irps::lists::ending_with_a_lock_of_nothing");
    assert!(
        stderr.contains("bug check 0x0000001E (0xC0000005, "),
        "{stderr}"
    );
    assert!(stderr.contains("MmProbeAndLockPages"), "{stderr}");
}
