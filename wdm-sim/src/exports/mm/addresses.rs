//! Memory: what an address is good for, and which routines the kernel has.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-probeforread>,
//! `nf-wdm-probeforwrite`, `nf-wdm-mmgetsystemroutineaddress`, `nf-ntddk-mmisaddressvalid`.
//!
//! Drivers that are linked in cannot be given an exception, so where NT raises one, the machine stops
//! with the bug check of one that nobody handles. On x86_64 Linux `.sys` files get it (`seh`).

use wdm_sys::{BOOLEAN, PUNICODE_STRING, PVOID, SIZE_T, ctypes::c_void};

use crate::exports::ex::raise::Raised;
use crate::exports::{address_on, exports, text};
use crate::machine::{current, irql};
use crate::verifier::Rule;

/// Where user addresses end. Callers' buffers are the host's own memory, so it is the host's limit.
const USER_LIMIT: u64 = if cfg!(target_arch = "x86_64") {
    1 << 47
} else {
    1 << 48
};
const PAGE: usize = 4096;
/// What an access violation tried, in its first parameter.
const READ: u64 = 0;
const WRITE: u64 = 1;

exports! {
    /// The address of a routine of the kernel by its name, in the convention of the caller; NULL if
    /// the kernel, as the machine's profile has it, has none of that name.
    fn MmGetSystemRoutineAddress(name: PUNICODE_STRING) -> PVOID {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a valid string.
        let name = unsafe { text(name) }.unwrap_or_default();
        let name = String::from_utf16_lossy(name);
        let found = address_on(thread.kernel(), &name, thread.caller().abi);
        #[cfg(target_arch = "x86_64")]
        let found = found.map(|found| thread.kernel().faults.detour(found));
        found.map_or(std::ptr::null_mut(), |found| found.cast_mut().cast())
    }

    /// Whether an address can be read without a fault.
    fn MmIsAddressValid(address: PVOID) -> BOOLEAN {
        let address = address.addr();
        BOOLEAN::from(is_readable(address) && !is_elsewhere(address))
    }

    /// Checks that a range of memory is in user mode and aligned; it is not read.
    fn ProbeForRead(address: *const c_void, length: SIZE_T, alignment: u32) {
        if let Err(raised) = probe_for_read(address.addr() as u64, length, alignment) {
            let thread = current(CALL);
            thread.finding(Rule::N8, CALL, raised.reason.as_str());
            raised.stop(&thread, CALL)
        }
    }

    /// Checks that a range of memory is in user mode, aligned and can be written.
    fn ProbeForWrite(address: PVOID, length: SIZE_T, alignment: u32) {
        if let Err(raised) = probe_for_write(address.addr() as u64, length, alignment) {
            let thread = current(CALL);
            thread.finding(Rule::N8, CALL, raised.reason.as_str());
            raised.stop(&thread, CALL)
        }
    }
}

/// What `ProbeForRead` does; the exception that it raises.
pub(crate) fn probe_for_read(address: u64, length: u64, alignment: u32) -> Result<(), Raised> {
    check_range("ProbeForRead", address, length, alignment)
}

/// What `ProbeForWrite` does; the exception that it raises.
pub(crate) fn probe_for_write(address: u64, length: u64, alignment: u32) -> Result<(), Raised> {
    check_range("ProbeForWrite", address, length, alignment)?;
    check_pages(address as usize, length as usize, true)
}

/// Checks that all pages of a range can be read, or written.
pub(super) fn check_pages(first: usize, length: usize, write: bool) -> Result<(), Raised> {
    // One place in each page.
    let pages = (first..first.saturating_add(length)).step_by(PAGE);
    let last = (length > 0).then(|| first.saturating_add(length - 1));
    let (is_good, tried, what): (fn(usize) -> bool, _, _) = match write {
        true => (is_writable, WRITE, "written"),
        false => (is_readable, READ, "read"),
    };
    let mut pages = pages.chain(last);
    match pages.find(|&at| is_elsewhere(at) || !is_good(at)) {
        None => Ok(()),
        Some(bad) => Err(Raised {
            status: Raised::ACCESS_VIOLATION,
            parameters: vec![tried, bad as u64],
            reason: format!("{bad:#x} cannot be {what}"),
        }),
    }
}

fn check_range(
    call: &'static str,
    address: u64,
    length: u64,
    alignment: u32,
) -> Result<(), Raised> {
    let thread = current(call);
    thread.require_irql(irql::APC_LEVEL, call);
    if length == 0 {
        return Ok(());
    }
    let alignment = alignment.max(1);
    if !alignment.is_power_of_two() || alignment > 16 {
        let detail = format!("{alignment} is no alignment; give 1, 2, 4, 8 or 16");
        thread.finding(Rule::Parameter, call, detail);
    } else if address & u64::from(alignment - 1) != 0 {
        return Err(Raised {
            status: Raised::DATATYPE_MISALIGNMENT,
            parameters: Vec::new(),
            reason: format!("{address:#x} is not aligned to {alignment}"),
        });
    }
    match address.checked_add(length) {
        Some(end) if end <= USER_LIMIT => Ok(()),
        _ => Err(Raised {
            status: Raised::ACCESS_VIOLATION,
            parameters: vec![READ, address],
            reason: format!("{length} bytes at {address:#x} are not in user mode"),
        }),
    }
}

/// Whether the host has memory at an address that can be read.
pub(crate) fn is_readable(address: usize) -> bool {
    protection(address).is_some_and(|it| it.contains(region::Protection::READ))
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn is_writable(address: usize) -> bool {
    crate::seh::is_writable_by_caller(std::ptr::with_exposed_provenance_mut(address))
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn is_writable(address: usize) -> bool {
    protection(address).is_some_and(|it| it.contains(region::Protection::READ_WRITE))
}

/// Whether an address is in user memory of a process that is not the current one.
fn is_elsewhere(address: usize) -> bool {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    {
        crate::user::is_elsewhere(address, current("MmIsAddressValid").process())
    }
    #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
    {
        let _ = address;
        false
    }
}

fn protection(address: usize) -> Option<region::Protection> {
    let pointer = std::ptr::without_provenance::<u8>(address);
    let region = region::query(pointer).ok()?;
    region.is_committed().then(|| region.protection())
}
