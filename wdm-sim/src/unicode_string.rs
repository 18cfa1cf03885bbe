//! Counted strings, as the kernel's structures and drivers have them.

use wdm_sys::{PCUNICODE_STRING, UNICODE_STRING};

/// A string over text that outlives it, with no room behind. What does not fit a `UNICODE_STRING` is
/// cut off.
pub(crate) fn over(text: &[u16]) -> UNICODE_STRING {
    let bytes = u16::try_from(text.len() * 2).unwrap_or(u16::MAX - 1);
    UNICODE_STRING {
        Length: bytes,
        MaximumLength: bytes,
        Buffer: text.as_ptr().cast_mut(),
    }
}

/// As [`over`], for text that may be written through the string.
pub(crate) fn over_mut(text: &mut [u16]) -> UNICODE_STRING {
    UNICODE_STRING {
        Buffer: text.as_mut_ptr(),
        ..over(text)
    }
}

/// The text of a string that a driver gave; `None` for a null pointer.
///
/// # Safety
/// `string` is null or leads to a string whose buffer has `Length` bytes, which nobody changes
/// for `'a`.
pub(crate) unsafe fn text<'a>(string: PCUNICODE_STRING) -> Option<&'a [u16]> {
    // SAFETY: by this function's contract.
    let string = unsafe { string.as_ref() }?;
    let units = usize::from(string.Length) / 2;
    if string.Buffer.is_null() || units == 0 {
        return Some(&[]);
    }
    // SAFETY: by this function's contract.
    Some(unsafe { std::slice::from_raw_parts(string.Buffer, units) })
}
