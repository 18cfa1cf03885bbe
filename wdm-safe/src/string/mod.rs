//! Counted UTF-16 strings: [`UnicodeStr`] borrowed, [`UnicodeString`] owned.
//!
//! The kernel's `UNICODE_STRING` counts its bytes, need not end in a NUL and may hold lone
//! surrogates; so do these.

mod borrowed;
mod counted;
mod owned;

pub use borrowed::{Components, UnicodeStr};
pub use counted::Counted;
pub use owned::UnicodeString;

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
