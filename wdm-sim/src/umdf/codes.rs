//! `HRESULT`s, and how a trace shows them.

use std::fmt;

use serde::{Serialize, Serializer};
use umdf_callback::HRESULT;

pub(crate) const S_OK: HRESULT = HRESULT(0);
pub(crate) const E_UNEXPECTED: HRESULT = HRESULT(0x8000_FFFF_u32 as i32);
pub(crate) const E_POINTER: HRESULT = HRESULT(0x8000_4003_u32 as i32);
pub(crate) const E_NOTIMPL: HRESULT = HRESULT(0x8000_4001_u32 as i32);
pub(crate) const E_OUTOFMEMORY: HRESULT = HRESULT(0x8007_000E_u32 as i32);
pub(crate) const E_INVALIDARG: HRESULT = HRESULT(0x8007_0057_u32 as i32);
pub(crate) const FILE_NOT_FOUND: HRESULT = HRESULT::from_win32(2);
pub(crate) const NOT_ENOUGH_MEMORY: HRESULT = HRESULT::from_win32(8);
pub(crate) const INVALID_FUNCTION: HRESULT = HRESULT::from_win32(1);
pub(crate) const ACCESS_DENIED: HRESULT = HRESULT::from_win32(5);
pub(crate) const INSUFFICIENT_BUFFER: HRESULT = HRESULT::from_win32(122);
pub(crate) const NO_MORE_ITEMS: HRESULT = HRESULT::from_win32(259);
pub(crate) const OPERATION_ABORTED: HRESULT = HRESULT::from_win32(995);
pub(crate) const REQUEST_ABORTED: HRESULT = HRESULT::from_win32(1235);
pub(crate) const BAD_IMPERSONATION_LEVEL: HRESULT = HRESULT::from_win32(1346);
pub(crate) const NOT_FOUND: HRESULT = HRESULT::from_win32(1168);
pub(crate) const NO_SUCH_DEVICE: HRESULT = HRESULT::from_win32(433);
pub(crate) const BAD_CONFIGURATION: HRESULT = HRESULT::from_win32(1610);
pub(crate) const INVALID_PARAMETER: HRESULT = HRESULT::from_win32(87);
pub(crate) const INVALID_OPERATION: HRESULT = HRESULT::from_win32(4317);
pub(crate) const NOT_SUPPORTED: HRESULT = from_nt(0xC000_00BB);
pub(crate) const INVALID_DEVICE_REQUEST: HRESULT = from_nt(0xC000_0010);
pub(crate) const POWER_STATE_INVALID: HRESULT = from_nt(0xC000_02D3);
pub(crate) const INVALID_DEVICE_STATE: HRESULT = from_nt(0xC000_0184);
pub(crate) const WDF_PAUSED: HRESULT = from_nt(0xC020_0203);

/// `HRESULT_FROM_NT`.
pub(crate) const fn from_nt(status: u32) -> HRESULT {
    HRESULT((status | 0x1000_0000) as i32)
}

/// An `HRESULT` as people read it: its name, or its digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub HRESULT);

impl Code {
    const NAMES: &[(HRESULT, &str)] = &[
        (S_OK, "S_OK"),
        (HRESULT(1), "S_FALSE"),
        (HRESULT(0x8000_4005_u32 as i32), "E_FAIL"),
        (E_INVALIDARG, "E_INVALIDARG"),
        (FILE_NOT_FOUND, "ERROR_FILE_NOT_FOUND"),
        (NOT_ENOUGH_MEMORY, "ERROR_NOT_ENOUGH_MEMORY"),
        (HRESULT(0x8000_4002_u32 as i32), "E_NOINTERFACE"),
        (E_UNEXPECTED, "E_UNEXPECTED"),
        (E_POINTER, "E_POINTER"),
        (E_NOTIMPL, "E_NOTIMPL"),
        (E_OUTOFMEMORY, "E_OUTOFMEMORY"),
        (INVALID_FUNCTION, "ERROR_INVALID_FUNCTION"),
        (ACCESS_DENIED, "ERROR_ACCESS_DENIED"),
        (INSUFFICIENT_BUFFER, "ERROR_INSUFFICIENT_BUFFER"),
        (NO_MORE_ITEMS, "ERROR_NO_MORE_ITEMS"),
        (NO_SUCH_DEVICE, "ERROR_NO_SUCH_DEVICE"),
        (OPERATION_ABORTED, "ERROR_OPERATION_ABORTED"),
        (REQUEST_ABORTED, "ERROR_REQUEST_ABORTED"),
        (BAD_IMPERSONATION_LEVEL, "ERROR_BAD_IMPERSONATION_LEVEL"),
        (NOT_FOUND, "ERROR_NOT_FOUND"),
        (BAD_CONFIGURATION, "ERROR_BAD_CONFIGURATION"),
        (INVALID_PARAMETER, "ERROR_INVALID_PARAMETER"),
        (INVALID_OPERATION, "ERROR_INVALID_OPERATION"),
        (NOT_SUPPORTED, "STATUS_NOT_SUPPORTED"),
        (INVALID_DEVICE_REQUEST, "STATUS_INVALID_DEVICE_REQUEST"),
        (POWER_STATE_INVALID, "STATUS_POWER_STATE_INVALID"),
        (INVALID_DEVICE_STATE, "STATUS_INVALID_DEVICE_STATE"),
        (WDF_PAUSED, "STATUS_WDF_PAUSED"),
    ];
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::NAMES.iter().find(|entry| entry.0 == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "{:#010x}", self.0.0),
        }
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
