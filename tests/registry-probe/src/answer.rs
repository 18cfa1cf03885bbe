//! What came of a call.

use alloc::string::String;
use alloc::vec::Vec;

use crate::word::Word;

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The NTSTATUS.
    pub status: u32,
    /// The length that was reported, or the disposition of a create; `None` if nothing was.
    pub length: Option<u32>,
    /// The caller's buffer afterwards: bytes that were not written to are [`Answer::UNTOUCHED`].
    pub data: Vec<u8>,
}

impl Answer {
    /// What buffers are filled with before a call.
    pub const UNTOUCHED: u8 = 0xCC;

    /// An answer that is a status only.
    pub(crate) fn of(status: i32) -> Self {
        Self {
            status: status.cast_unsigned(),
            length: None,
            data: Vec::new(),
        }
    }

    /// The answer as a line, without its end.
    pub fn to_line(&self) -> String {
        let mut line = String::new();
        self.status.write(&mut line);
        self.length.write(&mut line);
        self.data.write(&mut line);
        line.remove(0);
        line
    }

    /// The answer in a line.
    pub fn from_line(line: &str) -> Option<Self> {
        let words = &mut line.split_ascii_whitespace();
        Some(Self {
            status: Word::read(words)?,
            length: Word::read(words)?,
            data: Word::read(words)?,
        })
    }
}
