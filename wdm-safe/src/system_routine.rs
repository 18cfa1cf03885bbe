//! Routines of the kernel that not every version of Windows has.
//!
//! An import of a routine that the running kernel lacks keeps the driver from being loaded. What a
//! newer Windows brought is therefore looked up by its name (`MmGetSystemRoutineAddress`), so that
//! one binary serves old and new Windows:
//!
//! ```
//! # let machine = wdm_sim::Machine::builder().build()?;
//! # let process = machine.system_process(); let _thread = process.enter();
//! # // SAFETY: a system thread runs at PASSIVE_LEVEL.
//! # let at = unsafe { wdm_safe::Passive::new_unchecked() };
//! use core::{ffi::c_void, mem::transmute, ptr::NonNull};
//! use wdm_safe::{system_routine, unicode};
//!
//! type GetVersion = unsafe extern "system" fn(*mut u32, *mut u32);
//!
//! let found = system_routine(unicode!("CmGetCallbackVersion"), at).expect("Windows Vista has it");
//! // SAFETY: the routine's documented type.
//! let get_version = unsafe { transmute::<NonNull<c_void>, GetVersion>(found) };
//! let (mut major, mut minor) = (0, 0);
//! // SAFETY: both places are valid.
//! unsafe { get_version(&mut major, &mut minor) };
//! assert_eq!((major, minor), (1, 1));
//!
//! assert_eq!(system_routine(unicode!("CmFutureRoutine"), at), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::ffi::c_void;
use core::ptr::NonNull;

use wdm_sys as sys;

use crate::string::Counted;
use crate::{Passive, UnicodeStr};

/// The address of an exported routine of the kernel or the HAL, or none if this Windows has no
/// routine of that name (`MmGetSystemRoutineAddress`). The name's case matters. IRQL:
/// `PASSIVE_LEVEL`.
///
/// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-mmgetsystemroutineaddress>
///
/// The address is valid as long as the machine runs. Making a function of it is the caller's one
/// unsafe operation: `transmute` it to the pointer type that the routine's page gives, which is
/// `unsafe extern "system" fn(...)`.
#[must_use]
#[inline(never)] // Called at a driver's start.
pub fn system_routine(name: &UnicodeStr, _at: Passive<'_>) -> Option<NonNull<c_void>> {
    // No routine has a name that a UNICODE_STRING cannot hold.
    let name = Counted::new(name).ok()?;
    // SAFETY: the string is valid during the call; the level is PASSIVE_LEVEL by the token.
    let address = unsafe { sys::MmGetSystemRoutineAddress(name.as_ptr()) };
    NonNull::new(address)
}
