//! The kernel's view of a borrowed string.

use core::marker::PhantomData;

use wdm_sys as sys;

use crate::{NtError, Result, UnicodeStr};

/// A `UNICODE_STRING` that borrows its units: what kernel routines take.
///
/// # Invariants
/// `Buffer` points to `Length` readable bytes for `'a`.
pub struct Counted<'a> {
    raw: sys::UNICODE_STRING,
    _units: PhantomData<&'a [u16]>,
}

impl<'a> Counted<'a> {
    /// The kernel's view of a string.
    ///
    /// # Errors
    /// `STATUS_NAME_TOO_LONG` if it has more than 32,767 units, which the 16-bit length in bytes
    /// cannot say.
    pub fn new(text: &'a UnicodeStr) -> Result<Self> {
        let bytes = size_of_val(text.units());
        let bytes = u16::try_from(bytes).map_err(|_| NtError::NAME_TOO_LONG)?;
        let buffer = text.units().as_ptr().cast_mut();
        // INVARIANT: pointer and length of the same slice, which lives for 'a.
        let raw = sys::UNICODE_STRING {
            Length: bytes,
            MaximumLength: bytes,
            Buffer: buffer,
        };
        Ok(Self {
            raw,
            _units: PhantomData,
        })
    }

    /// The pointer to hand to a kernel routine that only reads the string.
    #[must_use]
    pub fn as_ptr(&self) -> *mut sys::UNICODE_STRING {
        (&raw const self.raw).cast_mut()
    }
}
