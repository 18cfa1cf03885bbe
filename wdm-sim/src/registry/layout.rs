//! Writing one of NT's structures into a caller's buffer.
//!
//! Each structure is a fixed part and one or two tails of variable length. All of them follow one
//! rule: if the fixed part does not fit, nothing is written and the status is
//! `STATUS_BUFFER_TOO_SMALL`; if only a tail does not fit, as much as fits is written and the
//! status is
//! `STATUS_BUFFER_OVERFLOW`. The required length is reported in every case.

use crate::status::Status;

/// What a query wrote.
///
/// If the fixed part of the structure does not fit, nothing is written; if only what follows it
/// does not, as much as fits is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `STATUS_SUCCESS`, `STATUS_BUFFER_OVERFLOW` or `STATUS_BUFFER_TOO_SMALL`.
    pub status: Status,
    /// The length in bytes that the whole answer needs (`*ResultLength`).
    pub length: u32,
}

impl Answer {
    /// Writes a structure that is one number.
    pub(crate) fn number(number: u32, buffer: &mut [u8]) -> Self {
        Layout::new().u32(number).write(buffer)
    }
}

/// Room for the largest fixed part, the 44 bytes of `KEY_FULL_INFORMATION`.
const MAX_FIXED: usize = 48;

/// One of NT's structures: a fixed part and up to two tails.
pub(super) struct Layout<'a> {
    fixed: [u8; MAX_FIXED],
    fixed_len: usize,
    tails: [(usize, Tail<'a>); 2],
}

#[derive(Clone, Copy)]
enum Tail<'a> {
    None,
    Text(&'a [u16]),
    Data(&'a [u8]),
}

impl<'a> Layout<'a> {
    pub(super) fn new() -> Self {
        Self {
            fixed: [0; MAX_FIXED],
            fixed_len: 0,
            tails: [(0, Tail::None); 2],
        }
    }

    pub(super) fn u32(self, field: u32) -> Self {
        self.field(&field.to_le_bytes())
    }

    pub(super) fn u64(self, field: u64) -> Self {
        self.field(&field.to_le_bytes())
    }

    fn field(mut self, bytes: &[u8]) -> Self {
        let end = self.fixed_len + bytes.len();
        self.fixed[self.fixed_len..end].copy_from_slice(bytes);
        self.fixed_len = end;
        self
    }

    /// Text right behind the fixed part.
    pub(super) fn text(mut self, text: &'a [u16]) -> Self {
        self.tails[0] = (self.fixed_len, Tail::Text(text));
        self
    }

    /// Bytes right behind the fixed part.
    pub(super) fn data(mut self, data: &'a [u8]) -> Self {
        self.tails[0] = (self.fixed_len, Tail::Data(data));
        self
    }

    /// Text at an offset behind the first tail.
    pub(super) fn text_at(mut self, offset: u32, text: &'a [u16]) -> Self {
        self.tails[1] = (offset as usize, Tail::Text(text));
        self
    }

    /// Bytes at an offset behind the first tail.
    pub(super) fn data_at(mut self, offset: u32, data: &'a [u8]) -> Self {
        self.tails[1] = (offset as usize, Tail::Data(data));
        self
    }

    pub(super) fn write(&self, buffer: &mut [u8]) -> Answer {
        let needed = self
            .tails
            .iter()
            .fold(self.fixed_len, |needed, (offset, tail)| {
                if tail.len() == 0 {
                    needed
                } else {
                    needed.max(offset + tail.len())
                }
            });
        let status = if buffer.len() < self.fixed_len {
            Status::BUFFER_TOO_SMALL
        } else {
            buffer[..self.fixed_len].copy_from_slice(&self.fixed[..self.fixed_len]);
            for (offset, tail) in &self.tails {
                tail.write(buffer.get_mut(*offset..).unwrap_or_default());
            }
            if buffer.len() < needed {
                Status::BUFFER_OVERFLOW
            } else {
                Status::SUCCESS
            }
        };
        Answer {
            status,
            length: count(needed),
        }
    }
}

impl Tail<'_> {
    fn len(self) -> usize {
        match self {
            Self::None => 0,
            Self::Text(text) => text.len() * 2,
            Self::Data(data) => data.len(),
        }
    }

    /// Writes as much as fits.
    fn write(self, buffer: &mut [u8]) {
        match self {
            Self::None => {}
            Self::Text(text) => {
                for (place, byte) in buffer
                    .iter_mut()
                    .zip(text.iter().flat_map(|u| u.to_le_bytes()))
                {
                    *place = byte;
                }
            }
            Self::Data(data) => {
                let len = data.len().min(buffer.len());
                buffer[..len].copy_from_slice(&data[..len]);
            }
        }
    }
}

/// A count or length as the structures carry it.
pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
