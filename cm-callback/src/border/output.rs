//! Outputs: the caller's buffers, as cursors.
//!
//! A buffer may be the caller's own memory and fault at any touch (N8), so it is read and written
//! through [`UserBuffer`] only.

use core::ffi::c_void;

use wdm_safe::NtError;
use wdm_safe::user_memory::UserBuffer;
use wdm_sys as sys;

use super::input::Info;
use super::reply::Answered;

impl<'n, T> Info<'n, T> {
    /// The output that fields of the structure describe: where it is, and its size in bytes.
    pub(crate) fn output(self, fields: impl FnOnce(&T) -> (*mut c_void, u32)) -> UserBuffer<'n> {
        let (start, length) = fields(self.fields());
        // SAFETY: by the invariant of Info an output of that size, probed, during 'n.
        unsafe { UserBuffer::new(start, length as usize) }
    }

    /// The 32-bit variable that a field points to, which is an output or both.
    pub(crate) fn variable(self, field: impl FnOnce(&T) -> *mut u32) -> UserBuffer<'n> {
        self.output(|info| (field(info).cast(), size_of::<u32>() as u32))
    }

    /// Says that the outputs are written.
    pub(crate) fn answered(self) -> Answered {
        self.set_answered();
        Answered(())
    }
}

impl<'n> Info<'n, sys::REG_QUERY_MULTIPLE_VALUE_KEY_INFORMATION> {
    /// The text of the name in an entry of the caller's array.
    ///
    /// # Errors
    /// `STATUS_ACCESS_VIOLATION`, `STATUS_BUFFER_TOO_SMALL` for an entry that there is not.
    pub(crate) fn entry_name(
        self,
        entries: &UserBuffer<'n>,
        index: u32,
    ) -> Result<UserBuffer<'n>, NtError> {
        const NAME: usize = core::mem::offset_of!(sys::KEY_VALUE_ENTRY, ValueName);
        const LENGTH: usize = core::mem::offset_of!(sys::UNICODE_STRING, Length);
        const BUFFER: usize = core::mem::offset_of!(sys::UNICODE_STRING, Buffer);
        let entry = (index as usize).saturating_mul(size_of::<sys::KEY_VALUE_ENTRY>());
        let string = entries.read_address_at(entry.saturating_add(NAME))?;
        // SAFETY: a caller in kernel mode has a valid string there (A5 in docs/soundness.md).
        let string = unsafe { entries.follow(string, size_of::<sys::UNICODE_STRING>()) }?;
        let mut length = [0; 2];
        string.read_at(LENGTH, &mut length)?;
        let text = string.read_address_at(BUFFER)?;
        // SAFETY: as above: the string's text is as valid as the string.
        unsafe { entries.follow(text, u16::from_ne_bytes(length).into()) }
    }
}
