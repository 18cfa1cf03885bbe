//! Calls whose answer has a length that only the kernel knows.

use core::ffi::c_void;

use wdm_sys as sys;

use crate::{NtError, NtStatus, PoolVec, Result};

/// What a first try offers, in bytes: enough for most names and values.
const FIRST_TRY: usize = 256;

/// How often an answer may grow while it is fetched before this gives up.
const TRIES: usize = 8;

/// Calls `ask` with a buffer, an answer's length in and out, until the buffer is large enough.
///
/// # Errors
/// What `ask` answers, `STATUS_INSUFFICIENT_RESOURCES` if the pool has no memory, or
/// `STATUS_BUFFER_OVERFLOW` if the answer keeps growing.
pub(super) fn query(
    mut ask: impl FnMut(*mut c_void, u32, &mut u32) -> sys::NTSTATUS,
) -> Result<PoolVec<u8>> {
    let mut size = FIRST_TRY;
    for _ in 0..TRIES {
        let mut answer = PoolVec::try_zeroed(size)?;
        let offered = u32::try_from(size).map_err(|_| NtError::INSUFFICIENT_RESOURCES)?;
        let mut needed = 0;
        let status = NtStatus::from_raw(ask(answer.as_mut_ptr().cast(), offered, &mut needed));
        match status.to_result() {
            Ok(()) => {
                answer.truncate(needed as usize);
                return Ok(answer);
            }
            Err(NtError::BUFFER_OVERFLOW | NtError::BUFFER_TOO_SMALL) => {
                size = (needed as usize).max(size.saturating_add(1));
            }
            Err(error) => return Err(error),
        }
    }
    Err(NtError::BUFFER_OVERFLOW)
}

/// The 32-bit number at an offset of an answer.
pub(super) fn u32_at(answer: &[u8], offset: usize) -> Result<u32> {
    let bytes = answer.get(offset..).and_then(|rest| rest.first_chunk());
    bytes
        .copied()
        .map(u32::from_ne_bytes)
        .ok_or(NtError::INTERNAL_ERROR)
}

/// `length` bytes at an offset of an answer.
pub(super) fn bytes_at(answer: &[u8], offset: usize, length: u32) -> Result<&[u8]> {
    let end = offset.checked_add(length as usize);
    end.and_then(|end| answer.get(offset..end))
        .ok_or(NtError::INTERNAL_ERROR)
}

/// The string of `length` bytes at an offset of an answer.
pub(super) fn string_at(answer: &[u8], offset: usize, length: u32) -> Result<PoolVec<u16>> {
    let bytes = bytes_at(answer, offset, length)?;
    let mut units = PoolVec::new();
    units.try_reserve(bytes.len() / 2)?;
    for pair in bytes.as_chunks::<2>().0 {
        units.try_push(u16::from_ne_bytes(*pair))?;
    }
    Ok(units)
}
