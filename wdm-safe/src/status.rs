//! Status codes: what a kernel routine says of a call.
//!
//! [`NtStatus`] is any `NTSTATUS`; [`NtError`] is one that says "failed", and is what a
//! [`Result`] carries. The page is
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/using-ntstatus-values>.
//!
//! ```
//! use wdm_safe::{NtError, NtStatus};
//!
//! assert!(NtStatus::from_raw(0x0000_0104).is_success()); // STATUS_REPARSE: a success, not *the* success
//! assert_eq!(NtStatus::from(NtError::ACCESS_DENIED).to_result(), Err(NtError::ACCESS_DENIED));
//! ```

use core::fmt;
use core::num::NonZeroI32;

use wdm_sys as sys;

/// A value or the status of the call that failed.
pub type Result<T, E = NtError> = core::result::Result<T, E>;

/// Any `NTSTATUS`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct NtStatus(sys::NTSTATUS);

impl NtStatus {
    /// `STATUS_SUCCESS`.
    pub const SUCCESS: Self = Self(0);

    /// The status with this number.
    #[must_use]
    pub const fn from_raw(raw: sys::NTSTATUS) -> Self {
        Self(raw)
    }

    /// The number.
    #[must_use]
    pub const fn raw(self) -> sys::NTSTATUS {
        self.0
    }

    /// `NT_SUCCESS`: a success or a piece of information, neither a warning nor an error.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 >= 0
    }

    /// The failure that this status is, if it is one.
    #[must_use]
    pub const fn error(self) -> Option<NtError> {
        NtError::new(self)
    }

    /// `Ok` for what `NT_SUCCESS` calls a success.
    ///
    /// # Errors
    /// The status itself.
    pub const fn to_result(self) -> Result<()> {
        match NtError::new(self) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for NtStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NtStatus({:#010X})", self.0)
    }
}

impl fmt::Display for NtStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, self.0 as u32)
    }
}

/// An `NTSTATUS` that says "failed": a warning or an error.
///
/// # Invariants
/// The number is negative, that is, `NT_SUCCESS` is false for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct NtError(NonZeroI32);

impl NtError {
    /// The status as a failure; none if `NT_SUCCESS` holds for it.
    #[must_use]
    pub const fn new(status: NtStatus) -> Option<Self> {
        match NonZeroI32::new(status.0) {
            // INVARIANT: negative.
            Some(raw) if raw.get() < 0 => Some(Self(raw)),
            _ => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn raw(self) -> sys::NTSTATUS {
        self.0.get()
    }
}

impl From<NtError> for NtStatus {
    fn from(error: NtError) -> Self {
        Self(error.raw())
    }
}

impl fmt::Debug for NtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NtError({:#010X})", self.0)
    }
}

impl fmt::Display for NtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, self.0.get() as u32)
    }
}

impl core::error::Error for NtError {}

/// Shows a status as headers write it, `0xC0000022`: without the general routine for numbers, which
/// would be most of what a driver that shows statuses links.
fn show(f: &mut fmt::Formatter<'_>, raw: u32) -> fmt::Result {
    use fmt::Write;

    f.write_str("0x")?;
    (0..8).rev().try_for_each(|place| {
        let digit = char::from_digit(raw >> (place * 4) & 0xF, 16).unwrap_or('?');
        f.write_char(digit.to_ascii_uppercase())
    })
}

/// Names for the failures that drivers meet or hand out; the documentation of each is its name in
/// C.
macro_rules! errors {
    ($($name:ident = $raw:ident),+ $(,)?) => {
        impl NtError {
            $(
                #[doc = concat!("`", stringify!($raw), "`.")]
                pub const $name: Self = match Self::new(NtStatus(sys::$raw)) {
                    Some(error) => error,
                    None => panic!("not a failure"),
                };
            )+
        }
    };
}

errors! {
    ACCESS_DENIED = STATUS_ACCESS_DENIED,
    ACCESS_VIOLATION = STATUS_ACCESS_VIOLATION,
    BUFFER_OVERFLOW = STATUS_BUFFER_OVERFLOW,
    BUFFER_TOO_SMALL = STATUS_BUFFER_TOO_SMALL,
    CANNOT_DELETE = STATUS_CANNOT_DELETE,
    CHILD_MUST_BE_VOLATILE = STATUS_CHILD_MUST_BE_VOLATILE,
    DEVICE_NOT_READY = STATUS_DEVICE_NOT_READY,
    FLT_INSTANCE_ALTITUDE_COLLISION = STATUS_FLT_INSTANCE_ALTITUDE_COLLISION,
    INFO_LENGTH_MISMATCH = STATUS_INFO_LENGTH_MISMATCH,
    INSUFFICIENT_RESOURCES = STATUS_INSUFFICIENT_RESOURCES,
    INTERNAL_ERROR = STATUS_INTERNAL_ERROR,
    INVALID_DEVICE_REQUEST = STATUS_INVALID_DEVICE_REQUEST,
    INVALID_DEVICE_STATE = STATUS_INVALID_DEVICE_STATE,
    INVALID_HANDLE = STATUS_INVALID_HANDLE,
    INVALID_PARAMETER = STATUS_INVALID_PARAMETER,
    INVALID_SECURITY_DESCR = STATUS_INVALID_SECURITY_DESCR,
    KEY_DELETED = STATUS_KEY_DELETED,
    NAME_TOO_LONG = STATUS_NAME_TOO_LONG,
    NOT_FOUND = STATUS_NOT_FOUND,
    NOT_SUPPORTED = STATUS_NOT_SUPPORTED,
    NO_MORE_ENTRIES = STATUS_NO_MORE_ENTRIES,
    OBJECT_NAME_COLLISION = STATUS_OBJECT_NAME_COLLISION,
    OBJECT_NAME_INVALID = STATUS_OBJECT_NAME_INVALID,
    OBJECT_NAME_NOT_FOUND = STATUS_OBJECT_NAME_NOT_FOUND,
    OBJECT_PATH_NOT_FOUND = STATUS_OBJECT_PATH_NOT_FOUND,
    OBJECT_PATH_SYNTAX_BAD = STATUS_OBJECT_PATH_SYNTAX_BAD,
    OBJECT_TYPE_MISMATCH = STATUS_OBJECT_TYPE_MISMATCH,
    PRIVILEGE_NOT_HELD = STATUS_PRIVILEGE_NOT_HELD,
    SHARING_VIOLATION = STATUS_SHARING_VIOLATION,
    TRANSACTIONAL_CONFLICT = STATUS_TRANSACTIONAL_CONFLICT,
    TRANSACTION_ALREADY_ABORTED = STATUS_TRANSACTION_ALREADY_ABORTED,
    TRANSACTION_ALREADY_COMMITTED = STATUS_TRANSACTION_ALREADY_COMMITTED,
    TRANSACTION_NOT_ACTIVE = STATUS_TRANSACTION_NOT_ACTIVE,
    UNSUCCESSFUL = STATUS_UNSUCCESSFUL,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_status_is_a_success_or_an_error_and_never_both(raw in any::<i32>()) {
            let status = NtStatus::from_raw(raw);
            prop_assert_eq!(status.is_success(), status.error().is_none());
            prop_assert_eq!(status.to_result().err().map(NtStatus::from), status.error().map(|_| status));
        }
    }

    #[test]
    fn a_result_is_as_small_as_a_status() {
        assert_eq!(size_of::<Result<()>>(), size_of::<NtStatus>());
    }
}
