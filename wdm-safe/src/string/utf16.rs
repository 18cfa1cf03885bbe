//! UTF-16 text in bytes at any address.

use core::fmt::{self, Write as _};

use crate::{Result, UnicodeStr, UnicodeString};

/// UTF-16 text, little-endian, in bytes that need not be at an even address, read unit by unit.
///
/// A [`UnicodeStr`] is a slice of units and so wants an even address. The data of a registry value
/// is wherever its writer put it.
///
/// ```
/// use wdm_safe::string::Utf16;
///
/// let bytes = b".H\0i\0\0\0!\0";
/// let text = Utf16::new(&bytes[1..]).until_nul();
/// assert_eq!(text.to_string(), "Hi");
/// assert!(text.units().eq("Hi".encode_utf16()));
/// ```
#[derive(Clone, Copy)]
pub struct Utf16<'a>(&'a [[u8; 2]]);

impl<'a> Utf16<'a> {
    /// Bytes as text; an odd last byte is left out.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.as_chunks().0)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0.as_flattened()
    }

    /// The number of units.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there is no unit in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The units.
    pub fn units(self) -> impl ExactSizeIterator<Item = u16> + Clone + 'a {
        self.0.iter().map(|unit| u16::from_le_bytes(*unit))
    }

    /// The text before the first NUL; all of it if there is none.
    #[must_use]
    pub fn until_nul(self) -> Self {
        let first = self.0.split(|unit| *unit == [0, 0]).next();
        Self(first.unwrap_or(self.0))
    }

    /// The strings of a list (`REG_MULTI_SZ`), in order. A missing terminator does no harm; the
    /// empty string ends the list.
    #[must_use]
    pub const fn strings(self) -> Utf16Strings<'a> {
        Utf16Strings { rest: self }
    }

    /// A copy that is a string.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if the pool has no memory.
    pub fn try_to_string(self) -> Result<UnicodeString> {
        let mut copy = crate::PoolVec::new();
        copy.try_reserve(self.len())?;
        for unit in self.units() {
            copy.try_push(unit)?;
        }
        Ok(copy.into())
    }
}

impl<'a> From<&'a UnicodeStr> for Utf16<'a> {
    fn from(text: &'a UnicodeStr) -> Self {
        // Windows, and every machine that the simulator runs on, is little-endian.
        Self::new(text.as_bytes())
    }
}

impl PartialEq for Utf16<'_> {
    /// Unit by unit: case counts.
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Utf16<'_> {}

impl PartialEq<UnicodeStr> for Utf16<'_> {
    fn eq(&self, other: &UnicodeStr) -> bool {
        self.units().eq(other.units().iter().copied())
    }
}

impl fmt::Display for Utf16<'_> {
    /// Lone surrogates are shown as U+FFFD.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        char::decode_utf16(self.units())
            .try_for_each(|c| f.write_char(c.unwrap_or(char::REPLACEMENT_CHARACTER)))
    }
}

impl fmt::Debug for Utf16<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::debug_units(self.units(), f)
    }
}

/// The strings of a list; see [`Utf16::strings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utf16Strings<'a> {
    rest: Utf16<'a>,
}

impl<'a> Iterator for Utf16Strings<'a> {
    type Item = Utf16<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.rest.until_nul();
        let rest = self.rest.0.get(text.len().saturating_add(1)..);
        self.rest = Utf16(rest.unwrap_or(&[]));
        (!text.is_empty()).then_some(text)
    }
}
