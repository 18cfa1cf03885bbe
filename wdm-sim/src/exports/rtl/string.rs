//! The runtime library: counted strings, versions, stack traces.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlcompareunicodestring>
//! and its neighbours.

use wdm_sys::{
    BOOLEAN, NTSTATUS, PCUNICODE_STRING, PCWSTR, PRTL_OSVERSIONINFOW, PUNICODE_STRING, PVOID,
    UNICODE_STRING, WCHAR,
};

use super::version::extend;
use crate::call::Abi;
use crate::exports::crt::basics::units_before_nul;
use crate::exports::{exports, text};
use crate::machine::{current, irql};
use crate::registry::upcase::{equal, upcase};
use crate::status::Status;
use crate::verifier::Rule;

/// The longest text of a `UNICODE_STRING` that [`RtlInitUnicodeString`] makes, in bytes: room for a
/// terminating NUL stays.
const MAX_BYTES: usize = 0xFFFC;
/// `VER_PLATFORM_WIN32_NT`.
const PLATFORM_NT: u32 = 2;
/// `dwOSVersionInfoSize` of `RTL_OSVERSIONINFOEXW`.
const EXTENDED_SIZE: u32 = 284;

exports! {
    /// Makes a counted string of a NUL-terminated one, or an empty one of NULL.
    fn RtlInitUnicodeString(destination: PUNICODE_STRING, source: PCWSTR) {
        let bytes = match source.is_null() {
            true => 0,
            // SAFETY: the caller gave NUL-terminated text.
            false => (unsafe { units_before_nul(source) } * 2).min(MAX_BYTES),
        };
        let string = UNICODE_STRING {
            Length: bytes as u16,
            MaximumLength: if source.is_null() { 0 } else { bytes as u16 + 2 },
            Buffer: source.cast_mut(),
        };
        // SAFETY: the caller gave a place for the string.
        unsafe { destination.write(string) };
    }

    /// Compares two strings: less than 0, 0, or greater than 0.
    fn RtlCompareUnicodeString(
        first: PCUNICODE_STRING,
        second: PCUNICODE_STRING,
        case_insensitive: BOOLEAN,
    ) -> i32 {
        // SAFETY: the caller gave valid strings.
        let first = unsafe { text(first) }.unwrap_or_default();
        // SAFETY: as above.
        let second = unsafe { text(second) }.unwrap_or_default();
        let fold = |unit: u16| i32::from(if case_insensitive != 0 { upcase(unit) } else { unit });
        let pairs = first.iter().zip(second);
        let mut differences = pairs.map(|(&a, &b)| fold(a) - fold(b));
        match differences.find(|&difference| difference != 0) {
            Some(difference) => difference,
            None => 2 * (first.len() as i32 - second.len() as i32),
        }
    }

    /// Whether two strings are equal.
    fn RtlEqualUnicodeString(
        first: PCUNICODE_STRING,
        second: PCUNICODE_STRING,
        case_insensitive: BOOLEAN,
    ) -> BOOLEAN {
        // SAFETY: the caller gave valid strings.
        let first = unsafe { text(first) }.unwrap_or_default();
        // SAFETY: as above.
        let second = unsafe { text(second) }.unwrap_or_default();
        BOOLEAN::from(same(first, second, case_insensitive != 0))
    }

    /// Whether the second string begins with the first.
    fn RtlPrefixUnicodeString(
        prefix: PCUNICODE_STRING,
        string: PCUNICODE_STRING,
        case_insensitive: BOOLEAN,
    ) -> BOOLEAN {
        // SAFETY: the caller gave valid strings.
        let prefix = unsafe { text(prefix) }.unwrap_or_default();
        // SAFETY: as above.
        let string = unsafe { text(string) }.unwrap_or_default();
        let begin = string.get(..prefix.len());
        BOOLEAN::from(begin.is_some_and(|begin| same(begin, prefix, case_insensitive != 0)))
    }

    /// Copies a string as far as it fits, and NUL-terminates the copy if there is room. NULL empties
    /// the destination.
    fn RtlCopyUnicodeString(destination: PUNICODE_STRING, source: PCUNICODE_STRING) {
        // SAFETY: the caller gave valid strings.
        let units = unsafe { text(source) }.unwrap_or_default();
        // SAFETY: as above.
        unsafe { (*destination).Length = 0 };
        // SAFETY: as above.
        unsafe { append(destination, units) };
    }

    /// Appends a NUL-terminated text to a string: all of it, or `STATUS_BUFFER_TOO_SMALL`.
    [undeclared]
    fn RtlAppendUnicodeToString(destination: PUNICODE_STRING, source: PCWSTR) -> NTSTATUS {
        let units: &[u16] = match source.is_null() {
            true => &[],
            false => {
                // SAFETY: the caller gave NUL-terminated text.
                let length = unsafe { units_before_nul(source) };
                // SAFETY: as above.
                unsafe { std::slice::from_raw_parts(source, length) }
            }
        };
        // SAFETY: the caller gave a valid string.
        unsafe { append_all(destination, units) }
    }

    /// Appends a string to another: all of it, or `STATUS_BUFFER_TOO_SMALL`.
    [undeclared]
    fn RtlAppendUnicodeStringToString(
        destination: PUNICODE_STRING,
        source: PCUNICODE_STRING,
    ) -> NTSTATUS {
        // SAFETY: the caller gave valid strings.
        let units = unsafe { text(source) }.unwrap_or_default();
        // SAFETY: as above.
        unsafe { append_all(destination, units) }
    }

    /// Maps a character to upper case.
    fn RtlUpcaseUnicodeChar(character: WCHAR) -> WCHAR {
        upcase(character)
    }

    /// The version of the machine's profile.
    fn RtlGetVersion(version: PRTL_OSVERSIONINFOW) -> NTSTATUS {
        let thread = current(CALL);
        let (major, minor, build) = thread.kernel().profile.version();
        // SAFETY: the caller gave a structure whose size it has set.
        let Some(version) = (unsafe { version.as_mut() }) else {
            return Status::INVALID_PARAMETER.0;
        };
        let size = version.dwOSVersionInfoSize;
        if size != size_of_val(version) as u32 && size != EXTENDED_SIZE {
            let detail = format!("dwOSVersionInfoSize is {size}; set it to the structure's size");
            thread.finding(Rule::Parameter, CALL, detail);
        }
        version.dwMajorVersion = major;
        version.dwMinorVersion = minor;
        version.dwBuildNumber = build;
        version.dwPlatformId = PLATFORM_NT;
        version.szCSDVersion = [0; 128];
        if size == EXTENDED_SIZE {
            // SAFETY: the caller's structure has that size.
            unsafe { extend(std::ptr::from_mut(version).cast()) };
        }
        Status::SUCCESS.0
    }

    /// The version of the machine's profile. The result is 1 for a checked build, which it is not.
    [undeclared]
    fn PsGetVersion(
        major: *mut u32,
        minor: *mut u32,
        build: *mut u32,
        service_pack: PUNICODE_STRING,
    ) -> BOOLEAN {
        let version = current(CALL).kernel().profile.version();
        for (place, value) in [(major, version.0), (minor, version.1), (build, version.2)] {
            if !place.is_null() {
                // SAFETY: the caller gave a place, or null.
                unsafe { place.write(value) };
            }
        }
        // SAFETY: the caller gave a place, or null.
        if let Some(service_pack) = unsafe { service_pack.as_mut() } {
            service_pack.Length = 0;
        }
        0
    }

    /// Whether the machine's profile is at least the version of Windows in the number's upper half,
    /// 0 unless the lower half, a service pack, is 0.
    [undeclared]
    fn RtlIsNtDdiVersionAvailable(version: u32) -> BOOLEAN {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        let (major, minor, _) = thread.kernel().profile.version();
        let ours = major << 24 | minor << 16;
        BOOLEAN::from(version & 0xFFFF == 0 && ours >= version)
    }

    /// The return addresses on the stack, the caller's first, after `skip` of them. The hash is their
    /// sum. For drivers that are linked in; `.sys` files, whose frames the host cannot unwind, get
    /// `seh`'s on x86_64 Linux, and an empty stack elsewhere.
    fn RtlCaptureStackBackTrace(
        skip: u32,
        count: u32,
        frames: *mut PVOID,
        hash: *mut u32,
    ) -> u16 {
        let thread = current(CALL);
        let mut captured = Vec::new();
        if thread.caller().abi == Abi::Host {
            let count = (count as usize).min(usize::from(u16::MAX));
            captured = callers(RtlCaptureStackBackTrace as *const (), skip as usize, count);
        }
        let mut sum = 0_u32;
        for (index, &address) in captured.iter().enumerate() {
            // SAFETY: the caller gave room for `count` addresses.
            unsafe { frames.wrapping_add(index).write(address) };
            sum = sum.wrapping_add(address.addr() as u32);
        }
        if !hash.is_null() {
            // SAFETY: the caller gave a place for the hash, or null.
            unsafe { hash.write(sum) };
        }
        captured.len() as u16
    }
}

fn same(first: &[u16], second: &[u16], case_insensitive: bool) -> bool {
    if case_insensitive {
        equal(first, second)
    } else {
        first == second
    }
}

/// The addresses on the stack above the frame of `routine`, `skip` of them left out.
fn callers(routine: *const (), skip: usize, count: usize) -> Vec<PVOID> {
    let mut all: Vec<(PVOID, PVOID)> = Vec::new();
    backtrace::trace(|frame| {
        all.push((frame.ip().cast(), frame.symbol_address().cast()));
        true
    });
    let own = all
        .iter()
        .position(|&(_, function)| function.cast_const().cast() == routine)
        .map_or(0, |at| at + 1);
    let above = all.into_iter().skip(own + skip).take(count);
    above.map(|(address, _)| address).collect()
}

/// Appends as much of `units` as fits, and a NUL if there is room for one.
///
/// # Safety
/// `destination` leads to a string whose buffer has `MaximumLength` bytes, which do not overlap
/// `units`, or is null.
unsafe fn append(destination: PUNICODE_STRING, units: &[u16]) {
    // SAFETY: by this function's contract.
    let Some(string) = (unsafe { destination.as_mut() }) else {
        return;
    };
    let room = usize::from(string.MaximumLength) / 2;
    let used = usize::from(string.Length) / 2;
    let count = units.len().min(room.saturating_sub(used));
    if string.Buffer.is_null() || room == 0 {
        return;
    }
    let end = string.Buffer.wrapping_add(used);
    // SAFETY: by this function's contract, with `used + count <= room`. `copy` allows the overlap
    // of a string that is appended to itself.
    unsafe { end.copy_from(units.as_ptr(), count) };
    if used + count < room {
        // SAFETY: as above.
        unsafe { end.wrapping_add(count).write(0) };
    }
    string.Length = ((used + count) * 2) as u16;
}

/// Appends all of `units`, or nothing.
///
/// # Safety
/// As for [`append`].
unsafe fn append_all(destination: PUNICODE_STRING, units: &[u16]) -> NTSTATUS {
    // SAFETY: by this function's contract.
    let Some(string) = (unsafe { destination.as_ref() }) else {
        return Status::INVALID_PARAMETER.0;
    };
    if usize::from(string.Length) + units.len() * 2 > usize::from(string.MaximumLength) {
        return Status::BUFFER_TOO_SMALL.0;
    }
    // SAFETY: by this function's contract.
    unsafe { append(destination, units) };
    Status::SUCCESS.0
}
