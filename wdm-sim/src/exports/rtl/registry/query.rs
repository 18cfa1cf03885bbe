//! Values by a table: `RtlQueryRegistryValues`.

use std::mem::offset_of;
use std::ptr::null_mut;

use wdm_sys::{KEY_READ, PCWSTR, PVOID, UNICODE_STRING};

use super::key::{Key, Value, reg, units};
use crate::call::{self, Code};
use crate::exports::rtl::string_memory::give_exactly;
use crate::machine::Thread;
use crate::status::Status;
use crate::verifier::Rule;

/// `RTL_QUERY_REGISTRY_*`.
mod flag {
    pub(super) const SUBKEY: u32 = 0x001;
    pub(super) const TOPKEY: u32 = 0x002;
    pub(super) const REQUIRED: u32 = 0x004;
    pub(super) const NOVALUE: u32 = 0x008;
    pub(super) const NOEXPAND: u32 = 0x010;
    pub(super) const DIRECT: u32 = 0x020;
    pub(super) const DELETE: u32 = 0x040;
    pub(super) const TYPECHECK: u32 = 0x100;
}

/// `RTL_QUERY_REGISTRY_TABLE`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(in super::super) struct Entry {
    routine: usize,
    flags: u32,
    name: PCWSTR,
    context: PVOID,
    default_type: u32,
    default_data: *const u8,
    default_length: u32,
}

const _: () = {
    assert!(offset_of!(Entry, name) == 0x10);
    assert!(offset_of!(Entry, default_type) == 0x20);
    assert!(size_of::<Entry>() == 0x38);
};

/// One call of `RtlQueryRegistryValues`.
pub(super) struct Query<'t> {
    pub(super) thread: &'t Thread,
    pub(super) call: &'static str,
    pub(super) context: PVOID,
}

impl Query<'_> {
    /// # Safety
    /// The table's entries are valid up to one that has no routine and neither is direct nor a subkey.
    pub(super) unsafe fn run(&self, top: &Key, table: *const Entry) -> Result<(), Status> {
        let mut subkey: Option<Key> = None;
        for at in 0.. {
            // SAFETY: by this function's contract.
            let entry = unsafe { table.wrapping_add(at).read() };
            let has = |flag| entry.flags & flag != 0;
            if entry.routine == 0 && !has(flag::SUBKEY | flag::DIRECT) {
                break;
            }
            // SAFETY: as above.
            let name = unsafe { units(entry.name) };
            if has(flag::TOPKEY | flag::SUBKEY) {
                subkey = None;
            }
            if has(flag::SUBKEY) {
                if name.is_empty() {
                    return Err(Status::INVALID_PARAMETER);
                }
                let key = Key::named(top.handle, name, KEY_READ, false)?;
                if entry.routine != 0 {
                    // SAFETY: as above.
                    unsafe { self.all_values(&key, &entry)? };
                }
                subkey = Some(key);
                continue;
            }
            let key = subkey.as_ref().unwrap_or(top);
            if !entry.name.is_null() {
                // SAFETY: as above.
                unsafe { self.one_value(key, &entry, name)? };
            } else if has(flag::DIRECT) {
                return Err(Status::INVALID_PARAMETER);
            } else if has(flag::NOVALUE) {
                // SAFETY: as above.
                unsafe { self.tell(&entry, null_mut(), reg::NONE, &[])? };
            } else {
                // SAFETY: as above.
                unsafe { self.all_values(key, &entry)? };
            }
        }
        Ok(())
    }

    /// # Safety
    /// The entry is valid.
    unsafe fn one_value(&self, key: &Key, entry: &Entry, name: &[u16]) -> Result<(), Status> {
        let value = match key.value(name) {
            Err(Status::OBJECT_NAME_NOT_FOUND) => {
                let kind = entry.default_type & 0xFF;
                if kind == reg::NONE {
                    let required = entry.flags & flag::REQUIRED != 0;
                    return match required {
                        true => Err(Status::OBJECT_NAME_NOT_FOUND),
                        false => Ok(()),
                    };
                }
                // SAFETY: by this function's contract.
                let data = unsafe { default_data(entry, kind) };
                let name = name.to_vec();
                // SAFETY: as above.
                return unsafe { self.hand_out(entry, &Value { name, kind, data }) };
            }
            found => found?,
        };
        let expected = entry.default_type >> 24;
        let both = flag::DIRECT | flag::TYPECHECK;
        if entry.flags & both == both && expected != value.kind {
            return Err(Status::OBJECT_TYPE_MISMATCH);
        }
        // SAFETY: as above.
        unsafe { self.hand_out(entry, &value)? };
        match entry.flags & flag::DELETE {
            0 => Ok(()),
            _ => key.delete(name),
        }
    }

    /// # Safety
    /// The entry is valid.
    unsafe fn all_values(&self, key: &Key, entry: &Entry) -> Result<(), Status> {
        let mut index = 0;
        loop {
            let value = match key.value_at(index) {
                Err(Status::NO_MORE_ENTRIES) if index == 0 && entry.flags & flag::REQUIRED != 0 => {
                    return Err(Status::OBJECT_NAME_NOT_FOUND);
                }
                Err(Status::NO_MORE_ENTRIES) => return Ok(()),
                found => found?,
            };
            // SAFETY: by this function's contract.
            unsafe { self.hand_out(entry, &value)? };
            match entry.flags & flag::DELETE {
                0 => index += 1,
                _ => key.delete(&value.name)?,
            }
        }
    }

    /// Stores a value, or tells the entry's routine.
    ///
    /// # Safety
    /// The entry is valid.
    unsafe fn hand_out(&self, entry: &Entry, value: &Value) -> Result<(), Status> {
        if entry.flags & flag::DIRECT != 0 {
            // SAFETY: by this function's contract.
            return unsafe { self.store(entry.context, value) };
        }
        let mut name = [value.name.as_slice(), &[0]].concat();
        let name = name.as_mut_ptr();
        let as_it_is = entry.flags & flag::NOEXPAND != 0;
        match value.kind {
            reg::MULTI_SZ if !as_it_is => value.texts().try_for_each(|text| {
                // SAFETY: as above; the name lives.
                unsafe { self.tell(entry, name, reg::SZ, &text) }
            }),
            reg::EXPAND_SZ if !as_it_is => {
                let detail = "a REG_EXPAND_SZ value is to be expanded, which drivers must not ask \
                              for; set RTL_QUERY_REGISTRY_NOEXPAND";
                self.thread.finding(Rule::Parameter, self.call, detail);
                // SAFETY: as above.
                unsafe { self.tell(entry, name, reg::SZ, &value.data) }
            }
            // SAFETY: as above.
            kind => unsafe { self.tell(entry, name, kind, &value.data) },
        }
    }

    /// Calls the entry's routine.
    ///
    /// # Safety
    /// The entry has a routine; `name` is NUL-terminated or null.
    unsafe fn tell(
        &self,
        entry: &Entry,
        name: *mut u16,
        kind: u32,
        data: &[u8],
    ) -> Result<(), Status> {
        let code = Code {
            address: entry.routine,
            caller: self.thread.caller(),
        };
        // Aligned for whatever type the value has.
        let mut copy = vec![0_u64; data.len().div_ceil(8)];
        let place = copy.as_mut_ptr().cast::<u8>();
        // SAFETY: the copy has that room.
        unsafe { place.copy_from_nonoverlapping(data.as_ptr(), data.len()) };
        let place: PVOID = if data.is_empty() {
            null_mut()
        } else {
            place.cast()
        };
        let length = data.len() as u32;
        let contexts = [self.context, entry.context];
        // SAFETY: by this function's contract.
        let status = unsafe {
            call::query_routine(self.thread, code, name, kind, (place, length), contexts)
        };
        match Status(status) {
            Status::BUFFER_TOO_SMALL => Ok(()),
            status => status.to_result(),
        }
    }

    /// Stores a value as `RTL_QUERY_REGISTRY_DIRECT` says.
    ///
    /// # Safety
    /// `place` is where a value of this kind can be stored: a counted string with its buffer or without,
    /// a number, or a buffer that begins with its size.
    unsafe fn store(&self, place: PVOID, value: &Value) -> Result<(), Status> {
        let data = value.data.as_slice();
        if value.is_text() {
            let destination = place.cast::<UNICODE_STRING>();
            // SAFETY: by this function's contract.
            let allocate = unsafe { (*destination).Buffer.is_null() };
            // SAFETY: as above.
            let status = unsafe { give_exactly(self.thread, destination, data, allocate) };
            if Status(status) == Status::BUFFER_OVERFLOW {
                return Err(Status::BUFFER_TOO_SMALL);
            }
            Status(status).to_result()?;
            // A NUL at the end of a text does not count.
            if value.kind != reg::MULTI_SZ && data.ends_with(&[0, 0]) {
                // SAFETY: as above.
                unsafe { (*destination).Length -= 2 };
            }
            return Ok(());
        }
        let bytes = place.cast::<u8>();
        let put = |at: usize, bytes_in: &[u8]| {
            // SAFETY: by this function's contract, after the checks below.
            unsafe {
                bytes
                    .wrapping_add(at)
                    .copy_from(bytes_in.as_ptr(), bytes_in.len())
            };
        };
        if data.len() <= 4 {
            put(0, data);
            return Ok(());
        }
        // SAFETY: by this function's contract.
        let size = unsafe { place.cast::<i32>().read_unaligned() };
        let header = if size < 0 { 0 } else { 8 };
        if (size.unsigned_abs() as usize) < header + data.len() {
            return Err(Status::BUFFER_TOO_SMALL);
        }
        if header > 0 {
            put(0, &(data.len() as u32).to_le_bytes());
            put(4, &value.kind.to_le_bytes());
        }
        put(header, data);
        Ok(())
    }
}

/// The default value of an entry.
///
/// # Safety
/// The entry is valid.
unsafe fn default_data(entry: &Entry, kind: u32) -> Vec<u8> {
    let data = entry.default_data;
    let unit = |at: usize| {
        // SAFETY: by this function's contract, what was not the end has a next character.
        unsafe { data.cast::<u16>().wrapping_add(at).read_unaligned() }
    };
    if data.is_null() {
        return Vec::new();
    }
    let length = match (entry.default_length, kind) {
        (0, reg::SZ | reg::EXPAND_SZ) => (0..)
            .find(|&at| unit(at) == 0)
            .map_or(0, |at: usize| (at + 1) * 2),
        (0, reg::MULTI_SZ) => {
            let end = (0..).find(|&at| unit(at) == 0 && unit(at + 1) == 0);
            end.map_or(0, |at: usize| (at + 2) * 2)
        }
        (length, _) => length as usize,
    };
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts(data, length) }.to_vec()
}
