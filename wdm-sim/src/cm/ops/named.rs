//! Keys and files that a caller names in an `OBJECT_ATTRIBUTES`.

use wdm_sys::{OBJ_KERNEL_HANDLE, POBJECT_ATTRIBUTES};

use super::key_by_handle;
use crate::cm::capture::Name;
use crate::machine::{Mode, Thread};
use crate::object::{HandleTable, ObjectRef};
use crate::registry::SEPARATOR;
use crate::status::Status;

/// A name and where it starts from.
pub(crate) struct Named<'t> {
    /// The key object that the name is relative to; `None` for an absolute name.
    pub(super) root: Option<ObjectRef<'t>>,
    /// The name.
    pub(super) name: Name,
    kernel_handle: bool,
}

impl<'t> Named<'t> {
    /// Takes a caller's attributes.
    ///
    /// # Safety
    /// `attributes` is NULL or valid, as the routine's page asks.
    ///
    /// # Errors
    /// `STATUS_ACCESS_VIOLATION` for NULL, `STATUS_INVALID_PARAMETER` for a wrong length,
    /// `STATUS_OBJECT_PATH_SYNTAX_BAD` for a name that is absolute although a root is given, and those
    /// of a handle that is no key's.
    pub(crate) unsafe fn take(
        thread: &'t Thread,
        call: &'static str,
        attributes: POBJECT_ATTRIBUTES,
    ) -> Result<Self, Status> {
        if attributes.is_null() {
            return Err(Status::ACCESS_VIOLATION);
        }
        // SAFETY: by this function's contract.
        let given = unsafe { attributes.read_unaligned() };
        if given.Length as usize != size_of_val(&given) {
            return Err(Status::INVALID_PARAMETER);
        }
        let mode = thread.previous_mode();
        // SAFETY: as above.
        let name = unsafe { Name::of_object(mode, given.ObjectName) }?;
        let root = match given.RootDirectory.is_null() {
            true => None,
            false => Some(key_by_handle(thread, call, given.RootDirectory, 0)?),
        };
        let absolute = name.text().first() == Some(&SEPARATOR);
        if absolute == root.is_some() {
            return Err(Status::OBJECT_PATH_SYNTAX_BAD);
        }
        Ok(Self {
            root,
            name,
            kernel_handle: mode == Mode::Kernel && given.Attributes & OBJ_KERNEL_HANDLE != 0,
        })
    }

    /// The absolute name of a key.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED` for one that is relative to a deleted key.
    pub(super) fn absolute(&self) -> Result<Vec<u16>, Status> {
        let Some(root) = self.root.as_ref().and_then(|root| root.key()) else {
            return Ok(self.name.text().to_vec());
        };
        let mut absolute = root.key().full_name()?;
        absolute.push(SEPARATOR);
        absolute.extend_from_slice(self.name.text());
        Ok(absolute)
    }

    /// The path of a file, which is never relative to a key.
    ///
    /// # Errors
    /// `STATUS_OBJECT_TYPE_MISMATCH`.
    pub(crate) fn path(&self) -> Result<&[u16], Status> {
        match self.root {
            Some(_) => Err(Status::OBJECT_TYPE_MISMATCH),
            None => Ok(self.name.text()),
        }
    }

    /// The table that a handle goes into.
    pub(crate) fn handles(&self, thread: &'t Thread) -> &'t HandleTable {
        match self.kernel_handle {
            true => &thread.kernel().handles,
            false => thread.process().handles(),
        }
    }
}
