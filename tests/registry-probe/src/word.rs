//! What a line consists of: words with blanks between them.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

/// A name, in UTF-16 units.
#[derive(Clone, PartialEq, Eq)]
pub struct Text(pub Vec<u16>);

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.encode_utf16().collect())
    }
}

impl core::fmt::Debug for Text {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut line = String::new();
        self.write(&mut line);
        f.write_str(line.trim_start())
    }
}

/// Something that can stand in a line.
pub trait Word: Sized {
    /// Appends it, with a blank before it.
    fn write(&self, line: &mut String);

    /// Takes it from the words of a line; `None` if the next word is something else.
    fn read<'l>(words: &mut impl Iterator<Item = &'l str>) -> Option<Self>;
}

impl Word for u32 {
    fn write(&self, line: &mut String) {
        // Writing to memory cannot fail.
        let _ = write!(line, " {self:x}");
    }

    fn read<'l>(words: &mut impl Iterator<Item = &'l str>) -> Option<Self> {
        Self::from_str_radix(words.next()?, 16).ok()
    }
}

/// A value that may be absent: `-`.
impl<T: Word> Word for Option<T> {
    fn write(&self, line: &mut String) {
        match self {
            Some(word) => word.write(line),
            None => line.push_str(" -"),
        }
    }

    fn read<'l>(words: &mut impl Iterator<Item = &'l str>) -> Option<Self> {
        match words.next()? {
            "-" => Some(None),
            word => T::read(&mut core::iter::once(word).chain(words)).map(Some),
        }
    }
}

/// `'` and the text; what is not a letter or digit or the like is `%` and four hexadecimal digits.
impl Word for Text {
    fn write(&self, line: &mut String) {
        line.push_str(" '");
        for &unit in &self.0 {
            match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii_graphic() && byte != b'%' => line.push(char::from(byte)),
                _ => {
                    let _ = write!(line, "%{unit:04x}");
                }
            }
        }
    }

    fn read<'l>(words: &mut impl Iterator<Item = &'l str>) -> Option<Self> {
        let mut rest = words.next()?.strip_prefix('\'')?;
        let mut units = Vec::new();
        while let Some(unit) = rest.chars().next() {
            let (unit, length) = match unit {
                '%' => (u16::from_str_radix(rest.get(1..5)?, 16).ok()?, 5),
                _ => (u16::try_from(u32::from(unit)).ok()?, unit.len_utf8()),
            };
            units.push(unit);
            rest = &rest[length..];
        }
        Some(Self(units))
    }
}

/// `x` and two hexadecimal digits a byte.
impl Word for Vec<u8> {
    fn write(&self, line: &mut String) {
        line.push_str(" x");
        for byte in self {
            let _ = write!(line, "{byte:02x}");
        }
    }

    fn read<'l>(words: &mut impl Iterator<Item = &'l str>) -> Option<Self> {
        let digits = words.next()?.strip_prefix('x')?;
        let byte = |at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        (0..digits.len()).step_by(2).map(byte).collect()
    }
}

/// All the names until the line's end.
impl Word for Vec<Text> {
    fn write(&self, line: &mut String) {
        for text in self {
            text.write(line);
        }
    }

    fn read<'l>(words: &mut impl Iterator<Item = &'l str>) -> Option<Self> {
        words
            .map(|word| Text::read(&mut core::iter::once(word)))
            .collect()
    }
}
