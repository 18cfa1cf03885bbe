//! Answers: one of the registry's structures, written into the caller's buffer.
//!
//! The buffer may be the caller's own memory and fault at any touch (N8), so it is written to
//! through [`UserWriter`] only.

use core::ffi::c_void;

use wdm_safe::NtError;
use wdm_safe::user_memory::UserWriter;

use super::input::Info;
use super::reply::Answered;

/// Where an answer goes: fields of a pre-information structure.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) buffer: *mut c_void,
    pub(crate) length: u32,
    pub(crate) result_length: *mut u32,
}

/// One of the registry's structures: a fixed part, and what follows it at offsets.
///
/// If the fixed part does not fit, nothing is written; if only what follows does not, as much as
/// fits is. The length that the whole needs is said in every case.
pub(crate) struct Structure<'a> {
    pub(crate) fixed: &'a [u8],
    pub(crate) tails: &'a [(usize, &'a [u8])],
}

impl Structure<'_> {
    fn needed(&self) -> usize {
        let ends = self
            .tails
            .iter()
            .map(|(offset, bytes)| offset.saturating_add(bytes.len()));
        ends.fold(self.fixed.len(), usize::max)
    }
}

impl<T> Info<'_, T> {
    /// Writes an answer to where the pre-information says.
    ///
    /// # Errors
    /// `STATUS_BUFFER_TOO_SMALL` or `STATUS_BUFFER_OVERFLOW`, which the caller of the operation
    /// expects then, or `STATUS_ACCESS_VIOLATION` if its memory is not there.
    pub(crate) fn answer(
        self,
        place: impl FnOnce(&T) -> Place,
        answer: &Structure<'_>,
    ) -> Result<Answered, NtError> {
        let place = place(self.fields());
        let needed = answer.needed();
        let length = u32::try_from(needed).map_err(|_| NtError::INSUFFICIENT_RESOURCES)?;
        // SAFETY: by the invariant of Info a place for a length, probed for writing.
        let mut said = unsafe { UserWriter::new(place.result_length.cast(), size_of::<u32>()) };
        said.write_at(0, &length.to_ne_bytes())?;
        // SAFETY: by the invariant of Info a buffer of that length, probed for writing.
        let mut buffer = unsafe { UserWriter::new(place.buffer, place.length as usize) };
        if buffer.len() < answer.fixed.len() {
            return Err(NtError::BUFFER_TOO_SMALL);
        }
        buffer.write_at(0, answer.fixed)?;
        for (offset, bytes) in answer.tails {
            buffer.write_at(*offset, bytes)?;
        }
        self.set_answered();
        if buffer.len() < needed {
            return Err(NtError::BUFFER_OVERFLOW);
        }
        Ok(Answered(()))
    }
}
