//! The registry through the runtime library: keys by a place and a path, values by a table.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlqueryregistryvalues>,
//! `nf-wdm-rtlwriteregistryvalue`, `nf-wdm-rtlcheckregistrykey`, `nf-wdm-rtlcreateregistrykey`,
//! `nf-wdm-rtldeleteregistryvalue` there. They are made of the system services, so registry callbacks
//! are told. There are no environment variables: what should be expanded stays as it is.

use std::mem::offset_of;
use std::ptr::null_mut;

use wdm_sys::{
    HANDLE, KEY_ALL_ACCESS, KEY_READ, KeyValueFullInformation, KeyValuePartialInformation,
    NTSTATUS, OBJ_CASE_INSENSITIVE, OBJ_KERNEL_HANDLE, OBJECT_ATTRIBUTES, PCWSTR, PVOID,
    UNICODE_STRING, ZwClose, ZwCreateKey, ZwDeleteValueKey, ZwEnumerateValueKey, ZwOpenKey,
    ZwQueryValueKey, ZwSetValueKey,
};

use super::rtl_string::give_exactly;
use crate::call::{self, Code};
use crate::exports::crt::basics::units_before_nul;
use crate::exports::exports;
use crate::machine::{Thread, current, irql};
use crate::status::Status;
use crate::verifier::Rule;

/// The places that paths are relative to: absolute, services, control, Windows NT, device map, user.
const PLACES: [&str; 6] = [
    "",
    r"\Registry\Machine\System\CurrentControlSet\Services\",
    r"\Registry\Machine\System\CurrentControlSet\Control\",
    r"\Registry\Machine\Software\Microsoft\Windows NT\CurrentVersion\",
    r"\Registry\Machine\Hardware\DeviceMap\",
    r"\Registry\User\.Default\",
];
/// `RTL_REGISTRY_HANDLE`: the path is a handle.
const PATH_IS_HANDLE: u32 = 0x4000_0000;
/// `RTL_REGISTRY_OPTIONAL`.
const OPTIONAL: u32 = 0x8000_0000;

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

/// Types of values.
mod reg {
    pub(super) const NONE: u32 = 0;
    pub(super) const SZ: u32 = 1;
    pub(super) const EXPAND_SZ: u32 = 2;
    pub(super) const MULTI_SZ: u32 = 7;
}

/// `RTL_QUERY_REGISTRY_TABLE`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Entry {
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

exports! {
    /// Looks values of a key and its subkeys up, as a table says, and gives them to the table's
    /// routines or stores them.
    [undeclared]
    fn RtlQueryRegistryValues(
        place: u32,
        path: PCWSTR,
        table: *const Entry,
        context: PVOID,
        _environment: PVOID,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a path or a handle.
        let top = match unsafe { Key::at(place, path, false) } {
            Ok(key) => key,
            Err(status) => return status.0,
        };
        let query = Query { thread: &thread, call: CALL, context };
        // SAFETY: the caller gave a table that ends with an entry that is none.
        match unsafe { query.run(&top, table) } {
            Ok(()) => Status::SUCCESS.0,
            Err(status) => status.0,
        }
    }

    /// Sets a value of a key, which is made if it is not there.
    [undeclared]
    fn RtlWriteRegistryValue(
        place: u32,
        path: PCWSTR,
        name: PCWSTR,
        kind: u32,
        data: PVOID,
        length: u32,
    ) -> NTSTATUS {
        current(CALL).require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a path or a handle.
        let key = match unsafe { Key::at(place, path, true) } {
            Ok(key) => key,
            Err(status) => return status.0,
        };
        // SAFETY: the caller gave NUL-terminated text, or NULL.
        let mut name = unsafe { counted(name) };
        // SAFETY: the key is open, and the caller gave the data.
        unsafe { ZwSetValueKey(key.handle, &raw mut name, 0, kind, data, length) }
    }

    /// Deletes a value of a key.
    [undeclared]
    fn RtlDeleteRegistryValue(place: u32, path: PCWSTR, name: PCWSTR) -> NTSTATUS {
        current(CALL).require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a path or a handle.
        let key = match unsafe { Key::open(place, path, KEY_ALL_ACCESS, false) } {
            Ok(key) => key,
            Err(status) => return status.0,
        };
        // SAFETY: the caller gave NUL-terminated text.
        let mut name = unsafe { counted(name) };
        // SAFETY: the key is open.
        unsafe { ZwDeleteValueKey(key.handle, &raw mut name) }
    }

    /// Whether there is a key: `STATUS_SUCCESS` if there is.
    [undeclared]
    fn RtlCheckRegistryKey(place: u32, path: PCWSTR) -> NTSTATUS {
        current(CALL).require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a path or a handle.
        match unsafe { Key::at(place, path, false) } {
            Ok(_) => Status::SUCCESS.0,
            Err(status) => status.0,
        }
    }

    /// Makes a key, unless there is one.
    [undeclared]
    fn RtlCreateRegistryKey(place: u32, path: PCWSTR) -> NTSTATUS {
        current(CALL).require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a path or a handle.
        match unsafe { Key::at(place, path, true) } {
            Ok(_) => Status::SUCCESS.0,
            Err(status) => status.0,
        }
    }
}

/// A counted string of a NUL-terminated one, or an empty one of NULL.
///
/// # Safety
/// `text` is NUL-terminated or null.
unsafe fn counted(text: PCWSTR) -> UNICODE_STRING {
    // SAFETY: by this function's contract.
    string(unsafe { units(text) })
}

/// The characters of a NUL-terminated text; none of NULL.
///
/// # Safety
/// As for [`counted`].
unsafe fn units<'a>(text: PCWSTR) -> &'a [u16] {
    if text.is_null() {
        return &[];
    }
    // SAFETY: by this function's contract.
    let length = unsafe { units_before_nul(text) };
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts(text, length) }
}

fn string(units: &[u16]) -> UNICODE_STRING {
    let bytes = u16::try_from(units.len() * 2).unwrap_or(u16::MAX - 1);
    UNICODE_STRING {
        Length: bytes,
        MaximumLength: bytes,
        Buffer: units.as_ptr().cast_mut(),
    }
}

/// A key; closed at the end unless it is the caller's.
struct Key {
    handle: HANDLE,
    is_callers: bool,
}

impl Drop for Key {
    fn drop(&mut self) {
        if !self.is_callers {
            // SAFETY: the handle is this value's own.
            unsafe { ZwClose(self.handle) };
        }
    }
}

impl Key {
    /// # Safety
    /// The path is NUL-terminated, or an open handle if the place says so.
    unsafe fn at(place: u32, path: PCWSTR, create: bool) -> Result<Self, Status> {
        let access = if create { KEY_ALL_ACCESS } else { KEY_READ };
        // SAFETY: by this function's contract.
        unsafe { Self::open(place, path, access, create) }
    }

    /// # Safety
    /// As for [`at`](Self::at).
    unsafe fn open(place: u32, path: PCWSTR, access: u32, create: bool) -> Result<Self, Status> {
        if place & PATH_IS_HANDLE != 0 {
            let handle = path.cast_mut().cast();
            let is_callers = true;
            return Ok(Self { handle, is_callers });
        }
        let place = PLACES.get((place & !OPTIONAL) as usize);
        let place = place.ok_or(Status::INVALID_PARAMETER)?;
        let mut whole: Vec<u16> = place.encode_utf16().collect();
        // SAFETY: by this function's contract.
        whole.extend(unsafe { units(path) });
        if whole.last() == Some(&u16::from(b'\\')) {
            whole.pop();
        }
        Self::named(null_mut(), &whole, access, create)
    }

    fn named(root: HANDLE, path: &[u16], access: u32, create: bool) -> Result<Self, Status> {
        let mut name = string(path);
        let mut attributes = OBJECT_ATTRIBUTES {
            Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
            RootDirectory: root,
            ObjectName: &raw mut name,
            Attributes: OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
            SecurityDescriptor: null_mut(),
            SecurityQualityOfService: null_mut(),
        };
        let mut handle = null_mut();
        let (place, attributes) = (&raw mut handle, &raw mut attributes);
        let status = match create {
            // SAFETY: the attributes and what they lead to live until the call returns.
            true => unsafe { ZwCreateKey(place, access, attributes, 0, null_mut(), 0, null_mut()) },
            // SAFETY: as above.
            false => unsafe { ZwOpenKey(place, access, attributes) },
        };
        Status(status).to_result()?;
        let is_callers = false;
        Ok(Self { handle, is_callers })
    }

    fn value(&self, name: &[u16]) -> Result<Value, Status> {
        let mut string = string(name);
        let buffer = ask(|buffer, length, needed| {
            let class = KeyValuePartialInformation;
            // SAFETY: the key is open, and the buffer has that length.
            unsafe { ZwQueryValueKey(self.handle, &raw mut string, class, buffer, length, needed) }
        })?;
        let word = |at: usize| word(&buffer, at);
        Ok(Value {
            name: name.to_vec(),
            kind: word(4),
            data: buffer[12..12 + word(8) as usize].to_vec(),
        })
    }

    fn value_at(&self, index: u32) -> Result<Value, Status> {
        let buffer = ask(|buffer, length, needed| {
            let class = KeyValueFullInformation;
            // SAFETY: as above.
            unsafe { ZwEnumerateValueKey(self.handle, index, class, buffer, length, needed) }
        })?;
        let word = |at: usize| word(&buffer, at) as usize;
        let name = &buffer[20..20 + word(16)];
        let name = name.as_chunks::<2>().0.iter();
        Ok(Value {
            name: name.map(|unit| u16::from_le_bytes(*unit)).collect(),
            kind: word(4) as u32,
            data: buffer[word(8)..word(8) + word(12)].to_vec(),
        })
    }

    fn delete(&self, name: &[u16]) -> Result<(), Status> {
        let mut name = string(name);
        // SAFETY: the key is open.
        Status(unsafe { ZwDeleteValueKey(self.handle, &raw mut name) }).to_result()
    }
}

/// Asks until the buffer is large enough.
fn ask(mut query: impl FnMut(PVOID, u32, *mut u32) -> NTSTATUS) -> Result<Vec<u8>, Status> {
    let mut buffer = vec![0_u64; 32];
    loop {
        let length = size_of_val(buffer.as_slice()) as u32;
        let mut needed = 0;
        let status = Status(query(buffer.as_mut_ptr().cast(), length, &raw mut needed));
        match status {
            Status::BUFFER_OVERFLOW | Status::BUFFER_TOO_SMALL if needed > length => {
                buffer.resize((needed as usize).div_ceil(8), 0);
            }
            _ => {
                status.to_result()?;
                return Ok(buffer.iter().flat_map(|word| word.to_le_bytes()).collect());
            }
        }
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes[at..].first_chunk();
    u32::from_le_bytes(*word.unwrap_or(&[0; 4]))
}

struct Value {
    name: Vec<u16>,
    kind: u32,
    data: Vec<u8>,
}

impl Value {
    fn is_text(&self) -> bool {
        matches!(self.kind, reg::SZ | reg::EXPAND_SZ | reg::MULTI_SZ)
    }

    /// The texts of a `REG_MULTI_SZ`, each with its NUL.
    fn texts(&self) -> impl Iterator<Item = Vec<u8>> {
        let units: Vec<u16> = self
            .data
            .as_chunks::<2>()
            .0
            .iter()
            .map(|unit| u16::from_le_bytes(*unit))
            .collect();
        let texts: Vec<Vec<u16>> = units
            .split(|&unit| unit == 0)
            .take_while(|text| !text.is_empty())
            .map(|text| [text, &[0]].concat())
            .collect();
        texts
            .into_iter()
            .map(|text| text.into_iter().flat_map(u16::to_le_bytes).collect())
    }
}

/// One call of `RtlQueryRegistryValues`.
struct Query<'t> {
    thread: &'t Thread,
    call: &'static str,
    context: PVOID,
}

impl Query<'_> {
    /// # Safety
    /// The table's entries are valid up to one that has no routine and neither is direct nor a subkey.
    unsafe fn run(&self, top: &Key, table: *const Entry) -> Result<(), Status> {
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
