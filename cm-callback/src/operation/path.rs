//! The path of a create or an open: absolute, or relative to a root (N5).

use wdm_safe::{NtError, UnicodeStr, UnicodeString};
use wdm_sys as sys;

use crate::RegistryCallback;
use crate::border::cookie::{Cookie, CookieError};
use crate::border::input::Info;
use crate::border::key::Key;
use crate::border::key::stage::Live;

/// The path of a create or an open, as the caller wrote it: symbolic links are not resolved in it
/// (`CompleteName`, `RootObject`).
///
/// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_create_key_information_v1>
#[derive(Debug)]
pub enum OpenPath<'n, C: RegistryCallback> {
    /// From the root of the object namespace: `\Registry\...`.
    Absolute(&'n UnicodeStr),
    /// Below a key that is already open.
    Relative {
        /// That key.
        root: Key<'n, C, Live>,
        /// The path below it; empty for another object of the same key.
        path: &'n UnicodeStr,
    },
}

impl<C: RegistryCallback> OpenPath<'_, C> {
    /// The full path: for a relative one, the root's own name
    /// ([`Cookie::key_name`]) and the rest. Allocates. IRQL: `<= APC_LEVEL`.
    ///
    /// # Errors
    /// [`CookieError::NotPublished`] (R3), `STATUS_INSUFFICIENT_RESOURCES`, or what the kernel
    /// answered when it was asked for the root's name.
    pub fn full(&self, cookie: Cookie<'_, C>) -> Result<UnicodeString, CookieError> {
        match self {
            Self::Absolute(path) => Ok(UnicodeString::try_from_str(path)?),
            Self::Relative { root, path } => {
                let mut full = UnicodeString::try_from_str(&cookie.key_name(*root)?)?;
                if !path.is_empty() {
                    full.try_push_component(path)?;
                }
                Ok(full)
            }
        }
    }

    /// As [`full`](Self::full), but in the buffer that is given and without an allocation here; the
    /// kernel makes one for the root's name (K4). No path has more than 32,767 UTF-16 units. IRQL:
    /// `<= APC_LEVEL`.
    ///
    /// # Errors
    /// As [`full`](Self::full), with `STATUS_BUFFER_TOO_SMALL` for a buffer that is too short.
    pub fn full_in<'b>(
        &self,
        cookie: Cookie<'_, C>,
        buffer: &'b mut [u16],
    ) -> Result<&'b UnicodeStr, CookieError> {
        let units = match self {
            Self::Absolute(path) => join(buffer, path, UnicodeStr::new(&[]))?,
            Self::Relative { root, path } => join(buffer, &cookie.key_name(*root)?, path)?,
        };
        Ok(UnicodeStr::new(units))
    }
}

/// Writes a path and, below it, another.
fn join<'b>(
    buffer: &'b mut [u16],
    path: &UnicodeStr,
    below: &UnicodeStr,
) -> Result<&'b [u16], NtError> {
    const SEPARATOR: u16 = b'\\' as u16;
    let separator: &[u16] = match path.units().last() {
        Some(&SEPARATOR) => &[],
        _ if below.is_empty() => &[],
        _ => &[SEPARATOR],
    };
    let mut used = 0_usize;
    for part in [path.units(), separator, below.units()] {
        let end = used.saturating_add(part.len());
        let place = buffer.get_mut(used..end).ok_or(NtError::BUFFER_TOO_SMALL)?;
        place.copy_from_slice(part);
        used = end;
    }
    buffer.get(..used).ok_or(NtError::BUFFER_TOO_SMALL)
}

/// The path of a create or an open, whose root is given.
pub(super) fn path<'n, C: RegistryCallback>(
    info: Info<'n, sys::REG_CREATE_KEY_INFORMATION>,
    root: Option<Key<'n, C, Live>>,
) -> OpenPath<'n, C> {
    // Relative or absolute is said by the first character, never by the field's name (N5).
    let name = info.text(|info| info.CompleteName);
    match root {
        Some(root) if !name.is_absolute() => OpenPath::Relative { root, path: name },
        _ => OpenPath::Absolute(name),
    }
}
