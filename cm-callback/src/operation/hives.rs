//! Hives and their files: load, save, restore, replace, save merged.
//!
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_load_key_information>
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_save_key_information>
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_restore_key_information>
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_replace_key_information>
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-reg_save_merged_key_information>
//!
//! An unload has nothing but its key to look at. File handles have no view: they are numbers in the
//! caller's handle table.

use core::fmt;
use core::marker::PhantomData;

use wdm_safe::registry::KeyAccess;
use wdm_safe::{NtError, UnicodeStr};
use wdm_sys::{self as sys, RestoreFlags};

use super::{LoadKey, ReplaceKey, RestoreKey, SaveKey, SaveMergedKey};
use crate::RegistryCallback;
use crate::border::input::{self, Info};
use crate::border::key::Key;
use crate::border::key::stage::Live;
use crate::notification::{Post, Pre};
use crate::outcome::{PostAction, PostOutcome, PreAction, PreOutcome};

/// The format in which a key is saved (`Format` of `ZwSaveKeyEx`).
///
/// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_save_key_information>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HiveFormat(pub u32);

impl HiveFormat {
    /// `REG_STANDARD_FORMAT`: that of Windows 2000.
    pub const STANDARD: Self = Self(1);
    /// `REG_LATEST_FORMAT`: that of Windows XP and later.
    pub const LATEST: Self = Self(2);
    /// `REG_NO_COMPRESSION`: a whole hive, as it is; the key is the root of one.
    pub const NO_COMPRESSION: Self = Self(4);
}

/// What Windows 10 2004, Windows Server 2022 and later say of a load besides
/// (<https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-reg_load_key_information_v2>).
#[derive(Clone, Copy)]
pub struct LoadV2<'n>(Info<'n, sys::REG_LOAD_KEY_INFORMATION_V2>);

impl LoadV2<'_> {
    /// Whether the file is opened for another than the caller, whose access token the kernel holds.
    #[must_use]
    pub fn has_file_access_token(&self) -> bool {
        !self.0.fields().FileAccessToken.is_null()
    }
}

impl fmt::Debug for LoadV2<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadV2")
            .field("has_file_access_token", &self.has_file_access_token())
            .finish()
    }
}

impl<'n, C: RegistryCallback> Pre<'n, LoadKey, C> {
    /// Ends the load as a success that the driver did itself (bypass): nothing is loaded, and this
    /// callback gets no post-notification (N2).
    ///
    /// # Errors
    /// The notification comes back if the caller is owed a handle of the root
    /// ([`gives_root_handle`](Self::gives_root_handle)): it would be one of the caller's own
    /// handles, which a driver cannot give.
    pub fn complete_without_handle(self) -> Result<PreOutcome<LoadKey, C>, Self> {
        match self.gives_root_handle() {
            true => Err(self),
            false => Ok(PreOutcome(PreAction::Complete(self.info.answered()))),
        }
    }

    /// What newer versions of Windows say besides; none if the structure's version is an older one.
    #[must_use]
    pub fn v2(&self) -> Option<LoadV2<'n>> {
        self.info.v2().map(LoadV2)
    }

    /// The name of the key at which the hive is loaded.
    #[must_use]
    pub fn key_name(&self) -> &'n UnicodeStr {
        self.info.text(|info| info.KeyName)
    }

    /// The path of the file that the hive is in.
    #[must_use]
    pub fn source_file(&self) -> &'n UnicodeStr {
        self.info.text(|info| info.SourceFile)
    }

    /// The flags, which are reserved for the system.
    #[must_use]
    pub fn flags(&self) -> u32 {
        self.info.fields().Flags
    }

    /// The access that the caller wants to the root (`DesiredAccess`).
    #[must_use]
    pub fn desired_access(&self) -> KeyAccess {
        KeyAccess::from_bits_retain(self.info.fields().DesiredAccess)
    }

    /// Whether the caller gets a handle to the root; only the load of an application hive can give
    /// one (N10).
    #[must_use]
    pub fn gives_root_handle(&self) -> bool {
        !self.info.fields().RootHandle.is_null()
    }
}

/// The names again, since there is no key (K2b).
impl<'n, C: RegistryCallback> Post<'n, LoadKey, C> {
    /// The name of the key at which the hive was loaded.
    #[must_use]
    pub fn key_name(&self) -> &'n UnicodeStr {
        self.info
            .map_or(UnicodeStr::new(&[]), |info| info.text(|info| info.KeyName))
    }

    /// The path of the file that the hive is in.
    #[must_use]
    pub fn source_file(&self) -> &'n UnicodeStr {
        self.info.map_or(UnicodeStr::new(&[]), |info| {
            info.text(|info| info.SourceFile)
        })
    }
}

impl<C: RegistryCallback> Post<'_, LoadKey, C> {
    /// Makes a success of a failure (N3).
    ///
    /// # Errors
    /// The notification comes back if the caller is owed a handle of the root; see
    /// [`Pre::complete_without_handle`].
    pub fn succeed_without_handle(self) -> Result<PostOutcome<LoadKey, C>, Self> {
        match self.info {
            Some(info) if info.fields().RootHandle.is_null() => {
                let done = PostAction::Succeed(info.answered());
                Ok(PostOutcome(done, PhantomData))
            }
            _ => Err(self),
        }
    }
}

impl<C: RegistryCallback> Pre<'_, SaveKey, C> {
    /// The format in which the key is saved.
    #[must_use]
    pub fn format(&self) -> HiveFormat {
        HiveFormat(self.info.fields().Format)
    }
}

impl<C: RegistryCallback> Pre<'_, RestoreKey, C> {
    /// How the key is restored (`Flags`).
    #[must_use]
    pub fn flags(&self) -> RestoreFlags {
        RestoreFlags::from_bits_retain(self.info.fields().Flags)
    }
}

impl<'n, C: RegistryCallback> Pre<'n, ReplaceKey, C> {
    /// The path of the file that takes what the hive holds now.
    #[must_use]
    pub fn old_file(&self) -> &'n UnicodeStr {
        self.info.text(|info| info.OldFileName)
    }

    /// The path of the file that the hive gets its new contents from.
    #[must_use]
    pub fn new_file(&self) -> &'n UnicodeStr {
        self.info.text(|info| info.NewFileName)
    }
}

/// The two keys come without their contexts, even if they have some: the structure has a context
/// for the operation's own key object only, and that is null (K2b). What a callback wants to know of
/// them it asks its cookie.
impl<'n, C: RegistryCallback> Pre<'n, SaveMergedKey, C> {
    /// The root of the tree that prevails where both have a key. [`Key::context`] gives nothing.
    ///
    /// # Errors
    /// `STATUS_INVALID_HANDLE` if the kernel named none.
    pub fn high_key(&self) -> Result<Key<'n, C, Live>, NtError> {
        let [high, _] = input::merged_keys(self.info);
        high.ok_or(NtError::INVALID_HANDLE)
    }

    /// The root of the tree that fills in what the other lacks. [`Key::context`] gives nothing.
    ///
    /// # Errors
    /// `STATUS_INVALID_HANDLE` if the kernel named none.
    pub fn low_key(&self) -> Result<Key<'n, C, Live>, NtError> {
        let [_, low] = input::merged_keys(self.info);
        low.ok_or(NtError::INVALID_HANDLE)
    }
}
