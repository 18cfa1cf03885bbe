//! Create and open: views of the path, the root and the wishes of the caller.

use wdm_safe::registry::{KeyAccess, KeyOptions};
use wdm_safe::{UnicodeStr, UnicodeString};
use wdm_sys as sys;

use super::{CreateKey, OpenKey, Operation};
use crate::RegistryCallback;
use crate::border::cookie::{Cookie, CookieError};
use crate::border::input::{self, Info};
use crate::border::key::Key;
use crate::border::key::stage::Live;
use crate::notification::{Post, Pre};

/// A create or an open: an operation that makes a key object.
#[diagnostic::on_unimplemented(message = "`{Self}` makes no key object")]
pub trait OpensKey:
    Operation<Info = sys::REG_CREATE_KEY_INFORMATION, PreStage = Live, PostStage = Live>
{
}

impl OpensKey for CreateKey {}
impl OpensKey for OpenKey {}

/// The path of a create or an open, as the caller wrote it: symbolic links are not resolved in it.
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
    /// The full path: for a relative one, the root's own name and the rest. Allocates.
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
}

/// What create and open have in common; the views below are made of it.
fn path<'n, O: OpensKey, C: RegistryCallback>(info: Info<'n, O::Info>) -> OpenPath<'n, C> {
    // Relative or absolute is said by the first character, never by the field's name (N5).
    let name = info.text(|info| info.CompleteName);
    match input::pre_key::<O, C>(info) {
        Some(root) if !name.is_absolute() => OpenPath::Relative { root, path: name },
        _ => OpenPath::Absolute(name),
    }
}

impl<'n, O: OpensKey, C: RegistryCallback> Pre<'n, O, C> {
    /// The path to what is created or opened.
    #[must_use]
    pub fn path(&self) -> OpenPath<'n, C> {
        path::<O, C>(self.info)
    }

    /// The full path; see [`OpenPath::full`].
    ///
    /// # Errors
    /// As [`OpenPath::full`].
    pub fn full_name(&self) -> Result<UnicodeString, CookieError> {
        self.path().full(self.cookie())
    }

    /// The access that the caller wants.
    #[must_use]
    pub fn desired_access(&self) -> KeyAccess {
        KeyAccess::from_bits_retain(self.info.fields().DesiredAccess)
    }

    /// The options of the create or open.
    #[must_use]
    pub fn options(&self) -> KeyOptions {
        KeyOptions::from_bits_retain(self.info.fields().CreateOptions)
    }
}

impl<'n, O: OpensKey, C: RegistryCallback> Post<'n, O, C> {
    /// The path to what was created or opened; the key itself knows its resolved name
    /// ([`Cookie::key_name`]).
    #[must_use]
    pub fn path(&self) -> OpenPath<'n, C> {
        match self.info {
            Some(info) => path::<O, C>(info),
            None => OpenPath::Absolute(UnicodeStr::new(&[])),
        }
    }

    /// The full path; see [`OpenPath::full`].
    ///
    /// # Errors
    /// As [`OpenPath::full`].
    pub fn full_name(&self) -> Result<UnicodeString, CookieError> {
        self.path().full(self.cookie())
    }
}
