//! Keys.

use core::ffi::c_void;
use core::mem::transmute;
use core::ptr::NonNull;

use wdm_sys as sys;

use super::query::{query, text_at, u32_at};
use super::{Disposition, KeyAccess, KeyOptions, KeyRequest};
use crate::handle::Handle;
use crate::string::Counted;
use crate::{
    NtError, NtStatus, Passive, Result, UnicodeStr, UnicodeString, system_routine, unicode,
};

/// `ZwRenameKey`, which the kernel of Windows Server 2003 did not export yet.
type ZwRenameKey = unsafe extern "system" fn(sys::HANDLE, *mut sys::UNICODE_STRING) -> i32;

/// An open registry key; dropping it closes the handle (`ZwClose`, `PASSIVE_LEVEL`).
#[derive(Debug)]
pub struct RegKey(pub(super) Handle);

impl RegKey {
    /// Opens a key by its full path (`ZwOpenKeyEx`).
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if there is no such key, `STATUS_ACCESS_DENIED`, or what a
    /// registry callback answered.
    pub fn open(path: &UnicodeStr, access: KeyAccess, at: Passive<'_>) -> Result<Self> {
        KeyRequest::new(path, access).open(at)
    }

    /// Opens a key by its path below this one (`ZwOpenKeyEx`).
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_below(
        &self,
        path: &UnicodeStr,
        access: KeyAccess,
        at: Passive<'_>,
    ) -> Result<Self> {
        KeyRequest::new(path, access).below(self).open(at)
    }

    /// Opens a key by its full path, or creates its last component (`ZwCreateKey`).
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if its parent does not exist, `STATUS_ACCESS_DENIED`,
    /// `STATUS_CHILD_MUST_BE_VOLATILE`, or what a registry callback answered.
    pub fn create(
        path: &UnicodeStr,
        access: KeyAccess,
        at: Passive<'_>,
    ) -> Result<(Self, Disposition)> {
        KeyRequest::new(path, access).create(at)
    }

    /// Opens a key by its path below this one, or creates its last component (`ZwCreateKey`).
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_below(
        &self,
        path: &UnicodeStr,
        access: KeyAccess,
        options: KeyOptions,
        at: Passive<'_>,
    ) -> Result<(Self, Disposition)> {
        let request = KeyRequest::new(path, access).below(self);
        request.with(options).create(at)
    }

    /// Deletes the key, which must have no subkeys (`ZwDeleteKey`).
    ///
    /// # Errors
    /// `STATUS_CANNOT_DELETE` if it has subkeys, `STATUS_KEY_DELETED`, or what a registry callback
    /// answered.
    pub fn delete(&self, _at: Passive<'_>) -> Result<()> {
        // SAFETY: the handle is open; PASSIVE_LEVEL by the token.
        NtStatus::from_raw(unsafe { sys::ZwDeleteKey(self.raw()) }).to_result()
    }

    /// Gives the key another name below the same parent (`ZwRenameKey`, which is looked up, as it
    /// has no page of its own).
    ///
    /// # Errors
    /// `STATUS_CANNOT_DELETE` or `STATUS_OBJECT_NAME_COLLISION` if the parent has a key of that
    /// name, `STATUS_NOT_SUPPORTED` if this kernel does not export the routine, or what a registry
    /// callback answered.
    pub fn rename(&self, name: &UnicodeStr, at: Passive<'_>) -> Result<()> {
        let name = Counted::new(name)?;
        let routine = system_routine(unicode!("ZwRenameKey"), at).ok_or(NtError::NOT_SUPPORTED)?;
        // SAFETY: the routine's type.
        let routine = unsafe { transmute::<NonNull<c_void>, ZwRenameKey>(routine) };
        // SAFETY: the handle is open, the string outlives the call; PASSIVE_LEVEL by the token.
        NtStatus::from_raw(unsafe { routine(self.raw(), name.as_ptr()) }).to_result()
    }

    /// Writes the key to its hive now (`ZwFlushKey`); slow, as the page says.
    ///
    /// # Errors
    /// `STATUS_REGISTRY_IO_FAILED`, `STATUS_KEY_DELETED`.
    pub fn flush(&self, _at: Passive<'_>) -> Result<()> {
        // SAFETY: the handle is open; PASSIVE_LEVEL by the token.
        NtStatus::from_raw(unsafe { sys::ZwFlushKey(self.raw()) }).to_result()
    }

    /// The full path of the key as it is now, links resolved (`ZwQueryKey`,
    /// `KeyNameInformation`).
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`, `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn path(&self, _at: Passive<'_>) -> Result<UnicodeString> {
        /// `KEY_NAME_INFORMATION`: the length in bytes, then the name.
        const NAME: usize = 4;
        let answer = query(|buffer, size, needed| {
            // SAFETY: the handle is open, the buffer has `size` bytes, the length is ours;
            // PASSIVE_LEVEL by the token.
            unsafe { sys::ZwQueryKey(self.raw(), sys::KeyNameInformation, buffer, size, needed) }
        })?;
        UnicodeString::try_from_str(text_at(&answer, NAME, u32_at(&answer, 0)?)?)
    }

    /// The handle, which is good for as long as the key is borrowed.
    #[must_use]
    pub fn as_raw_handle(&self) -> sys::HANDLE {
        self.0.raw()
    }

    pub(super) fn from_handle(handle: Handle) -> Self {
        Self(handle)
    }

    pub(super) fn raw(&self) -> sys::HANDLE {
        self.0.raw()
    }
}
