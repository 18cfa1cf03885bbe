//! Counted UTF-16 strings: [`UnicodeStr`] borrowed, [`UnicodeString`] owned.
//!
//! The kernel's `UNICODE_STRING` counts its bytes, need not end in a NUL and may hold lone
//! surrogates; so do these. Lengths are in UTF-16 units, not in bytes.
//! <https://learn.microsoft.com/windows/win32/api/ntdef/ns-ntdef-_unicode_string>

mod borrowed;
mod counted;
mod owned;
mod utf16;

pub use borrowed::{Components, UnicodeStr};
pub use counted::Counted;
pub use owned::UnicodeString;
pub use utf16::{Utf16, Utf16Strings};

use core::fmt::{self, Write as _};

/// Shows units in quotes, lone surrogates as escapes.
fn debug_units(units: impl Iterator<Item = u16>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for c in char::decode_utf16(units) {
        match c {
            Ok(c) => write!(f, "{}", c.escape_debug())?,
            Err(lone) => write!(f, "\\u{{{:x}}}", lone.unpaired_surrogate())?,
        }
    }
    f.write_char('"')
}

/// A [`UnicodeStr`] from a literal, encoded at compile time.
///
/// ```
/// use wdm_safe::{UnicodeStr, unicode};
///
/// const MACHINE: &UnicodeStr = unicode!(r"\Registry\Machine");
/// assert_eq!(MACHINE.len(), 17);
/// ```
#[macro_export]
macro_rules! unicode {
    ($text:expr) => {
        $crate::UnicodeStr::new($crate::__private::u16str!($text).as_slice())
    };
}
