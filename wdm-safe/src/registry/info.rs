//! What a key is and has, in numbers.
//!
//! The pages: [`ZwQueryKey`], [`KEY_FULL_INFORMATION`].
//!
//! [`ZwQueryKey`]: https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwquerykey
//! [`KEY_FULL_INFORMATION`]: https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_key_full_information

use core::ffi::c_void;
use core::mem::transmute;
use core::ptr::NonNull;

use wdm_sys as sys;

use super::RegKey;
use super::query::{part_at, query, text_in, u32_at};
use crate::{NtError, NtStatus, Passive, Result, UnicodeString, system_routine, unicode};

/// `ZwSetInformationKey`, which has no page of its own.
type ZwSetInformationKey =
    unsafe extern "system" fn(sys::HANDLE, sys::KEY_SET_INFORMATION_CLASS, *mut c_void, u32) -> i32;

/// Counts and lengths of a key; see [`RegKey::info`].
///
/// ```
/// # let machine = wdm_sim::Machine::builder().build()?;
/// # let process = machine.system_process(); let _thread = process.enter();
/// # let at = unsafe { wdm_safe::Passive::new_unchecked() };
/// use wdm_safe::registry::{KeyAccess, RegKey, ValueRef};
/// use wdm_safe::unicode;
///
/// let path = unicode!(r"\Registry\Machine\SYSTEM\Counted");
/// let (key, _) = RegKey::create(path, KeyAccess::ALL, at)?;
/// key.set_value(unicode!("Seven"), ValueRef::Binary(&[0; 7]), at)?;
/// let info = key.info(at)?;
/// assert_eq!((info.subkeys, info.values, info.longest_data), (0, 1, 7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyInfo {
    /// The time of the last change: 100 ns units since 1601, UTC.
    pub last_write_time: u64,
    /// The number of subkeys.
    pub subkeys: u32,
    /// The length of the longest name of a subkey, in bytes.
    pub longest_subkey_name: u32,
    /// The length of the longest class name of a subkey, in bytes.
    pub longest_subkey_class: u32,
    /// The number of values.
    pub values: u32,
    /// The length of the longest name of a value, in bytes.
    pub longest_value_name: u32,
    /// The length of the longest data of a value, in bytes.
    pub longest_data: u32,
}

/// Offsets in `KEY_FULL_INFORMATION`.
const CLASS_OFFSET: usize = 12;
const CLASS_LENGTH: usize = 16;

impl RegKey {
    /// Counts and lengths of the key (`ZwQueryKey`, `KeyFullInformation`). It allocates nothing.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`, or what a registry callback answered.
    pub fn info(&self, _at: Passive<'_>) -> Result<KeyInfo> {
        // SAFETY: all-zero bytes are a valid structure of numbers.
        let mut info: sys::KEY_FULL_INFORMATION = unsafe { core::mem::zeroed() };
        let place = (&raw mut info).cast();
        let size = const { size_of::<sys::KEY_FULL_INFORMATION>() as u32 };
        let (class, mut needed) = (sys::KeyFullInformation, 0);
        // SAFETY: the handle is open, the place has `size` bytes, the length is ours;
        // PASSIVE_LEVEL by the token.
        let status = unsafe { sys::ZwQueryKey(self.raw(), class, place, size, &mut needed) };
        match NtStatus::from_raw(status).to_result() {
            // What does not fit is the class name, which is not wanted here.
            Ok(()) | Err(NtError::BUFFER_OVERFLOW) => {}
            Err(error) => return Err(error),
        }
        // SAFETY: both members of the union are the same 64 bits.
        let last_write_time = unsafe { info.LastWriteTime.QuadPart }.cast_unsigned();
        Ok(KeyInfo {
            last_write_time,
            subkeys: info.SubKeys,
            longest_subkey_name: info.MaxNameLen,
            longest_subkey_class: info.MaxClassLen,
            values: info.Values,
            longest_value_name: info.MaxValueNameLen,
            longest_data: info.MaxValueDataLen,
        })
    }

    /// The class name that the key was made with; empty for none (`ZwQueryKey`,
    /// `KeyFullInformation`).
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`, `STATUS_INSUFFICIENT_RESOURCES`, or what a registry callback answered.
    pub fn class(&self, _at: Passive<'_>) -> Result<UnicodeString> {
        let answer = query(|buffer, size, needed| {
            // SAFETY: the handle is open, the buffer has `size` bytes, the length is ours;
            // PASSIVE_LEVEL by the token.
            unsafe { sys::ZwQueryKey(self.raw(), sys::KeyFullInformation, buffer, size, needed) }
        })?;
        let (offset, length) = (
            u32_at(&answer, CLASS_OFFSET)?,
            u32_at(&answer, CLASS_LENGTH)?,
        );
        UnicodeString::try_from_str(text_in(part_at(&answer, offset, length)?)?)
    }

    /// Sets the time of the last change: 100 ns units since 1601, UTC (`ZwSetInformationKey`,
    /// `KeyWriteTimeInformation`; the routine is looked up, as it has no page of its own).
    ///
    /// # Errors
    /// `STATUS_NOT_SUPPORTED` if this kernel does not export the routine, `STATUS_KEY_DELETED`, or
    /// what a registry callback answered.
    pub fn set_last_write_time(&self, time: u64, at: Passive<'_>) -> Result<()> {
        let name = unicode!("ZwSetInformationKey");
        let routine = system_routine(name, at).ok_or(NtError::NOT_SUPPORTED)?;
        // SAFETY: the routine's type.
        let routine = unsafe { transmute::<NonNull<c_void>, ZwSetInformationKey>(routine) };
        let mut time = time;
        let (class, size) = (
            sys::KeyWriteTimeInformation,
            const { size_of::<u64>() as u32 },
        );
        // SAFETY: the handle is open, the time outlives the call, which reads it; PASSIVE_LEVEL by
        // the token.
        let status = unsafe { routine(self.raw(), class, (&raw mut time).cast(), size) };
        NtStatus::from_raw(status).to_result()
    }
}
