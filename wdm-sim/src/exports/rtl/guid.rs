//! GUIDs as counted strings.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlstringfromguid>,
//! `nf-wdm-rtlguidfromstring`.

use uuid::Uuid;
use uuid::fmt::Hyphenated;
use wdm_sys::{GUID, NTSTATUS, PCUNICODE_STRING, PUNICODE_STRING};

use super::string_memory::give;
use crate::exports::{exports, text};
use crate::machine::{current, irql};
use crate::status::Status;

exports! {
    /// Reads a GUID in braces.
    [undeclared]
    fn RtlGUIDFromString(string: PCUNICODE_STRING, guid: *mut GUID) -> NTSTATUS {
        current(CALL).require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a valid string.
        let units = unsafe { text(string) }.unwrap_or_default();
        let Some(read) = read_guid(&String::from_utf16_lossy(units)) else {
            return Status::INVALID_PARAMETER.0;
        };
        // SAFETY: the caller gave a place for the GUID.
        unsafe { guid.write(read) };
        Status::SUCCESS.0
    }

    /// Writes a GUID in braces, into new memory that [`RtlFreeUnicodeString`] frees.
    [undeclared]
    fn RtlStringFromGUID(guid: *const GUID, string: PUNICODE_STRING) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a GUID.
        let GUID { Data1, Data2, Data3, Data4 } = unsafe { guid.read() };
        let id = Uuid::from_fields(Data1, Data2, Data3, &Data4);
        let written = format!("{:X}", id.braced());
        let units: Vec<u16> = written.encode_utf16().collect();
        // SAFETY: the caller gave a place for the string.
        unsafe { give(&thread, string, &units, true) }
    }
}

fn read_guid(text: &str) -> Option<GUID> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    let read = Uuid::try_parse(inner).ok();
    // Nothing but the hyphenated form may be in the braces.
    let read = read.filter(|_| inner.len() == Hyphenated::LENGTH)?;
    let (first, second, third, rest) = read.as_fields();
    Some(GUID {
        Data1: first,
        Data2: second,
        Data3: third,
        Data4: *rest,
    })
}
