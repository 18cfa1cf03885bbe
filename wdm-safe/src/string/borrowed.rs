//! The borrowed string.

use core::fmt::{self, Write as _};

use wdm_sys as sys;

/// A borrowed string of UTF-16 units; to [`UnicodeString`](crate::UnicodeString) what `str` is to
/// `String`.
#[repr(transparent)]
pub struct UnicodeStr([u16]);

impl UnicodeStr {
    /// The units as a string.
    #[must_use]
    pub const fn new(units: &[u16]) -> &Self {
        let units: *const [u16] = units;
        // SAFETY: UnicodeStr is a transparent wrapper of [u16], so the cast keeps address, length
        // and validity; the lifetime is that of the argument.
        unsafe { &*(units as *const Self) }
    }

    /// The string that a `UNICODE_STRING` describes; none if the pointer is null or misaligned, or
    /// the structure is malformed: a null or misaligned buffer with a length (P6). An odd length loses its last
    /// byte.
    ///
    /// # Safety
    /// `raw` is null or points to a structure that is readable for `'a`, and, unless its length is
    /// zero, its buffer has that many bytes which are readable and do not change for `'a`.
    #[must_use]
    pub unsafe fn from_raw<'a>(raw: *const sys::UNICODE_STRING) -> Option<&'a Self> {
        if !raw.is_aligned() {
            return None;
        }
        // SAFETY: aligned; null or readable, says the caller.
        let raw = unsafe { raw.as_ref() }?;
        let units = usize::from(raw.Length / 2);
        if units == 0 {
            return Some(Self::new(&[]));
        }
        if raw.Buffer.is_null() || !raw.Buffer.is_aligned() {
            return None;
        }
        // SAFETY: not null, aligned; the caller vouches for the bytes.
        let units = unsafe { core::slice::from_raw_parts(raw.Buffer, units) };
        Some(Self::new(units))
    }

    /// The units.
    #[must_use]
    pub const fn units(&self) -> &[u16] {
        &self.0
    }

    /// The units as bytes, in the machine's order.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        let length = size_of_val(&self.0);
        // SAFETY: the same memory, whose every byte is initialised; bytes need no alignment.
        unsafe { core::slice::from_raw_parts(self.0.as_ptr().cast(), length) }
    }

    /// The number of UTF-16 units.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no unit in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether two strings are equal but for case, by the kernel's own table
    /// (`RtlUpcaseUnicodeChar`). IRQL: `<= APC_LEVEL`.
    ///
    /// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlupcaseunicodechar>
    #[must_use]
    pub fn eq_ignore_case(&self, other: &Self) -> bool {
        self.len() == other.len() && self.starts_with_ignore_case(other)
    }

    /// Whether `prefix` stands at the start of this string, but for case. IRQL: `<= APC_LEVEL`.
    #[must_use]
    pub fn starts_with_ignore_case(&self, prefix: &Self) -> bool {
        self.len() >= prefix.len()
            && self
                .0
                .iter()
                .zip(&prefix.0)
                .all(|(a, b)| a == b || upcase(*a) == upcase(*b))
    }

    /// What remains of a path below `ancestor`: empty for the ancestor itself, otherwise a relative
    /// path without a leading backslash; none if this path is not at or below it. Case does not
    /// count. IRQL: `<= APC_LEVEL`.
    ///
    /// ```
    /// # // The table of capitals is the simulated kernel's.
    /// # use wdm_sim as _;
    /// use wdm_safe::unicode;
    ///
    /// let path = unicode!(r"\REGISTRY\MACHINE\Sam\Domains");
    /// let below = path.below(unicode!(r"\Registry\Machine\SAM"));
    /// assert_eq!(below.map(|rest| rest.units()), Some(unicode!("Domains").units()));
    /// assert!(path.below(unicode!(r"\Registry\Machine\SA")).is_none());
    /// ```
    #[must_use]
    pub fn below(&self, ancestor: &Self) -> Option<&Self> {
        if !self.starts_with_ignore_case(ancestor) {
            return None;
        }
        match self.0.get(ancestor.len()..)? {
            [] => Some(Self::new(&[])),
            [BACKSLASH, rest @ ..] => Some(Self::new(rest)),
            _ => None,
        }
    }

    /// The parts of a path between its backslashes; empty parts are left out.
    #[must_use]
    pub fn components(&self) -> Components<'_> {
        Components { rest: &self.0 }
    }

    /// Whether a path starts at the root of the object namespace.
    #[must_use]
    pub fn is_absolute(&self) -> bool {
        self.0.first() == Some(&BACKSLASH)
    }

    /// The path without its last component, and that component; none if there is only one.
    #[must_use]
    pub fn split_last_component(&self) -> Option<(&Self, &Self)> {
        let at = self.0.iter().rposition(|unit| *unit == BACKSLASH)?;
        let (parent, last) = self.0.split_at_checked(at)?;
        Some((Self::new(parent), Self::new(last.get(1..)?)))
    }
}

const BACKSLASH: u16 = b'\\' as u16;

/// The capital of a unit.
fn upcase(unit: u16) -> u16 {
    if unit < 0x80 {
        return match u8::try_from(unit) {
            Ok(byte) => u16::from(byte.to_ascii_uppercase()),
            Err(_) => unit,
        };
    }
    // SAFETY: RtlUpcaseUnicodeChar takes any unit; IRQL <= APC_LEVEL is what every entry into
    // safe code of these crates guarantees (driver entry, notification).
    unsafe { sys::RtlUpcaseUnicodeChar(unit) }
}

/// The components of a path; see [`UnicodeStr::components`].
#[derive(Clone)]
pub struct Components<'a> {
    rest: &'a [u16],
}

impl<'a> Iterator for Components<'a> {
    type Item = &'a UnicodeStr;

    fn next(&mut self) -> Option<Self::Item> {
        while let [BACKSLASH, rest @ ..] = self.rest {
            self.rest = rest;
        }
        if self.rest.is_empty() {
            return None;
        }
        let end = self
            .rest
            .iter()
            .position(|unit| *unit == BACKSLASH)
            .unwrap_or(self.rest.len());
        let (part, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(UnicodeStr::new(part))
    }
}

impl PartialEq for UnicodeStr {
    /// Unit by unit: case counts.
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for UnicodeStr {}

impl fmt::Display for UnicodeStr {
    /// Lone surrogates are shown as U+FFFD.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        char::decode_utf16(self.0.iter().copied())
            .try_for_each(|c| f.write_char(c.unwrap_or(char::REPLACEMENT_CHARACTER)))
    }
}

impl fmt::Debug for UnicodeStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::debug_units(self.0.iter().copied(), f)
    }
}
