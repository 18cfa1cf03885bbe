//! Security identifiers in memory.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtlconvertsidtounicodestring>,
//! `nf-ntifs-rtlvalidsid` and their neighbours. An identifier is a revision, the number of its parts,
//! six bytes of the authority that gave it, and the parts.

use std::ptr::null_mut;

use wdm_sys::{BOOLEAN, NTSTATUS, PUNICODE_STRING};

use crate::exports::exports;
use crate::exports::rtl::string_memory::give;
use crate::machine::{current, irql};
use crate::se::sid::{HEAD, MAX_SUBAUTHORITIES, REVISION, text};
use crate::status::Status;

type Sid = *mut u8;

exports! {
    /// Whether an identifier is one: its revision and the number of its parts are valid.
    [undeclared]
    fn RtlValidSid(sid: Sid) -> BOOLEAN {
        // SAFETY: the caller gave an identifier, or NULL.
        BOOLEAN::from(!sid.is_null() && unsafe { is_valid(sid) })
    }

    /// The length of an identifier in bytes.
    [undeclared]
    fn RtlLengthSid(sid: Sid) -> u32 {
        // SAFETY: the caller gave an identifier.
        unsafe { bytes(sid) }.len() as u32
    }

    /// The length of an identifier with so many parts.
    [undeclared]
    fn RtlLengthRequiredSid(parts: u32) -> u32 {
        HEAD as u32 + parts * 4
    }

    /// Whether two identifiers are equal.
    [undeclared]
    fn RtlEqualSid(a: Sid, b: Sid) -> BOOLEAN {
        // SAFETY: the caller gave identifiers.
        let a = unsafe { bytes(a) };
        // SAFETY: as above.
        BOOLEAN::from(a == unsafe { bytes(b) })
    }

    /// Copies an identifier into `room` bytes.
    [undeclared]
    fn RtlCopySid(room: u32, to: Sid, from: Sid) -> NTSTATUS {
        // SAFETY: the caller gave an identifier.
        let bytes = unsafe { bytes(from) };
        if bytes.len() > room as usize {
            return Status::BUFFER_TOO_SMALL.0;
        }
        // SAFETY: the caller gave that much room.
        unsafe { to.copy_from(bytes.as_ptr(), bytes.len()) };
        Status::SUCCESS.0
    }

    /// Begins an identifier: its authority, and how many parts it will have.
    [undeclared]
    fn RtlInitializeSid(sid: Sid, authority: *const [u8; 6], parts: u8) -> NTSTATUS {
        if parts > MAX_SUBAUTHORITIES {
            return Status::INVALID_PARAMETER.0;
        }
        // SAFETY: the caller gave an authority.
        let [a, b, c, d, e, f] = unsafe { authority.read() };
        // SAFETY: the caller gave memory for an identifier.
        unsafe { sid.cast::<[u8; HEAD]>().write([REVISION, parts, a, b, c, d, e, f]) };
        Status::SUCCESS.0
    }

    /// Where a part of an identifier lies.
    [undeclared]
    fn RtlSubAuthoritySid(sid: Sid, index: u32) -> *mut u32 {
        sid.wrapping_add(HEAD + index as usize * 4).cast()
    }

    /// Where the number of an identifier's parts lies.
    [undeclared]
    fn RtlSubAuthorityCountSid(sid: Sid) -> *mut u8 {
        if sid.is_null() { null_mut() } else { sid.wrapping_add(1) }
    }

    /// Where the authority of an identifier lies.
    [undeclared]
    fn RtlIdentifierAuthoritySid(sid: Sid) -> *mut u8 {
        sid.wrapping_add(2)
    }

    /// The text of an identifier, `S-1-5-18`, in new memory or in the destination's.
    [undeclared]
    fn RtlConvertSidToUnicodeString(
        destination: PUNICODE_STRING,
        sid: Sid,
        allocate: BOOLEAN,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave an identifier.
        if !unsafe { is_valid(sid) } {
            return Status::INVALID_SID.0;
        }
        // SAFETY: as above.
        let text: Vec<u16> = text(unsafe { bytes(sid) }).encode_utf16().collect();
        // SAFETY: the caller gave a string with its buffer, or a place for one.
        unsafe { give(&thread, destination, &text, allocate != 0) }
    }
}

/// # Safety
/// `sid` leads to an identifier's first two bytes.
unsafe fn is_valid(sid: Sid) -> bool {
    // SAFETY: by this function's contract.
    let [revision, parts] = unsafe { sid.cast::<[u8; 2]>().read() };
    revision == REVISION && parts <= MAX_SUBAUTHORITIES
}

/// # Safety
/// `sid` leads to an identifier, which nobody changes for `'a`.
unsafe fn bytes<'a>(sid: Sid) -> &'a [u8] {
    // SAFETY: by this function's contract.
    let parts = unsafe { sid.wrapping_add(1).read() };
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts(sid, HEAD + usize::from(parts) * 4) }
}
