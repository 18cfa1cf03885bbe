//! The name of a key object, as the object manager asks for it.

use std::ptr;

use wdm_sys::{OBJECT_NAME_INFORMATION, POBJECT_NAME_INFORMATION, PULONG, REG_QUERY_KEY_NAME};

use super::Outcome;
use super::value::key_of;
use crate::cm::capture::{self, Output};
use crate::cm::classes::Operation;
use crate::cm::notify::run_on_key;
use crate::cm::view::View;
use crate::machine::Thread;
use crate::object::Object;
use crate::registry::to_bytes;
use crate::status::Status;

/// `ObQueryNameString` on a referenced key object: the name, NUL-terminated, behind a
/// `UNICODE_STRING` that leads to it.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn query_name(
    thread: &Thread,
    object: &Object,
    information: POBJECT_NAME_INFORMATION,
    length: u32,
    return_length: PULONG,
) -> Outcome {
    let key = key_of!(object);
    let output = Output {
        address: information.cast(),
        length,
    };
    output.probe(thread.previous_mode())?;
    let info = REG_QUERY_KEY_NAME {
        Object: ptr::without_provenance_mut(object.address()),
        ObjectNameInfo: information,
        Length: length,
        ReturnLength: return_length,
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    // SAFETY: the caller keeps its buffers valid for the whole call.
    let work = || unsafe { write_name(key, information, output, return_length) };
    Ok(run_on_key(
        thread,
        Operation::QueryKeyName,
        object,
        info,
        work,
    ))
}

/// Writes the name if it fits.
///
/// # Safety
/// `output` is valid memory at `information`; `return_length` is NULL or valid for writes.
unsafe fn write_name(
    key: View<'_>,
    information: POBJECT_NAME_INFORMATION,
    output: Output,
    return_length: PULONG,
) -> Status {
    let mut name = match key.full_name() {
        Ok(name) => name,
        Err(status) => return status,
    };
    let Ok(bytes) = u16::try_from(name.len() * 2) else {
        return Status::NAME_TOO_LONG;
    };
    name.push(0);
    let head = size_of::<OBJECT_NAME_INFORMATION>();
    let needed = head + name.len() * 2;
    // SAFETY: by this function's contract.
    unsafe { capture::write(return_length, u32::try_from(needed).unwrap_or(u32::MAX)) };
    // SAFETY: by this function's contract.
    let Some(place) = unsafe { output.bytes() }.get_mut(head..needed) else {
        return Status::INFO_LENGTH_MISMATCH;
    };
    place.copy_from_slice(&to_bytes(&name));
    // SAFETY: all zero is an empty string.
    let mut filled: OBJECT_NAME_INFORMATION = unsafe { std::mem::zeroed() };
    filled.Name.Length = bytes;
    filled.Name.MaximumLength = bytes + 2;
    filled.Name.Buffer = information.wrapping_add(1).cast();
    // SAFETY: the head fits, as the whole does.
    unsafe { information.write_unaligned(filled) };
    Status::SUCCESS
}
