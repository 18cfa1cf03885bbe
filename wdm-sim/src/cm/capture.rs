//! A caller's buffers (N8).
//!
//! Inputs of a user-mode caller are copied into system memory before any callback sees them; those
//! of a kernel-mode caller are shown as they are. Outputs are always the caller's own memory, which
//! another thread of the caller can change or take away at any time.

use std::ptr;

use smallvec::SmallVec;
use wdm_sys::{PUNICODE_STRING, PVOID, UNICODE_STRING};

use crate::machine::Mode;
use crate::registry::Answer;
use crate::status::Status;

/// Text of a name that needs no allocation if it is short.
pub(crate) type Text = SmallVec<[u16; 64]>;

/// An input string.
pub(crate) struct Name {
    text: Text,
    /// What callbacks are shown.
    shown: Shown,
}

enum Shown {
    /// The caller's own string.
    Callers(PUNICODE_STRING),
    /// A string over `text`.
    Captured(UNICODE_STRING),
}

impl Name {
    /// Takes a caller's string. A NULL pointer is `None`.
    ///
    /// # Safety
    /// `string` is NULL or a valid `UNICODE_STRING`, as the routine's caller promises.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for a length that is odd, `STATUS_ACCESS_VIOLATION` for text at
    /// NULL.
    pub(crate) unsafe fn take(mode: Mode, string: PUNICODE_STRING) -> Result<Option<Self>, Status> {
        if string.is_null() {
            return Ok(None);
        }
        // SAFETY: valid, by this function's contract.
        let original = unsafe { string.read_unaligned() };
        if original.Length % 2 != 0 {
            return Err(Status::INVALID_PARAMETER);
        }
        let bytes = Input {
            address: original.Buffer.cast(),
            length: u32::from(original.Length),
        };
        // SAFETY: the string's text is as valid as the string.
        let bytes = unsafe { bytes.bytes() }?;
        let units = bytes.chunks_exact(2);
        let text = units.map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
        let shown = match mode {
            Mode::Kernel => Shown::Callers(string),
            Mode::User => Shown::Captured(UNICODE_STRING {
                Length: original.Length,
                MaximumLength: original.Length,
                Buffer: ptr::null_mut(),
            }),
        };
        Ok(Some(Self {
            text: text.collect(),
            shown,
        }))
    }

    /// As [`take`](Self::take), for a string that must be there.
    ///
    /// # Safety
    /// As there.
    ///
    /// # Errors
    /// As there, and `STATUS_ACCESS_VIOLATION` for NULL.
    pub(crate) unsafe fn required(mode: Mode, string: PUNICODE_STRING) -> Result<Self, Status> {
        // SAFETY: the caller's promise is the same.
        unsafe { Self::take(mode, string) }?.ok_or(Status::ACCESS_VIOLATION)
    }

    /// As [`required`](Self::required), for the name of an object.
    ///
    /// # Safety
    /// As there.
    ///
    /// # Errors
    /// As there, but `STATUS_OBJECT_NAME_INVALID` for a length that is odd (L4).
    pub(crate) unsafe fn of_object(mode: Mode, string: PUNICODE_STRING) -> Result<Self, Status> {
        // SAFETY: the caller's promise is the same.
        unsafe { Self::required(mode, string) }.map_err(|status| match status {
            Status::INVALID_PARAMETER => Status::OBJECT_NAME_INVALID,
            status => status,
        })
    }

    /// The text.
    pub(crate) fn text(&self) -> &[u16] {
        &self.text
    }

    /// The text of a value's name: without NULs at its end, as NT cuts them off.
    pub(crate) fn value_name(&self) -> &[u16] {
        let end = self.text.iter().rposition(|&unit| unit != 0);
        &self.text[..end.map_or(0, |last| last + 1)]
    }

    /// The string for the pre-notification's structure, valid while `self` is not moved.
    pub(crate) fn shown(&mut self) -> PUNICODE_STRING {
        match &mut self.shown {
            Shown::Callers(string) => *string,
            Shown::Captured(string) => {
                string.Buffer = self.text.as_mut_ptr();
                string
            }
        }
    }
}

/// A caller's memory, to be read.
#[derive(Clone, Copy)]
pub(crate) struct Input {
    pub(crate) address: PVOID,
    pub(crate) length: u32,
}

impl Input {
    /// The bytes as they are now.
    ///
    /// # Safety
    /// The memory is valid for reads of its length while the result is used, unless it is at NULL.
    ///
    /// # Errors
    /// `STATUS_ACCESS_VIOLATION` for memory at NULL.
    pub(crate) unsafe fn bytes<'a>(self) -> Result<&'a [u8], Status> {
        if self.length == 0 {
            return Ok(&[]);
        }
        if self.address.is_null() {
            return Err(Status::ACCESS_VIOLATION);
        }
        // SAFETY: valid, by this function's contract.
        Ok(unsafe { std::slice::from_raw_parts(self.address.cast(), self.length as usize) })
    }

    /// Copies a user-mode caller's memory; a kernel-mode caller's stays where it is.
    ///
    /// # Safety
    /// As [`bytes`](Self::bytes), for this call.
    ///
    /// # Errors
    /// As there.
    pub(crate) unsafe fn capture(self, mode: Mode) -> Result<Captured, Status> {
        // SAFETY: the caller's promise is the same.
        let bytes = unsafe { self.bytes() }?;
        let copy = match mode {
            Mode::Kernel => None,
            Mode::User => Some(aligned(bytes)),
        };
        Ok(Captured { input: self, copy })
    }
}

/// Input data as callbacks and the operation see them.
pub(crate) struct Captured {
    input: Input,
    /// In words, since NT captures into pool, which is aligned.
    copy: Option<SmallVec<[u64; 16]>>,
}

/// A copy of bytes at an aligned address; the last word is filled up with zeros.
fn aligned(bytes: &[u8]) -> SmallVec<[u64; 16]> {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    words
        .iter()
        .chain([&last])
        .map(|word| u64::from_ne_bytes(*word))
        .collect()
}

impl Captured {
    /// The address for the pre-notification's structure, valid while `self` is not moved.
    pub(crate) fn shown(&mut self) -> PVOID {
        match &mut self.copy {
            Some(copy) if !self.input.address.is_null() => copy.as_mut_ptr().cast(),
            _ => self.input.address,
        }
    }

    /// The data.
    ///
    /// # Safety
    /// As [`Input::bytes`].
    ///
    /// # Errors
    /// As there.
    pub(crate) unsafe fn bytes(&self) -> Result<&[u8], Status> {
        match &self.copy {
            Some(copy) => {
                // SAFETY: the words hold a copy of that many bytes, and any word is valid as bytes.
                let copy = unsafe {
                    std::slice::from_raw_parts(
                        copy.as_ptr().cast::<u8>(),
                        self.input.length as usize,
                    )
                };
                Ok(copy)
            }
            // SAFETY: the caller's promise is the same.
            None => unsafe { self.input.bytes() },
        }
    }
}

/// A caller's memory, to be written.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    pub(crate) address: PVOID,
    pub(crate) length: u32,
}

/// A place in each page is enough to see whether the page is there.
const PAGE: usize = 4096;

/// What is first tried for an answer to a user-mode caller, in bytes.
const FIRST_GUESS: usize = 256;

impl Output {
    /// Looks whether the memory is there, as NT probes it before callbacks run: that of a user-mode
    /// caller page by page, on hosts where that can be seen.
    ///
    /// # Errors
    /// `STATUS_ACCESS_VIOLATION` if it is not.
    pub(crate) fn probe(self, mode: Mode) -> Result<(), Status> {
        if self.length == 0 {
            return Ok(());
        }
        if self.address.is_null() {
            return Err(Status::ACCESS_VIOLATION);
        }
        let length = self.length as usize;
        let to_page_end = PAGE - self.address.addr() % PAGE;
        let pages = [0].into_iter().chain((to_page_end..length).step_by(PAGE));
        let place = |at: usize| self.address.cast::<u8>().wrapping_add(at);
        match mode == Mode::Kernel || pages.map(place).all(guarded::is_writable) {
            true => Ok(()),
            false => Err(Status::ACCESS_VIOLATION),
        }
    }

    /// The bytes.
    ///
    /// # Safety
    /// The memory is valid for reads and writes of its length while the result is used, unless it is
    /// at NULL.
    pub(crate) unsafe fn bytes<'a>(self) -> &'a mut [u8] {
        if self.address.is_null() || self.length == 0 {
            return &mut [];
        }
        // SAFETY: valid, by this function's contract.
        unsafe { std::slice::from_raw_parts_mut(self.address.cast(), self.length as usize) }
    }

    /// Has a query answered. The memory of a user-mode caller can be taken away at any time, so the
    /// answer is made elsewhere and copied there.
    ///
    /// # Safety
    /// The memory of a kernel-mode caller is valid; that of a user-mode caller is, or is not there.
    ///
    /// # Errors
    /// The query's, and `STATUS_ACCESS_VIOLATION` if the memory is not there.
    pub(crate) unsafe fn answer(
        self,
        mode: Mode,
        mut query: impl FnMut(&mut [u8]) -> Result<Answer, Status>,
    ) -> Result<Answer, Status> {
        if mode == Mode::Kernel {
            // SAFETY: by this function's contract.
            return query(unsafe { self.bytes() });
        }
        let length = self.length as usize;
        let mut buffer: SmallVec<[u8; FIRST_GUESS]> = SmallVec::new();
        buffer.resize(length.min(FIRST_GUESS), 0);
        loop {
            let answer = query(&mut buffer)?;
            let needed = answer.length as usize;
            if needed > buffer.len() && length > buffer.len() {
                buffer.resize(length.min(needed), 0);
                continue;
            }
            if answer.status != Status::BUFFER_TOO_SMALL {
                buffer.truncate(needed);
                // SAFETY: by this function's contract.
                unsafe { self.put(&buffer) }?;
            }
            return Ok(answer);
        }
    }

    /// Copies bytes to the beginning, as many as there is room for.
    ///
    /// # Safety
    /// As for [`answer`](Self::answer).
    ///
    /// # Errors
    /// `STATUS_ACCESS_VIOLATION` if the memory is not there.
    pub(crate) unsafe fn put(self, bytes: &[u8]) -> Result<(), Status> {
        let bytes = bytes.get(..self.length as usize).unwrap_or(bytes);
        // SAFETY: by this function's contract.
        match bytes.is_empty() || unsafe { guarded::copy(self.address.cast(), bytes) } {
            true => Ok(()),
            false => Err(Status::ACCESS_VIOLATION),
        }
    }
}

/// Access to memory that may not be there.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod guarded {
    pub(super) use crate::seh::{copy_to_caller as copy, is_writable_by_caller as is_writable};
}

/// On hosts where faults cannot be caught, callers' memory is taken to be there.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod guarded {
    pub(super) fn is_writable(_: *mut u8) -> bool {
        true
    }

    /// # Safety
    /// The memory is there and is the caller's to write.
    pub(super) unsafe fn copy(to: *mut u8, bytes: &[u8]) -> bool {
        // SAFETY: by this function's contract.
        unsafe { to.copy_from(bytes.as_ptr(), bytes.len()) };
        true
    }
}

/// Writes to a variable of the caller's, if it gave one.
///
/// # Safety
/// `place` is NULL or valid for writes.
pub(crate) unsafe fn write<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: valid, by this function's contract.
        unsafe { place.write_unaligned(value) };
    }
}
