//! Memory descriptor lists.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioallocatemdl>,
//! `nf-wdm-mmprobeandlockpages`, `nf-wdm-mmmaplockedpagesspecifycache` and their neighbours.
//! `MmGetSystemAddressForMdlSafe` and `MmInitializeMdl` are macros of the headers.

use std::ptr::null_mut;

use wdm_sys::{_MDL as MDL, BOOLEAN, CCHAR, PIRP, PVOID};

use super::addresses::check_pages;
use crate::exports::ex::raise::Raised;
use crate::exports::exports;
use crate::io::mdl::{
    self, MAPPED_TO_SYSTEM_VA, PAGES_LOCKED, PARTIAL, SOURCE_IS_NONPAGED_POOL, WRITE_OPERATION,
};
use crate::machine::{Counter, Thread, current, irql};
use crate::verifier::Rule;

/// `IoReadAccess`; the other operations write.
const IO_READ_ACCESS: i32 = 0;

exports! {
    /// Makes a list for memory, and gives it to a request if there is one; NULL if there is no memory
    /// for the list.
    [undeclared]
    fn IoAllocateMdl(
        address: PVOID,
        length: u32,
        secondary: BOOLEAN,
        _charge_quota: BOOLEAN,
        irp: PIRP,
    ) -> *mut MDL {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let kernel = thread.kernel();
        if kernel.pool.must_fail() {
            kernel.counters.count(Counter::InjectedFailures);
            return null_mut();
        }
        let driver = thread.caller().driver;
        let list = kernel.io.allocate_list(driver, address, length as usize, 0);
        if list.is_null() || irp.is_null() {
            return list;
        }
        // SAFETY: the caller gave a request that it has.
        let mut place = unsafe { &raw mut (*irp).MdlAddress };
        if secondary != 0 {
            // SAFETY: as above.
            let mut last = unsafe { (*irp).MdlAddress };
            // SAFETY: as above; the request's lists are valid.
            while let Some(next) = unsafe { last.as_mut() } {
                place = &raw mut next.Next;
                last = next.Next;
            }
        }
        // SAFETY: as above.
        unsafe { place.write(list) };
        list
    }

    /// Frees a list.
    [undeclared]
    fn IoFreeMdl(list: *mut MDL) {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        thread.kernel().io.free_list(&thread, CALL, list);
    }

    /// Makes a list describe part of what another describes.
    [undeclared]
    fn IoBuildPartialMdl(source: *mut MDL, target: *mut MDL, address: PVOID, length: u32) {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        // SAFETY: the caller gave valid lists.
        let from = unsafe { source.read() };
        let begin = from.StartVa.addr() + from.ByteOffset as usize;
        let end = begin + from.ByteCount as usize;
        let length = match length {
            0 => end.saturating_sub(address.addr()),
            length => length as usize,
        };
        let stop = address.addr().saturating_add(length);
        if address.addr() < begin || stop > end {
            let detail = format!("{length} bytes at {address:p} are not in the source list");
            return thread.finding(Rule::Mdl, CALL, detail);
        }
        let kept = MAPPED_TO_SYSTEM_VA | PAGES_LOCKED | SOURCE_IS_NONPAGED_POOL | WRITE_OPERATION;
        let system = from.MappedSystemVa.wrapping_byte_add(address.addr() - begin);
        // SAFETY: as above.
        let target = unsafe { &mut *target };
        // The pages stay those of the source: what describes part of them does not unlock them.
        target.MdlFlags = from.MdlFlags & kept & !PAGES_LOCKED | PARTIAL;
        target.StartVa = mdl::page_of(address);
        target.ByteOffset = mdl::offset_of(address);
        target.ByteCount = length as u32;
        target.MappedSystemVa = match from.MdlFlags & (MAPPED_TO_SYSTEM_VA | SOURCE_IS_NONPAGED_POOL) {
            0 => null_mut(),
            _ => system,
        };
    }

    /// Makes a list describe nonpaged memory, which needs no lock.
    [undeclared]
    fn MmBuildMdlForNonPagedPool(list: *mut MDL) {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        // SAFETY: the caller gave a list of its own.
        let list = unsafe { &mut *list };
        list.MdlFlags |= SOURCE_IS_NONPAGED_POOL;
        list.MappedSystemVa = mdl::address_of(list);
    }

    /// Locks the pages of a list, which must be accessible.
    [undeclared]
    fn MmProbeAndLockPages(list: *mut MDL, mode: CCHAR, operation: i32) {
        // SAFETY: the caller gave a list of its own.
        if let Err(raised) = unsafe { probe_and_lock(list, mode, operation) } {
            let thread = current(CALL);
            thread.finding(Rule::N8, CALL, raised.reason.as_str());
            raised.stop(&thread, CALL)
        }
    }

    /// Unlocks the pages of a list, and unmaps them.
    [undeclared]
    fn MmUnlockPages(list: *mut MDL) {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        // SAFETY: the caller gave a list of its own.
        let list = unsafe { &mut *list };
        if list.MdlFlags & PAGES_LOCKED == 0 {
            let detail = "the list's pages are not locked; call MmProbeAndLockPages first";
            return thread.finding(Rule::Mdl, CALL, detail);
        }
        list.MdlFlags &= !(PAGES_LOCKED | MAPPED_TO_SYSTEM_VA | WRITE_OPERATION);
        list.MappedSystemVa = null_mut();
    }

    /// Maps the pages of a list, which must be locked; they are where they are. Drivers come here
    /// through `MmGetSystemAddressForMdlSafe` unless the pages are mapped.
    [undeclared]
    fn MmMapLockedPagesSpecifyCache(
        list: *mut MDL,
        _mode: CCHAR,
        _cache: i32,
        _address: PVOID,
        _bug_check: u32,
        _priority: u32,
    ) -> PVOID {
        // SAFETY: the caller gave a list of its own.
        unsafe { map(&current(CALL), CALL, list) }
    }

    /// Maps the pages of a list; see [`MmMapLockedPagesSpecifyCache`].
    [undeclared]
    fn MmMapLockedPages(list: *mut MDL, _mode: CCHAR) -> PVOID {
        // SAFETY: the caller gave a list of its own.
        unsafe { map(&current(CALL), CALL, list) }
    }

    /// Unmaps the pages of a list.
    [undeclared]
    fn MmUnmapLockedPages(_address: PVOID, list: *mut MDL) {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        // SAFETY: the caller gave a list of its own.
        let list = unsafe { &mut *list };
        if list.MdlFlags & MAPPED_TO_SYSTEM_VA == 0 {
            let detail = "the list's pages are not mapped";
            return thread.finding(Rule::Mdl, CALL, detail);
        }
        list.MdlFlags &= !MAPPED_TO_SYSTEM_VA;
        list.MappedSystemVa = null_mut();
    }
}

/// # Safety
/// `list` is a valid list.
unsafe fn map(thread: &Thread, call: &'static str, list: *mut MDL) -> PVOID {
    thread.require_irql(irql::DISPATCH_LEVEL, call);
    // SAFETY: by this function's contract.
    let list = unsafe { &mut *list };
    if list.MdlFlags & (MAPPED_TO_SYSTEM_VA | SOURCE_IS_NONPAGED_POOL) != 0 {
        return list.MappedSystemVa;
    }
    if list.MdlFlags & (PAGES_LOCKED | PARTIAL) == 0 {
        let detail = "the list's pages are not locked; call MmProbeAndLockPages first";
        thread.finding(Rule::Mdl, call, detail);
        return null_mut();
    }
    list.MdlFlags |= MAPPED_TO_SYSTEM_VA;
    list.MappedSystemVa = mdl::address_of(list);
    list.MappedSystemVa
}

/// What `MmProbeAndLockPages` does; the exception that it raises.
///
/// # Safety
/// `list` is a valid list.
pub(crate) unsafe fn probe_and_lock(
    list: *mut MDL,
    _mode: CCHAR,
    operation: i32,
) -> Result<(), Raised> {
    let call = "MmProbeAndLockPages";
    let thread = current(call);
    thread.require_irql(irql::DISPATCH_LEVEL, call);
    // SAFETY: by this function's contract.
    let list = unsafe { &mut *list };
    if list.MdlFlags & PAGES_LOCKED != 0 {
        let detail = "the list's pages are locked already; call MmUnlockPages before";
        thread.finding(Rule::Mdl, call, detail);
        return Ok(());
    }
    let write = operation != IO_READ_ACCESS;
    let address = mdl::address_of(list).addr();
    check_pages(address, list.ByteCount as usize, write)?;
    list.MdlFlags |= PAGES_LOCKED | if write { WRITE_OPERATION } else { 0 };
    Ok(())
}
