//! Create and open: views of the path, the root and the wishes of the caller.
//!
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_create_key_information_v1>

use core::fmt;

use wdm_safe::registry::{KeyAccess, KeyOptions};
use wdm_safe::requestor::PreviousMode;
use wdm_safe::{NtStatus, UnicodeStr, UnicodeString};
use wdm_sys::{self as sys, ObjectFlags};

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

/// What Windows 7 and later say of a create or an open besides.
#[derive(Clone, Copy)]
pub struct OpenV1<'n>(Info<'n, sys::REG_CREATE_KEY_INFORMATION_V1>);

impl<'n> OpenV1<'n> {
    /// The path below the root, whether the caller wrote a relative path or an absolute one: the
    /// root of an absolute path is `\REGISTRY` (N5).
    #[must_use]
    pub fn remaining_name(&self) -> &'n UnicodeStr {
        self.0.text(|info| info.RemainingName)
    }

    /// Which view of the registry a caller on 64-bit Windows asked for:
    /// [`WOW64_32KEY`](KeyAccess::WOW64_32KEY), [`WOW64_64KEY`](KeyAccess::WOW64_64KEY), or
    /// nothing for its own.
    #[must_use]
    pub fn wow64(&self) -> KeyAccess {
        KeyAccess::from_bits_retain(self.0.fields().Wow64Flags)
    }

    /// The flags of the caller's object attributes.
    #[must_use]
    pub fn attributes(&self) -> ObjectFlags {
        ObjectFlags::from_bits_retain(self.0.fields().Attributes)
    }

    /// For whom access is checked: in user mode it is in full, even if a driver makes the call
    /// ([`ObjectFlags::FORCE_ACCESS_CHECK`]).
    #[must_use]
    pub fn access_mode(&self) -> PreviousMode {
        if i32::from(self.0.fields().CheckAccessMode) == sys::KernelMode as i32 {
            PreviousMode::Kernel
        } else {
            PreviousMode::User
        }
    }
}

impl fmt::Debug for OpenV1<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenV1")
            .field("remaining_name", &self.remaining_name())
            .field("wow64", &self.wow64())
            .field("attributes", &self.attributes())
            .field("access_mode", &self.access_mode())
            .finish()
    }
}

/// What create and open have in common; the views below are made of it.
fn path<'n, C: RegistryCallback>(
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

impl<'n, O: OpensKey, C: RegistryCallback> Pre<'n, O, C> {
    /// The path to what is created or opened.
    #[must_use]
    pub fn path(&self) -> OpenPath<'n, C> {
        path(self.info, input::pre_key::<O, C>(self.info))
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

    /// Whether the key is created or opened in a transaction.
    #[must_use]
    pub fn is_transacted(&self) -> bool {
        !self.info.fields().Transaction.is_null()
    }

    /// What Windows 7 and later say besides; none if the structure's version is the first.
    #[must_use]
    pub fn v1(&self) -> Option<OpenV1<'n>> {
        self.info.v1().map(OpenV1)
    }
}

impl<'n, O: OpensKey, C: RegistryCallback> Post<'n, O, C> {
    /// The path to what was created or opened; the key itself knows its resolved name
    /// ([`Cookie::key_name`]). The root has no context here: only the pre-notification shows it.
    #[must_use]
    pub fn path(&self) -> OpenPath<'n, C> {
        match self.info {
            Some(info) => path(info, input::pre_object::<O, C, Live>(info)),
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

    /// The access that the caller wanted.
    #[must_use]
    pub fn desired_access(&self) -> Option<KeyAccess> {
        self.info
            .map(|info| KeyAccess::from_bits_retain(info.fields().DesiredAccess))
    }

    /// The access that the caller's handle gets; none if the status is anything but
    /// `STATUS_SUCCESS` (K2).
    #[must_use]
    pub fn granted_access(&self) -> Option<KeyAccess> {
        let info = self.info.filter(|_| self.status() == NtStatus::SUCCESS)?;
        Some(KeyAccess::from_bits_retain(info.fields().GrantedAccess))
    }

    /// Whether the key was created or opened in a transaction.
    #[must_use]
    pub fn is_transacted(&self) -> bool {
        self.info
            .is_some_and(|info| !info.fields().Transaction.is_null())
    }

    /// What Windows 7 and later say besides; none if the structure's version is the first.
    #[must_use]
    pub fn v1(&self) -> Option<OpenV1<'n>> {
        self.info.and_then(Info::v1).map(OpenV1)
    }
}

impl<'n, C: RegistryCallback> Pre<'n, CreateKey, C> {
    /// The class that a new key gets; empty for none.
    #[must_use]
    pub fn class(&self) -> &'n UnicodeStr {
        self.info.text(|info| info.Class)
    }
}

impl<'n, C: RegistryCallback> Post<'n, CreateKey, C> {
    /// The class that a new key gets; empty for none.
    #[must_use]
    pub fn class(&self) -> &'n UnicodeStr {
        self.info
            .map_or(UnicodeStr::new(&[]), |info| info.text(|info| info.Class))
    }
}
