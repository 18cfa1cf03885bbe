//! Create and open: views of what the caller wants.
//!
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_create_key_information_v1>

use core::fmt;

use wdm_safe::registry::{KeyAccess, KeyOptions};
use wdm_safe::requestor::PreviousMode;
use wdm_safe::{NtStatus, UnicodeStr, UnicodeString};
use wdm_sys::{self as sys, ObjectFlags};

use super::path::{OpenPath, path};
use super::{CreateKey, OpenKey, Operation};
use crate::border::cookie::CookieError;
use crate::border::input::{self, Info};
use crate::border::key::stage::Live;
use crate::notification::{Post, Pre};
use crate::{RegistryCallback, Transaction};

/// A create or an open: an operation that makes a key object.
#[diagnostic::on_unimplemented(message = "`{Self}` makes no key object")]
pub trait OpensKey:
    Operation<Info = sys::REG_CREATE_KEY_INFORMATION, PreStage = Live, PostStage = Live>
{
}

impl OpensKey for CreateKey {}
impl OpensKey for OpenKey {}

/// What Windows 7 and later say of a create or an open besides (`REG_CREATE_KEY_INFORMATION_V1`,
/// N5).
///
/// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_create_key_information_v1>
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

    /// The full path, in the buffer that is given; see [`OpenPath::full_in`].
    ///
    /// # Errors
    /// As [`OpenPath::full_in`].
    pub fn full_name_in<'b>(&self, buffer: &'b mut [u16]) -> Result<&'b UnicodeStr, CookieError> {
        self.path().full_in(self.cookie(), buffer)
    }

    /// The access that the caller wants (`DesiredAccess`).
    #[must_use]
    pub fn desired_access(&self) -> KeyAccess {
        KeyAccess::from_bits_retain(self.info.fields().DesiredAccess)
    }

    /// The options of the create or open (`CreateOptions`).
    #[must_use]
    pub fn options(&self) -> KeyOptions {
        KeyOptions::from_bits_retain(self.info.fields().CreateOptions)
    }

    /// The transaction in which the key is created or opened, if it is in one (N5).
    #[must_use]
    pub fn transaction(&self) -> Option<Transaction<'n>> {
        self.info.transaction()
    }

    /// What Windows 7 and later say besides; none if the structure's version is the first.
    #[must_use]
    pub fn v1(&self) -> Option<OpenV1<'n>> {
        self.info.v1().map(OpenV1)
    }
}

impl<'n, O: OpensKey, C: RegistryCallback> Post<'n, O, C> {
    /// The path to what was created or opened; the key itself knows its resolved name
    /// ([`Cookie::key_name`](crate::Cookie::key_name)). The root has no context here: only the
    /// pre-notification shows it.
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

    /// The full path, in the buffer that is given; see [`OpenPath::full_in`].
    ///
    /// # Errors
    /// As [`OpenPath::full_in`].
    pub fn full_name_in<'b>(&self, buffer: &'b mut [u16]) -> Result<&'b UnicodeStr, CookieError> {
        self.path().full_in(self.cookie(), buffer)
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

    /// The transaction in which the key was created or opened, if it was in one (N5).
    #[must_use]
    pub fn transaction(&self) -> Option<Transaction<'n>> {
        self.info.and_then(Info::transaction)
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
