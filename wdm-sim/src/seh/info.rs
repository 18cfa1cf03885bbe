//! `UNWIND_INFO`: how a function's prologue changed the registers, and its handler.
//!
//! Page: <https://learn.microsoft.com/cpp/build/exception-handling-x64>. Version 2, which the page
//! leaves out, puts the places of the epilogues before the other codes.

use super::context::Register;
use super::error::UnwindError;
use crate::loader::RuntimeFunction;

/// The codes of a function, read from its image.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnwindInfo<'a> {
    version: u8,
    flags: u8,
    pub(super) prologue: u8,
    frame: u8,
    /// Two bytes each.
    codes: &'a [[u8; 2]],
    /// The RVA behind the codes.
    tail: u32,
}

const EHANDLER: u8 = 1;
const UHANDLER: u8 = 2;
const CHAINED: u8 = 4;

/// What a handler is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// An exception: who takes it?
    Search,
    /// Unwinding: what is to be cleaned up?
    Unwind,
}

/// What one code undoes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// A register was pushed.
    Push(Register),
    /// The stack pointer was lowered.
    Allocate(u32),
    /// The frame register was set.
    SetFrame,
    /// A register was stored at this offset from the frame's base.
    Save(Register, u32),
    /// An XMM register was stored at this offset from the frame's base.
    SaveXmm(u8, u32),
    /// The processor pushed an interrupt's frame, perhaps with an error code.
    MachineFrame { error_code: bool },
    /// An epilogue (version 2): a number of bytes, and whether the number is above its length.
    Epilogue { low: u8, high: u8 },
}

impl<'a> UnwindInfo<'a> {
    /// Reads the information at an RVA of an image's bytes.
    pub(super) fn read(layout: &'a [u8], rva: u32) -> Result<Self, UnwindError> {
        let outside = UnwindError::InfoOutside(rva);
        let bytes = layout.get(rva as usize..).ok_or(outside)?;
        let (&[kind, prologue, count, frame], rest) = bytes.split_first_chunk().ok_or(outside)?;
        let version = kind & 7;
        if !matches!(version, 1 | 2) {
            return Err(UnwindError::Version { rva, version });
        }
        let length = usize::from(count) * 2;
        let codes = rest.get(..length).ok_or(outside)?.as_chunks().0;
        // The array has an even number of slots.
        let slots = u32::from(count).next_multiple_of(2);
        Ok(Self {
            version,
            flags: kind >> 3,
            prologue,
            frame,
            codes,
            tail: rva + 4 + slots * 2,
        })
    }

    /// The frame register, and what its value is above the frame's base.
    pub(super) fn frame_register(&self) -> Option<(Register, u64)> {
        let number = self.frame & 15;
        (number != 0).then(|| {
            (
                Register::from_number(number),
                u64::from(self.frame >> 4) * 16,
            )
        })
    }

    /// The RVA of the handler, and of the data behind it, if it has one for this purpose.
    pub(super) fn handler(
        &self,
        layout: &[u8],
        purpose: Purpose,
    ) -> Result<Option<(u32, u32)>, UnwindError> {
        let wanted = match purpose {
            Purpose::Search => EHANDLER,
            Purpose::Unwind => UHANDLER,
        };
        if self.is_chained() || self.flags & wanted == 0 {
            return Ok(None);
        }
        let [routine] = words(layout, self.tail)?;
        if routine as usize >= layout.len() {
            return Err(UnwindError::HandlerOutside(routine));
        }
        Ok(Some((routine, self.tail + 4)))
    }

    pub(super) fn is_chained(&self) -> bool {
        self.flags & CHAINED != 0
    }

    /// The function whose codes go on where these end.
    pub(super) fn chained(&self, layout: &[u8]) -> Result<Option<RuntimeFunction>, UnwindError> {
        if !self.is_chained() {
            return Ok(None);
        }
        let [begin, end, unwind_info] = words(layout, self.tail)?;
        Ok(Some(RuntimeFunction {
            begin,
            end,
            unwind_info,
        }))
    }

    /// The operations, last first, each with the offset in the prologue at which it was done.
    pub(super) fn operations(&self) -> Operations<'a> {
        Operations {
            version: self.version,
            codes: self.codes,
        }
    }
}

/// Little-endian words at an RVA.
fn words<const N: usize>(layout: &[u8], rva: u32) -> Result<[u32; N], UnwindError> {
    let bytes = layout.get(rva as usize..).unwrap_or_default();
    let (words, _) = bytes.as_chunks::<4>();
    let words = words
        .first_chunk::<N>()
        .ok_or(UnwindError::InfoOutside(rva))?;
    Ok(words.map(u32::from_le_bytes))
}

/// See [`UnwindInfo::operations`].
#[derive(Clone)]
pub(super) struct Operations<'a> {
    version: u8,
    codes: &'a [[u8; 2]],
}

impl Operations<'_> {
    /// The next `slots` slots as a number.
    fn operand(&mut self, slots: usize) -> Result<u32, UnwindError> {
        let operand = self.codes.get(..slots).ok_or(UnwindError::CodesEnd)?;
        self.codes = &self.codes[slots..];
        let number = |slot: &[u8; 2]| u32::from(u16::from_le_bytes(*slot));
        Ok(operand
            .iter()
            .rev()
            .fold(0, |all, slot| all << 16 | number(slot)))
    }

    fn decode(&mut self, code: u8, low: u8) -> Result<Operation, UnwindError> {
        let (operation, info) = (code & 15, code >> 4);
        let register = Register::from_number(info);
        Ok(match (operation, info) {
            (0, _) => Operation::Push(register),
            // Sizes in slots are scaled; those in two slots are not.
            (1, 0) => Operation::Allocate(self.operand(1)? * 8),
            (1, 1) => Operation::Allocate(self.operand(2)?),
            (2, _) => Operation::Allocate(u32::from(info) * 8 + 8),
            (3, _) => Operation::SetFrame,
            (4, _) => Operation::Save(register, self.operand(1)? * 8),
            (5, _) => Operation::Save(register, self.operand(2)?),
            (6, _) if self.version == 2 => Operation::Epilogue { low, high: info },
            (8, _) => Operation::SaveXmm(info, self.operand(1)? * 16),
            (9, _) => Operation::SaveXmm(info, self.operand(2)?),
            (10, 0 | 1) => Operation::MachineFrame {
                error_code: info == 1,
            },
            _ => return Err(UnwindError::Operation { operation, info }),
        })
    }
}

impl Iterator for Operations<'_> {
    type Item = Result<(u8, Operation), UnwindError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (&[offset, code], rest) = self.codes.split_first()?;
        self.codes = rest;
        let operation = self.decode(code, offset);
        if operation.is_err() {
            // What follows a code that cannot be read cannot be read either.
            self.codes = &[];
        }
        Some(operation.map(|operation| (offset, operation)))
    }
}
