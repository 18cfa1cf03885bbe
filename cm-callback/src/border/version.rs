//! The version of the callback interface.

use wdm_sys as sys;

/// The version of the registry callbacks of this Windows; see [`callback_version`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallbackVersion {
    /// 1 so far.
    pub major: u32,
    /// 0 on Windows Vista, 1 from Windows 7 on.
    pub minor: u32,
}

impl CallbackVersion {
    /// Windows Vista's: the object of a create or an open that failed need not be null.
    pub const VISTA: Self = Self { major: 1, minor: 0 };
    /// From Windows 7 on: it is null, and create and open say more (R5, N5).
    pub const WINDOWS_7: Self = Self { major: 1, minor: 1 };
}

/// Which version of registry callbacks this Windows has (`CmGetCallbackVersion`, R5). What a
/// notification says does not depend on it in this crate: structures tell their own versions.
///
/// IRQL: `<= APC_LEVEL`.
/// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-cmgetcallbackversion>
///
/// ```
/// # let machine = wdm_sim::Machine::builder().build()?;
/// # let process = machine.system_process(); let _thread = process.enter();
/// use cm_callback::{CallbackVersion, callback_version};
///
/// assert!(callback_version() >= CallbackVersion::WINDOWS_7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn callback_version() -> CallbackVersion {
    let (mut major, mut minor) = (0, 0);
    // SAFETY: both places are valid; IRQL <= APC_LEVEL, as for all safe code.
    unsafe { sys::CmGetCallbackVersion(&mut major, &mut minor) };
    CallbackVersion { major, minor }
}
