//! Several values in one call.

use core::ffi::c_void;
use core::mem::transmute;
use core::ptr::{self, NonNull};

use wdm_sys as sys;

use super::query::{part_at, query_into};
use super::{KeyBuffer, RegKey, ValueData, ValueType};
use crate::string::Counted;
use crate::{NtError, Passive, Result, UnicodeStr, system_routine, unicode};

/// `ZwQueryMultipleValueKey`, which has no page of its own.
type ZwQueryMultipleValueKey = unsafe extern "system" fn(
    sys::HANDLE,
    *mut sys::KEY_VALUE_ENTRY,
    u32,
    *mut c_void,
    *mut u32,
    *mut u32,
) -> i32;

impl RegKey {
    /// Reads several values at once, as they were at one moment (`ZwQueryMultipleValueKey`, which
    /// is looked up, as it has no page of its own).
    ///
    /// ```
    /// # let machine = wdm_sim::Machine::builder().build()?;
    /// # let process = machine.system_process(); let _thread = process.enter();
    /// # let at = unsafe { wdm_safe::Passive::new_unchecked() };
    /// use wdm_safe::registry::{KeyAccess, KeyBuffer, RegKey};
    /// use wdm_safe::unicode;
    ///
    /// let select = RegKey::open(unicode!(r"\Registry\Machine\SYSTEM\Select"), KeyAccess::READ, at)?;
    /// let mut buffer = KeyBuffer::new();
    /// let names = [unicode!("Current"), unicode!("LastKnownGood")];
    /// let [current, good] = select.values_together(names, &mut buffer, at)?;
    /// assert_eq!(current.as_u32(), Some(1));
    /// assert!(good.as_u32().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if one of them is not there, `STATUS_NOT_SUPPORTED` if this
    /// kernel does not export the routine, and those of [`value_in`](Self::value_in).
    pub fn values_together<'b, const N: usize>(
        &self,
        names: [&UnicodeStr; N],
        buffer: &'b mut KeyBuffer,
        at: Passive<'_>,
    ) -> Result<[ValueData<'b>; N]> {
        let name = unicode!("ZwQueryMultipleValueKey");
        let routine = system_routine(name, at).ok_or(NtError::NOT_SUPPORTED)?;
        // SAFETY: the routine's type.
        let routine = unsafe { transmute::<NonNull<c_void>, ZwQueryMultipleValueKey>(routine) };
        let names = names.map(Counted::new);
        let mut entries = [sys::KEY_VALUE_ENTRY {
            ValueName: ptr::null_mut(),
            DataLength: 0,
            DataOffset: 0,
            Type: 0,
        }; N];
        for (entry, name) in entries.iter_mut().zip(&names) {
            entry.ValueName = name.as_ref().map_err(|error| *error)?.as_ptr();
        }
        let count = u32::try_from(N).map_err(|_| NtError::INVALID_PARAMETER)?;
        let answer = query_into(&mut buffer.0, |buffer, size, needed| {
            let mut length = size;
            // SAFETY: the handle is open; `count` entries with names that outlive the call; the
            // buffer has `size` bytes, both lengths are ours; PASSIVE_LEVEL by the token.
            let status = unsafe {
                routine(
                    self.raw(),
                    entries.as_mut_ptr(),
                    count,
                    buffer,
                    &raw mut length,
                    needed,
                )
            };
            // What is needed is told apart from what was used only if there is too little room.
            *needed = length.max(*needed);
            status
        })?;
        let mut values = [ValueData::new(ValueType::NONE, &[]); N];
        for (value, entry) in values.iter_mut().zip(&entries) {
            let data = part_at(answer, entry.DataOffset, entry.DataLength)?;
            *value = ValueData::new(ValueType(entry.Type), data);
        }
        Ok(values)
    }
}
