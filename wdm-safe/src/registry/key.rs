//! Keys.

use core::ptr;

use wdm_sys as sys;

use super::query::{query, string_at, u32_at};
use super::{KeyAccess, KeyOptions};
use crate::handle::Handle;
use crate::string::Counted;
use crate::{NtError, NtStatus, Passive, Result, UnicodeStr, UnicodeString};

/// An open registry key; dropping it closes the handle (`ZwClose`, `PASSIVE_LEVEL`).
#[derive(Debug)]
pub struct RegKey(pub(super) Handle);

/// What [`RegKey::create`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// The key did not exist.
    Created,
    /// The key existed and was opened.
    Opened,
}

impl Disposition {
    /// What the kernel answered.
    pub(super) const fn from_raw(raw: u32) -> Self {
        match raw {
            sys::REG_CREATED_NEW_KEY => Self::Created,
            _ => Self::Opened,
        }
    }
}

impl RegKey {
    /// Opens a key by its full path (`ZwOpenKey`).
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if there is no such key, `STATUS_ACCESS_DENIED`, or what a
    /// registry callback answered.
    pub fn open(path: &UnicodeStr, access: KeyAccess, _at: Passive<'_>) -> Result<Self> {
        open(None, path, access)
    }

    /// Opens a key by its path below this one (`ZwOpenKey`).
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_below(
        &self,
        path: &UnicodeStr,
        access: KeyAccess,
        _at: Passive<'_>,
    ) -> Result<Self> {
        open(Some(self), path, access)
    }

    /// Opens a key by its full path, or creates its last component (`ZwCreateKey`).
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if its parent does not exist, `STATUS_ACCESS_DENIED`,
    /// `STATUS_CHILD_MUST_BE_VOLATILE`, or what a registry callback answered.
    pub fn create(
        path: &UnicodeStr,
        access: KeyAccess,
        _at: Passive<'_>,
    ) -> Result<(Self, Disposition)> {
        create(None, path, access, KeyOptions::empty())
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
        _at: Passive<'_>,
    ) -> Result<(Self, Disposition)> {
        create(Some(self), path, access, options)
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

    /// Gives the key another name (`ZwRenameKey`).
    ///
    /// # Errors
    /// `STATUS_CANNOT_DELETE` or `STATUS_OBJECT_NAME_COLLISION` if the parent has a key of that
    /// name, or what a registry callback answered.
    pub fn rename(&self, name: &UnicodeStr, _at: Passive<'_>) -> Result<()> {
        let name = Counted::new(name)?;
        // SAFETY: the handle is open, the string outlives the call; PASSIVE_LEVEL by the token.
        NtStatus::from_raw(unsafe { sys::ZwRenameKey(self.raw(), name.as_ptr()) }).to_result()
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
        Ok(string_at(&answer, NAME, u32_at(&answer, 0)?)?.into())
    }

    /// The handle, which is good for as long as the key is borrowed.
    #[must_use]
    pub fn as_raw_handle(&self) -> sys::HANDLE {
        self.0.raw()
    }

    pub(super) fn raw(&self) -> sys::HANDLE {
        self.0.raw()
    }
}

/// Names a key for the kernel.
///
/// The result borrows both arguments by address; it must not outlive them.
pub(super) fn attributes(root: Option<&RegKey>, path: &Counted<'_>) -> sys::OBJECT_ATTRIBUTES {
    sys::OBJECT_ATTRIBUTES {
        Length: size_of::<sys::OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: root.map_or(ptr::null_mut(), RegKey::raw),
        ObjectName: path.as_ptr(),
        Attributes: sys::OBJ_CASE_INSENSITIVE | sys::OBJ_KERNEL_HANDLE,
        SecurityDescriptor: ptr::null_mut(),
        SecurityQualityOfService: ptr::null_mut(),
    }
}

fn open(root: Option<&RegKey>, path: &UnicodeStr, access: KeyAccess) -> Result<RegKey> {
    let path = Counted::new(path)?;
    let mut attributes = attributes(root, &path);
    let mut handle = ptr::null_mut();
    // SAFETY: the attributes and what they name outlive the call; every caller has a token for
    // PASSIVE_LEVEL.
    let status = unsafe { sys::ZwOpenKey(&mut handle, access.bits(), &mut attributes) };
    NtStatus::from_raw(status).to_result()?;
    // SAFETY: a kernel handle that the kernel has just opened for this call.
    unsafe { Handle::from_raw(handle) }
        .map(RegKey)
        .ok_or(NtError::INVALID_HANDLE)
}

fn create(
    root: Option<&RegKey>,
    path: &UnicodeStr,
    access: KeyAccess,
    options: KeyOptions,
) -> Result<(RegKey, Disposition)> {
    let path = Counted::new(path)?;
    let mut attributes = attributes(root, &path);
    let (mut handle, mut disposition) = (ptr::null_mut(), 0);
    // SAFETY: the attributes and what they name outlive the call, the class may be null; every
    // caller has a token for PASSIVE_LEVEL.
    let status = unsafe {
        sys::ZwCreateKey(
            &mut handle,
            access.bits(),
            &mut attributes,
            0,
            ptr::null_mut(),
            options.bits(),
            &mut disposition,
        )
    };
    NtStatus::from_raw(status).to_result()?;
    // SAFETY: a kernel handle that the kernel has just opened for this call.
    let handle = unsafe { Handle::from_raw(handle) }.ok_or(NtError::INVALID_HANDLE)?;
    Ok((RegKey(handle), Disposition::from_raw(disposition)))
}
