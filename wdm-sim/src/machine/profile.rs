//! The versions of Windows that a machine can be like, and what differs between them (P7).
//!
//! Which routines a version has is in `exports/since.rs`. The rest is here, each with the page that
//! says so; `ddi:` is MicrosoftDocs/windows-driver-docs-ddi, `docs:` MicrosoftDocs/windows-driver-docs.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use wdm_sys::{self as sys, REG_NOTIFY_CLASS};

/// The version of Windows that a machine is like. A newer one is greater.
///
/// It decides which routines the kernel has, which notifications callbacks get and with which
/// structures, and what the kernel says of its version. A `.sys` file that imports a routine which
/// the version lacks is not loaded; `MmGetSystemRoutineAddress` does not find it; a linked driver
/// that calls it all the same gets a finding ([`Rule::MissingRoutine`](crate::Rule::MissingRoutine)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub enum Profile {
    /// Windows XP: pre-notifications, and post-notifications of create and open only, with the
    /// structures of the time; no altitudes, contexts, bypassing or overriding.
    WinXp,
    /// Windows Vista SP2: callbacks at altitudes with contexts, version 1.0 of their interface.
    Vista,
    /// Windows 7 SP1: version 1.1 of the callbacks' interface, version 1 of the create and open
    /// structures.
    Win7,
    /// Windows 8.1: `NonPagedPoolNx`, captured input data, `CmCallbackGetKeyObjectIDEx`.
    Win8,
    /// Windows 10, version 22H2: queries of key names are announced.
    #[default]
    Win10,
    /// Windows 11, version 23H2.
    Win11,
}

impl Profile {
    /// All versions, the oldest first.
    pub const ALL: [Self; 6] = [
        Self::WinXp,
        Self::Vista,
        Self::Win7,
        Self::Win8,
        Self::Win10,
        Self::Win11,
    ];

    /// Its name, as [`FromStr`] takes it: `winxp`, `vista`, `win7`, `win8`, `win10`, `win11`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WinXp => "winxp",
            Self::Vista => "vista",
            Self::Win7 => "win7",
            Self::Win8 => "win8",
            Self::Win10 => "win10",
            Self::Win11 => "win11",
        }
    }

    /// Major version, minor version and build number, as `RtlGetVersion` gives them.
    pub const fn version(self) -> (u32, u32, u32) {
        match self {
            Self::WinXp => (5, 1, 2600),
            Self::Vista => (6, 0, 6002),
            Self::Win7 => (6, 1, 7601),
            Self::Win8 => (6, 3, 9600),
            Self::Win10 => (10, 0, 19045),
            Self::Win11 => (10, 0, 22631),
        }
    }

    /// Major and minor version of the callbacks' interface, as `CmGetCallbackVersion` gives them
    /// (R5; ddi: nf-wdm-cmgetcallbackversion).
    pub const fn callback_version(self) -> (u32, u32) {
        match self {
            Self::WinXp | Self::Vista => (1, 0),
            _ => (1, 1),
        }
    }

    /// Whether callbacks get a notification class (ddi: ne-wdm-_reg_notify_class). The classes are
    /// numbered in the order in which they came.
    ///
    /// The page gives the second group to Windows Server 2003, the first successor of XP, and
    /// `RegNtPreRestoreKey` to `RegNtPostReplaceKey` to Vista SP2.
    pub const fn announces(self, class: REG_NOTIFY_CLASS) -> bool {
        let since = if class <= sys::RegNtPreKeyHandleClose {
            Self::WinXp
        } else if class <= sys::RegNtPostReplaceKey {
            Self::Vista
        } else {
            Self::Win10
        };
        self as u8 >= since as u8
    }

    /// Whether callbacks are layered: they can bypass and override operations and attach contexts
    /// (docs: kernel/filtering-registry-calls, kernel/handling-notifications,
    /// kernel/specifying-context-information).
    pub(crate) fn layers_callbacks(self) -> bool {
        self >= Self::Vista
    }

    /// The version of the structure of a create or open (N5; ddi: nc-wdm-ex_callback_function).
    pub(crate) fn create_structure_version(self) -> u64 {
        u64::from(self >= Self::Win7)
    }

    /// Whether the data of a user-mode caller are copied before callbacks see them (N8; ddi:
    /// nc-wdm-ex_callback_function). Older versions copy "only some" inputs: here the names.
    pub(crate) fn captures_data(self) -> bool {
        self >= Self::Win8
    }

    /// Whether there is `NonPagedPoolNx` (docs: kernel/nx-and-execute-pool-types).
    pub(crate) fn has_nx_pool(self) -> bool {
        self >= Self::Win8
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no version of Windows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no version of Windows; give winxp, vista, win7, win8, win10 or win11")]
pub struct UnknownProfile(String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        let named = Self::ALL
            .into_iter()
            .find(|profile| profile.name().eq_ignore_ascii_case(text));
        named.ok_or_else(|| UnknownProfile(text.to_owned()))
    }
}
