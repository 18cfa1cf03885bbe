//! Keys by a place and a path, and their values, through the system services.

use std::ptr::null_mut;

use wdm_sys::{
    HANDLE, KEY_ALL_ACCESS, KEY_READ, KeyValueFullInformation, KeyValuePartialInformation,
    NTSTATUS, OBJ_CASE_INSENSITIVE, OBJ_KERNEL_HANDLE, OBJECT_ATTRIBUTES, PCWSTR, PVOID,
    UNICODE_STRING, ZwClose, ZwCreateKey, ZwDeleteValueKey, ZwEnumerateValueKey, ZwOpenKey,
    ZwQueryValueKey,
};

use crate::exports::crt::basics::units_before_nul;
use crate::status::Status;
use crate::unicode_string::over;

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

/// Types of values.
pub(super) mod reg {
    pub(in super::super) const NONE: u32 = 0;
    pub(in super::super) const SZ: u32 = 1;
    pub(in super::super) const EXPAND_SZ: u32 = 2;
    pub(in super::super) const MULTI_SZ: u32 = 7;
}

/// A counted string of a NUL-terminated one, or an empty one of NULL.
///
/// # Safety
/// `text` is NUL-terminated or null.
pub(super) unsafe fn counted(text: PCWSTR) -> UNICODE_STRING {
    // SAFETY: by this function's contract.
    over(unsafe { units(text) })
}

/// The characters of a NUL-terminated text; none of NULL.
///
/// # Safety
/// As for [`counted`].
pub(super) unsafe fn units<'a>(text: PCWSTR) -> &'a [u16] {
    if text.is_null() {
        return &[];
    }
    // SAFETY: by this function's contract.
    let length = unsafe { units_before_nul(text) };
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts(text, length) }
}

/// A key; closed at the end unless it is the caller's.
pub(super) struct Key {
    pub(super) handle: HANDLE,
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
    pub(super) unsafe fn at(place: u32, path: PCWSTR, create: bool) -> Result<Self, Status> {
        let access = if create { KEY_ALL_ACCESS } else { KEY_READ };
        // SAFETY: by this function's contract.
        unsafe { Self::open(place, path, access, create) }
    }

    /// # Safety
    /// As for [`at`](Self::at).
    pub(super) unsafe fn open(
        place: u32,
        path: PCWSTR,
        access: u32,
        create: bool,
    ) -> Result<Self, Status> {
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

    pub(super) fn named(
        root: HANDLE,
        path: &[u16],
        access: u32,
        create: bool,
    ) -> Result<Self, Status> {
        let mut name = over(path);
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

    pub(super) fn value(&self, name: &[u16]) -> Result<Value, Status> {
        let mut string = over(name);
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

    pub(super) fn value_at(&self, index: u32) -> Result<Value, Status> {
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

    pub(super) fn delete(&self, name: &[u16]) -> Result<(), Status> {
        let mut name = over(name);
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

pub(super) struct Value {
    pub(super) name: Vec<u16>,
    pub(super) kind: u32,
    pub(super) data: Vec<u8>,
}

impl Value {
    pub(super) fn is_text(&self) -> bool {
        matches!(self.kind, reg::SZ | reg::EXPAND_SZ | reg::MULTI_SZ)
    }

    /// The texts of a `REG_MULTI_SZ`, each with its NUL.
    pub(super) fn texts(&self) -> impl Iterator<Item = Vec<u8>> {
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
