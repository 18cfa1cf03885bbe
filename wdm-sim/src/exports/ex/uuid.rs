//! The executive's routine for identifiers.
//!
//! Page: <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-exuuidcreate>.

use uuid::Uuid;
use wdm_sys::{GUID, NTSTATUS};

use crate::cm::capture;
use crate::exports::exports;
use crate::machine::{current, irql};
use crate::status::Status;

exports! {
    /// Makes an identifier that is nobody else's.
    [undeclared]
    fn ExUuidCreate(id: *mut GUID) -> NTSTATUS {
        current(CALL).require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: the caller gave a place for it; a GUID has 16 bytes.
        unsafe { capture::write(id.cast(), Uuid::new_v4().to_bytes_le()) };
        Status::SUCCESS.0
    }
}
