//! Memory: what an address is good for, and which routines the kernel has.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-probeforread>,
//! `nf-wdm-probeforwrite`, `nf-wdm-mmgetsystemroutineaddress`, `nf-ntddk-mmisaddressvalid`.
//!
//! The simulator does not dispatch exceptions to drivers, so where NT raises one, the machine stops
//! with the bug check that an unhandled one has.

use wdm_sys::{BOOLEAN, PUNICODE_STRING, PVOID, SIZE_T, ctypes::c_void};

use super::{address, exports, text};
use crate::machine::{Thread, current, irql};
use crate::verifier::Rule;

/// Bug check `KMODE_EXCEPTION_NOT_HANDLED`.
const KMODE_EXCEPTION_NOT_HANDLED: u32 = 0x1E;
/// `STATUS_DATATYPE_MISALIGNMENT`.
const DATATYPE_MISALIGNMENT: u32 = 0x8000_0002;
/// `STATUS_ACCESS_VIOLATION`.
const ACCESS_VIOLATION: u32 = 0xC000_0005;
/// Where user addresses end. Callers' buffers are the host's own memory, so it is the host's limit.
const USER_LIMIT: u64 = if cfg!(target_arch = "x86_64") {
    1 << 47
} else {
    1 << 48
};
const PAGE: usize = 4096;

exports! {
    /// The address of a routine of the kernel by its name, in the convention of the caller; NULL if
    /// the kernel, as the machine's profile has it, has none of that name.
    fn MmGetSystemRoutineAddress(name: PUNICODE_STRING) -> PVOID {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a valid string.
        let name = unsafe { text(name) }.unwrap_or_default();
        let name = String::from_utf16_lossy(name);
        let found = address(thread.kernel().profile, &name, thread.caller().abi);
        found.map_or(std::ptr::null_mut(), |found| found.cast_mut().cast())
    }

    /// Whether an address can be read without a fault.
    fn MmIsAddressValid(address: PVOID) -> BOOLEAN {
        BOOLEAN::from(is_readable(address.addr()))
    }

    /// Checks that a range of memory is in user mode and aligned; it is not read.
    fn ProbeForRead(address: *const c_void, length: SIZE_T, alignment: u32) {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        check_range(&thread, CALL, address.addr() as u64, length, alignment);
    }

    /// Checks that a range of memory is in user mode, aligned and can be written.
    fn ProbeForWrite(address: PVOID, length: SIZE_T, alignment: u32) {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        check_range(&thread, CALL, address.addr() as u64, length, alignment);
        let first = address.addr();
        let pages = (first..first + length as usize).step_by(PAGE);
        let last = (length > 0).then(|| first + length as usize - 1);
        if let Some(bad) = pages.chain(last).find(|&at| !is_writable(at)) {
            raise(&thread, CALL, ACCESS_VIOLATION, format!("{bad:#x} cannot be written"));
        }
    }
}

fn check_range(thread: &Thread, call: &'static str, address: u64, length: SIZE_T, alignment: u32) {
    if length == 0 {
        return;
    }
    let alignment = alignment.max(1);
    if !alignment.is_power_of_two() || alignment > 16 {
        let detail = format!("{alignment} is no alignment; give 1, 2, 4, 8 or 16");
        thread.finding(Rule::Parameter, call, detail);
    } else if address & u64::from(alignment - 1) != 0 {
        let reason = format!("{address:#x} is not aligned to {alignment}");
        raise(thread, call, DATATYPE_MISALIGNMENT, reason);
    }
    match address.checked_add(length) {
        Some(end) if end <= USER_LIMIT => {}
        _ => {
            let reason = format!("{length} bytes at {address:#x} are not in user mode");
            raise(thread, call, ACCESS_VIOLATION, reason);
        }
    }
}

/// What an exception that nobody handles comes to.
fn raise(thread: &Thread, call: &'static str, status: u32, reason: String) -> ! {
    thread.finding(Rule::N8, call, reason.as_str());
    let parameters = [u64::from(status), 0, 0, 0];
    thread.bug_check(call, KMODE_EXCEPTION_NOT_HANDLED, parameters, reason)
}

/// Whether the host has memory at an address that can be read.
pub(crate) fn is_readable(address: usize) -> bool {
    protection(address).is_some_and(|it| it.contains(region::Protection::READ))
}

fn is_writable(address: usize) -> bool {
    protection(address).is_some_and(|it| it.contains(region::Protection::READ_WRITE))
}

fn protection(address: usize) -> Option<region::Protection> {
    let pointer = std::ptr::without_provenance::<u8>(address);
    let region = region::query(pointer).ok()?;
    region.is_committed().then(|| region.protection())
}
