//! Single letters in the C runtime: their case, and what they are. Drivers that are linked in use the
//! host's.
//!
//! Pages: <https://learn.microsoft.com/cpp/c-runtime-library/is-isw-routines> and its neighbours. Narrow
//! letters are ASCII's, wide ones those of NT's table.

use crate::exports::exports;
use crate::exports::rtl::string::downcase;
use crate::registry::upcase::upcase;

exports! {
    /// The lower-case letter.
    [sys_only]
    fn tolower(letter: i32) -> i32 {
        narrow(letter).map_or(letter, |byte| byte.to_ascii_lowercase().into())
    }

    /// The upper-case letter.
    [sys_only]
    fn toupper(letter: i32) -> i32 {
        narrow(letter).map_or(letter, |byte| byte.to_ascii_uppercase().into())
    }

    /// The lower-case letter.
    [sys_only]
    fn towlower(letter: u16) -> u16 {
        downcase(letter)
    }

    /// The upper-case letter.
    [sys_only]
    fn towupper(letter: u16) -> u16 {
        upcase(letter)
    }

    /// Whether it is a digit.
    [sys_only]
    fn isdigit(letter: i32) -> i32 {
        narrow(letter).is_some_and(|it| it.is_ascii_digit()).into()
    }

    /// Whether it is a hexadecimal digit.
    [sys_only]
    fn isxdigit(letter: i32) -> i32 {
        narrow(letter).is_some_and(|it| it.is_ascii_hexdigit()).into()
    }

    /// Whether it is a letter.
    [sys_only]
    fn isalpha(letter: i32) -> i32 {
        narrow(letter).is_some_and(|it| it.is_ascii_alphabetic()).into()
    }

    /// Whether it is a letter or a digit.
    [sys_only]
    fn isalnum(letter: i32) -> i32 {
        narrow(letter).is_some_and(|it| it.is_ascii_alphanumeric()).into()
    }

    /// Whether it is white space.
    [sys_only]
    fn isspace(letter: i32) -> i32 {
        narrow(letter).is_some_and(is_space).into()
    }

    /// Whether it is an upper-case letter.
    [sys_only]
    fn isupper(letter: i32) -> i32 {
        narrow(letter).is_some_and(|it| it.is_ascii_uppercase()).into()
    }

    /// Whether it is a lower-case letter.
    [sys_only]
    fn islower(letter: i32) -> i32 {
        narrow(letter).is_some_and(|it| it.is_ascii_lowercase()).into()
    }

    /// Whether it can be printed.
    [sys_only]
    fn isprint(letter: i32) -> i32 {
        narrow(letter).is_some_and(|it| (b' '..=b'~').contains(&it)).into()
    }
}

/// A number that stands for a narrow character.
fn narrow(letter: i32) -> Option<u8> {
    u8::try_from(letter).ok()
}

/// What C's `isspace` is true of.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}
