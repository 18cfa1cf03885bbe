//! What queries answer, as Rust's own types.

use wdm_sys::{REG_DWORD, REG_SZ};

use crate::registry::from_bytes;
use crate::status::Status;

/// A value of a key, as user mode gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserValue {
    /// The name; empty for the default value.
    pub name: String,
    /// The type: `REG_SZ`, `REG_DWORD` and so on.
    pub kind: u32,
    /// The data.
    pub data: Vec<u8>,
}

impl UserValue {
    /// The number, if this is a `REG_DWORD`.
    pub fn as_dword(&self) -> Option<u32> {
        let bytes = self.data.as_slice().try_into().ok()?;
        (self.kind == REG_DWORD).then(|| u32::from_le_bytes(bytes))
    }

    /// The text up to the first NUL, if this is a `REG_SZ`.
    pub fn as_string(&self) -> Option<String> {
        let units = from_bytes(&self.data);
        let text = units.split(|&unit| unit == 0).next().unwrap_or_default();
        (self.kind == REG_SZ).then(|| String::from_utf16_lossy(text))
    }
}

/// Counts and properties of a key (`KEY_FULL_INFORMATION`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserKeyInfo {
    /// The number of subkeys.
    pub subkeys: u32,
    /// The number of values.
    pub values: u32,
    /// The time of the last change: 100 ns units since 1601, UTC.
    pub last_write_time: u64,
    /// The class name.
    pub class: String,
}

/// Reads `KEY_VALUE_FULL_INFORMATION`.
pub(super) fn full_value(answer: &[u8]) -> Result<UserValue, Status> {
    let (at, length) = (u32_at(answer, 8)? as usize, u32_at(answer, 12)? as usize);
    let data = match length {
        0 => &[],
        _ => answer
            .get(at..at + length)
            .ok_or(Status::INVALID_PARAMETER)?,
    };
    Ok(UserValue {
        name: text_at(answer, 20, u32_at(answer, 16)?)?,
        kind: u32_at(answer, 4)?,
        data: data.to_vec(),
    })
}

/// A field of an answer. Callbacks can fill buffers themselves, so nothing is taken for granted.
pub(super) fn u32_at(answer: &[u8], at: usize) -> Result<u32, Status> {
    let field = answer
        .get(at..at + 4)
        .and_then(|field| field.try_into().ok());
    field
        .map(u32::from_le_bytes)
        .ok_or(Status::INVALID_PARAMETER)
}

pub(super) fn text_at(answer: &[u8], at: usize, length: u32) -> Result<String, Status> {
    let bytes = answer.get(at..at + length as usize);
    let text = from_bytes(bytes.ok_or(Status::INVALID_PARAMETER)?);
    Ok(String::from_utf16_lossy(&text))
}
