//! Security descriptors in memory.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlvalidrelativesecuritydescriptor>,
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtllengthsecuritydescriptor>.

use wdm_sys::{BOOLEAN, PSECURITY_DESCRIPTOR, SECURITY_INFORMATION, ULONG};

use crate::exports::exports;
use crate::machine::{current, irql};
use crate::se::{descriptor_is_valid, descriptor_length};

exports! {
    /// Whether bytes are a whole self-relative security descriptor that has the required parts.
    fn RtlValidRelativeSecurityDescriptor(
        descriptor: PSECURITY_DESCRIPTOR,
        length: ULONG,
        required: SECURITY_INFORMATION,
    ) -> BOOLEAN {
        current(CALL).require_irql(irql::APC_LEVEL, CALL);
        if descriptor.is_null() {
            return 0;
        }
        // SAFETY: the caller gave so many bytes.
        let bytes = unsafe { std::slice::from_raw_parts(descriptor.cast::<u8>(), length as usize) };
        descriptor_is_valid(bytes, required).into()
    }

    /// The length of a security descriptor, absolute or self-relative, with its parts.
    fn RtlLengthSecurityDescriptor(descriptor: PSECURITY_DESCRIPTOR) -> ULONG {
        current(CALL).require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: the caller gave a valid descriptor.
        unsafe { descriptor_length(descriptor) }
    }
}
