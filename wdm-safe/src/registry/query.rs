//! Calls whose answer has a length that only the kernel knows, and reading such answers.
//!
//! Callbacks can answer in the kernel's place, so nothing about an answer is taken for granted.

use core::ffi::c_void;

use wdm_sys as sys;

use crate::{NtError, NtStatus, PoolVec, Result, UnicodeStr};

/// What a first try offers, in bytes: enough for most names and values.
const FIRST_TRY: usize = 256;

/// How often an answer may grow while it is fetched before this gives up.
const TRIES: usize = 8;

/// Calls `ask` with a buffer, its size, and an answer's length in and out, until the buffer is
/// large enough; gives the answer. The buffer is replaced only if it is too small.
///
/// # Errors
/// What `ask` answers, `STATUS_INSUFFICIENT_RESOURCES` if the pool has no memory, or
/// `STATUS_BUFFER_OVERFLOW` if the answer keeps growing.
pub(super) fn query_into(
    buffer: &mut PoolVec<u8>,
    ask: impl FnMut(*mut c_void, u32, &mut u32) -> sys::NTSTATUS,
) -> Result<&[u8]> {
    let length = fill(buffer, ask)?;
    Ok(buffer.get(..length).unwrap_or(buffer))
}

fn fill(
    buffer: &mut PoolVec<u8>,
    mut ask: impl FnMut(*mut c_void, u32, &mut u32) -> sys::NTSTATUS,
) -> Result<usize> {
    let mut size = FIRST_TRY;
    for _ in 0..TRIES {
        if buffer.len() < size {
            *buffer = PoolVec::try_zeroed(size)?;
        }
        let offered = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        let mut needed = 0;
        let status = NtStatus::from_raw(ask(buffer.as_mut_ptr().cast(), offered, &mut needed));
        match status.to_result() {
            Ok(()) => return Ok(needed as usize),
            Err(NtError::BUFFER_OVERFLOW | NtError::BUFFER_TOO_SMALL) => {
                // An answer that says that it would have fitted has changed, or is wrong.
                size = (needed as usize).max(buffer.len().saturating_add(1));
            }
            Err(error) => return Err(error),
        }
    }
    Err(NtError::BUFFER_OVERFLOW)
}

/// As [`query_into`], with a buffer of its own.
///
/// # Errors
/// As [`query_into`].
pub(super) fn query(
    ask: impl FnMut(*mut c_void, u32, &mut u32) -> sys::NTSTATUS,
) -> Result<PoolVec<u8>> {
    let mut answer = PoolVec::new();
    let length = fill(&mut answer, ask)?;
    answer.truncate(length);
    Ok(answer)
}

/// The 32-bit number at an offset of an answer.
pub(super) fn u32_at(answer: &[u8], offset: usize) -> Result<u32> {
    let bytes = answer.get(offset..).and_then(|rest| rest.first_chunk());
    bytes
        .copied()
        .map(u32::from_ne_bytes)
        .ok_or(NtError::INTERNAL_ERROR)
}

/// The 64-bit number at an offset of an answer.
pub(super) fn u64_at(answer: &[u8], offset: usize) -> Result<u64> {
    let bytes = answer.get(offset..).and_then(|rest| rest.first_chunk());
    bytes
        .copied()
        .map(u64::from_ne_bytes)
        .ok_or(NtError::INTERNAL_ERROR)
}

/// `length` bytes at an offset of an answer.
pub(super) fn bytes_at(answer: &[u8], offset: usize, length: u32) -> Result<&[u8]> {
    let end = offset.checked_add(length as usize);
    end.and_then(|end| answer.get(offset..end))
        .ok_or(NtError::INTERNAL_ERROR)
}

/// The bytes of a part of an answer that need not be there: where its length is zero, the kernel
/// gives an offset that leads nowhere.
pub(super) fn part_at(answer: &[u8], offset: u32, length: u32) -> Result<&[u8]> {
    match length {
        0 => Ok(&[]),
        _ => bytes_at(answer, offset as usize, length),
    }
}

/// The string in bytes of an answer, where the kernel puts it at an even address.
pub(super) fn text_in(bytes: &[u8]) -> Result<&UnicodeStr> {
    // SAFETY: every pair of bytes is a valid u16.
    let (before, units, _odd) = unsafe { bytes.align_to::<u16>() };
    match before {
        [] => Ok(UnicodeStr::new(units)),
        _ => Err(NtError::INTERNAL_ERROR),
    }
}

/// The string of `length` bytes at an offset of an answer.
pub(super) fn text_at(answer: &[u8], offset: usize, length: u32) -> Result<&UnicodeStr> {
    text_in(bytes_at(answer, offset, length)?)
}
