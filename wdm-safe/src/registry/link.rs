//! Symbolic links: keys that lead to other keys.
//!
//! A link is a key that was created as one and whose one value, `SymbolicLinkValue`, is of type
//! `REG_LINK` and holds the full path of another key, without a NUL. Opening a path that leads to
//! the link or through it opens what it leads to; [`KeyRequest::open_link`] opens the link itself,
//! which can then be read, changed and [deleted](RegKey::delete).
//!
//! ```
//! # let machine = wdm_sim::Machine::builder().build()?;
//! # let process = machine.system_process(); let _thread = process.enter();
//! # let at = unsafe { wdm_safe::Passive::new_unchecked() };
//! use wdm_safe::registry::{KeyAccess, KeyRequest, RegKey};
//! use wdm_safe::unicode;
//!
//! let (path, target) = (
//!     unicode!(r"\Registry\Machine\SYSTEM\Latest"),
//!     unicode!(r"\REGISTRY\MACHINE\SYSTEM\ControlSet001"),
//! );
//! KeyRequest::new(path, KeyAccess::ALL).volatile().create_link(target, at)?;
//! assert_eq!(&*RegKey::open(path, KeyAccess::READ, at)?.path(at)?, target);
//!
//! let link = KeyRequest::new(path, KeyAccess::ALL).open_link().open(at)?;
//! assert_eq!(&*link.link_target(at)?, target);
//! link.delete(at)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::{Disposition, KeyAccess, KeyOptions, KeyRequest, RegKey, ValueRef, ValueType};
use crate::string::Utf16;
use crate::{NtError, Passive, Result, UnicodeStr, UnicodeString, unicode};

/// The value that holds a link's target.
const TARGET: &UnicodeStr = unicode!("SymbolicLinkValue");

impl KeyRequest<'_> {
    /// Makes a symbolic link of the last component of the path (`ZwCreateKey`,
    /// `REG_OPTION_CREATE_LINK`, and `ZwSetValueKey`). If it cannot be pointed at its target, it is
    /// deleted again. IRQL: `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_COLLISION` if there is a key of that name, a link or not; those of
    /// [`create`](Self::create) and [`RegKey::set_link_target`].
    pub fn create_link(mut self, target: &UnicodeStr, at: Passive<'_>) -> Result<RegKey> {
        self.access |= KeyAccess::CREATE_LINK | KeyAccess::SET_VALUE;
        let (link, found) = self.with(KeyOptions::CREATE_LINK).create(at)?;
        if found == Disposition::Opened {
            return Err(NtError::OBJECT_NAME_COLLISION);
        }
        link.set_link_target(target, at).inspect_err(|_| {
            // The first error is the one to tell of.
            let _ = link.delete(at);
        })?;
        Ok(link)
    }
}

impl RegKey {
    /// Where a symbolic link leads; the key has been opened with [`KeyRequest::open_link`].
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if the key is no link, or one without a target;
    /// `STATUS_OBJECT_TYPE_MISMATCH` if the target is not a `REG_LINK`; those of
    /// [`value`](Self::value).
    pub fn link_target(&self, at: Passive<'_>) -> Result<UnicodeString> {
        let target = self.value(TARGET, at)?;
        match target.kind() {
            ValueType::LINK => Utf16::new(target.data()).try_to_string(),
            _ => Err(NtError::OBJECT_TYPE_MISMATCH),
        }
    }

    /// Makes a symbolic link lead to another key, which need not exist. The path starts with a
    /// backslash.
    ///
    /// # Errors
    /// `STATUS_OBJECT_PATH_SYNTAX_BAD` if the path is not a full one, which the kernel would take, and
    /// whose link would lead nowhere; those of [`set_value`](Self::set_value).
    pub fn set_link_target(&self, target: &UnicodeStr, at: Passive<'_>) -> Result<()> {
        if !target
            .as_bytes()
            .starts_with(&u16::from(b'\\').to_ne_bytes())
        {
            return Err(NtError::OBJECT_PATH_SYNTAX_BAD);
        }
        let target = ValueRef::Other(ValueType::LINK, target.as_bytes());
        self.set_value(TARGET, target, at)
    }
}
