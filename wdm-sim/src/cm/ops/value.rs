//! Operations on values.

use std::ptr;

use wdm_sys::{
    HANDLE, KEY_QUERY_VALUE, KEY_SET_VALUE, PKEY_VALUE_ENTRY, PULONG, PUNICODE_STRING,
    REG_DELETE_VALUE_KEY_INFORMATION, REG_ENUMERATE_VALUE_KEY_INFORMATION,
    REG_QUERY_MULTIPLE_VALUE_KEY_INFORMATION, REG_QUERY_VALUE_KEY_INFORMATION,
    REG_SET_VALUE_KEY_INFORMATION,
};

use super::{Outcome, copied_mode, key_by_handle};
use crate::cm::capture::{self, Input, Name, Output};
use crate::cm::classes::Operation;
use crate::cm::notify::run_on_key;
use crate::cm::view::View;
use crate::cm::watch::{Change, News};
use crate::machine::Thread;
use crate::registry::{Answer, ValueInfo};
use crate::status::Status;

/// The most bytes that a value can have: a hive's cells have one bit of the length for themselves.
const MAX_DATA: u32 = i32::MAX as u32;

/// The key of a referenced key object, as its opener sees it.
macro_rules! key_of {
    ($object:expr) => {
        $object.key().ok_or(Status::OBJECT_TYPE_MISMATCH)?.view()
    };
}
pub(super) use key_of;

/// `ZwSetValueKey`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn set_value(
    thread: &Thread,
    handle: HANDLE,
    name: PUNICODE_STRING,
    title_index: u32,
    kind: u32,
    data: Input,
) -> Outcome {
    if data.length > MAX_DATA {
        return Err(Status::INVALID_PARAMETER);
    }
    let object = key_by_handle(thread, "ZwSetValueKey", handle, KEY_SET_VALUE)?;
    let key = key_of!(object);
    let mode = thread.previous_mode();
    // SAFETY: the caller's promise is the same.
    let mut name = unsafe { Name::required(mode, name) }?;
    // SAFETY: as above.
    let mut captured = unsafe { data.capture(copied_mode(thread)) }?;
    let info = REG_SET_VALUE_KEY_INFORMATION {
        Object: ptr::without_provenance_mut(object.address()),
        ValueName: name.shown(),
        TitleIndex: title_index,
        Type: kind,
        Data: captured.shown(),
        DataSize: data.length,
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let work = || {
        // SAFETY: a kernel-mode caller keeps its buffer valid for the whole call.
        let data = unsafe { captured.bytes() };
        done(data.and_then(|data| set(thread, key, name.value_name(), kind, data)))
    };
    Ok(run_on_key(
        thread,
        Operation::SetValueKey,
        &object,
        info,
        work,
    ))
}

/// Sets a value, and tells those who wait for that unless it is what it was.
fn set(thread: &Thread, key: View<'_>, name: &[u16], kind: u32, data: &[u8]) -> Result<(), Status> {
    // Before what the key can hold (ReactOS: `CmSetValueKey`).
    key.check_live()?;
    let (kernel, watches) = (thread.kernel(), &thread.kernel().cm.watches);
    let before = watches.before(key, name);
    key.set_value(name, kind, data)?;
    let same = before.is_some_and(|before| before.kind == kind && *before.data == *data);
    if !same {
        watches.tell(kernel, key, News::Changed(Change::VALUE));
    }
    Ok(())
}

/// `ZwDeleteValueKey`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn delete_value(
    thread: &Thread,
    handle: HANDLE,
    name: PUNICODE_STRING,
) -> Outcome {
    let object = key_by_handle(thread, "ZwDeleteValueKey", handle, KEY_SET_VALUE)?;
    let key = key_of!(object);
    // SAFETY: the caller's promise is the same.
    let mut name = unsafe { Name::required(thread.previous_mode(), name) }?;
    let info = REG_DELETE_VALUE_KEY_INFORMATION {
        Object: ptr::without_provenance_mut(object.address()),
        ValueName: name.shown(),
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let work = || {
        let deleted = key.delete_value(name.value_name());
        if deleted.is_ok() {
            let kernel = thread.kernel();
            kernel
                .cm
                .watches
                .tell(kernel, key, News::Changed(Change::VALUE));
        }
        done(deleted.map(drop))
    };
    Ok(run_on_key(
        thread,
        Operation::DeleteValueKey,
        &object,
        info,
        work,
    ))
}

/// `ZwQueryValueKey`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn query_value(
    thread: &Thread,
    handle: HANDLE,
    name: PUNICODE_STRING,
    class: u32,
    output: Output,
    result_length: PULONG,
) -> Outcome {
    let kind = ValueInfo::try_from(class)?;
    let object = key_by_handle(thread, "ZwQueryValueKey", handle, KEY_QUERY_VALUE)?;
    let key = key_of!(object);
    let mode = thread.previous_mode();
    output.probe(mode)?;
    // SAFETY: the caller's promise is the same.
    let mut name = unsafe { Name::required(mode, name) }?;
    let info = REG_QUERY_VALUE_KEY_INFORMATION {
        Object: ptr::without_provenance_mut(object.address()),
        ValueName: name.shown(),
        KeyValueInformationClass: class,
        KeyValueInformation: output.address,
        Length: output.length,
        ResultLength: result_length,
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let work = || {
        let query = |buffer: &mut [u8]| key.query_value(name.value_name(), kind, buffer);
        // SAFETY: a kernel-mode caller keeps its buffer valid for the whole call.
        let answer = unsafe { output.answer(mode, query) };
        // SAFETY: the caller keeps its variable valid for the whole call.
        unsafe { answered(answer, result_length) }
    };
    Ok(run_on_key(
        thread,
        Operation::QueryValueKey,
        &object,
        info,
        work,
    ))
}

/// `ZwEnumerateValueKey`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn enumerate_value(
    thread: &Thread,
    handle: HANDLE,
    index: u32,
    class: u32,
    output: Output,
    result_length: PULONG,
) -> Outcome {
    let kind = ValueInfo::try_from(class)?;
    if !matches!(
        kind,
        ValueInfo::Basic | ValueInfo::Full | ValueInfo::Partial
    ) {
        return Err(Status::INVALID_PARAMETER);
    }
    let object = key_by_handle(thread, "ZwEnumerateValueKey", handle, KEY_QUERY_VALUE)?;
    let key = key_of!(object);
    let mode = thread.previous_mode();
    output.probe(mode)?;
    let info = REG_ENUMERATE_VALUE_KEY_INFORMATION {
        Object: ptr::without_provenance_mut(object.address()),
        Index: index,
        KeyValueInformationClass: class,
        KeyValueInformation: output.address,
        Length: output.length,
        ResultLength: result_length,
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let work = || {
        let query = |buffer: &mut [u8]| key.query_value_at(index as usize, kind, buffer);
        // SAFETY: a kernel-mode caller keeps its buffer valid for the whole call.
        let answer = unsafe { output.answer(mode, query) };
        // SAFETY: the caller keeps its variable valid for the whole call.
        unsafe { answered(answer, result_length) }
    };
    Ok(run_on_key(
        thread,
        Operation::EnumerateValueKey,
        &object,
        info,
        work,
    ))
}

/// `ZwQueryMultipleValueKey`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn query_multiple_values(
    thread: &Thread,
    handle: HANDLE,
    entries: PKEY_VALUE_ENTRY,
    count: u32,
    buffer: *mut wdm_sys::ctypes::c_void,
    buffer_length: PULONG,
    required_length: PULONG,
) -> Outcome {
    let object = key_by_handle(thread, "ZwQueryMultipleValueKey", handle, KEY_QUERY_VALUE)?;
    let key = key_of!(object);
    if buffer_length.is_null() || (entries.is_null() && count > 0) {
        return Err(Status::ACCESS_VIOLATION);
    }
    let info = REG_QUERY_MULTIPLE_VALUE_KEY_INFORMATION {
        Object: ptr::without_provenance_mut(object.address()),
        ValueEntries: entries,
        EntryCount: count,
        ValueBuffer: buffer,
        BufferLength: buffer_length,
        RequiredBufferLength: required_length,
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let work = || {
        // SAFETY: the caller keeps its variables valid for the whole call.
        let length = unsafe { buffer_length.read_unaligned() };
        let output = Output {
            address: buffer,
            length,
        };
        if let Err(status) = output.probe(thread.previous_mode()) {
            return status;
        }
        // SAFETY: the caller keeps its buffers valid for the whole call.
        let copied = unsafe { copy_values(thread, key, entries, count, output) };
        match copied {
            Ok((used, required)) => {
                // SAFETY: as above.
                unsafe { capture::write(buffer_length, used) };
                // SAFETY: as above.
                unsafe { capture::write(required_length, required) };
                if required > length {
                    Status::BUFFER_OVERFLOW
                } else {
                    Status::SUCCESS
                }
            }
            Err(status) => status,
        }
    };
    Ok(run_on_key(
        thread,
        Operation::QueryMultipleValueKey,
        &object,
        info,
        work,
    ))
}

/// Copies the data of several values one behind another, at multiples of four; gives the bytes
/// used and the bytes needed.
///
/// # Safety
/// `entries` leads to `count` entries with valid names, `output` to memory, as the caller promises.
unsafe fn copy_values(
    thread: &Thread,
    key: View<'_>,
    entries: PKEY_VALUE_ENTRY,
    count: u32,
    output: Output,
) -> Result<(u32, u32), Status> {
    // SAFETY: by this function's contract.
    let buffer = unsafe { output.bytes() };
    let (mut used, mut required) = (0_usize, 0_usize);
    for index in 0..count as usize {
        let entry = entries.wrapping_add(index);
        // SAFETY: `index` is below `count`.
        let mut wanted = unsafe { entry.read_unaligned() };
        // SAFETY: by this function's contract.
        let name = unsafe { Name::required(thread.previous_mode(), wanted.ValueName) }?;
        let value = key.value(name.value_name())?;
        let begin = required.next_multiple_of(4);
        required = begin + value.data.len();
        if let Some(place) = buffer.get_mut(begin..required) {
            place.copy_from_slice(&value.data);
            used = required;
            wanted.DataOffset = u32::try_from(begin).unwrap_or(u32::MAX);
        }
        wanted.DataLength = u32::try_from(value.data.len()).unwrap_or(u32::MAX);
        wanted.Type = value.kind;
        // SAFETY: `index` is below `count`.
        unsafe { entry.write_unaligned(wanted) };
    }
    let short = |length| u32::try_from(length).unwrap_or(u32::MAX);
    Ok((short(used), short(required)))
}

/// The status of work that has no output.
pub(super) fn done(result: Result<(), Status>) -> Status {
    result.err().unwrap_or(Status::SUCCESS)
}

/// Reports the length that an answer needs, and gives its status.
///
/// # Safety
/// `result_length` is NULL or valid for writes.
pub(super) unsafe fn answered(answer: Result<Answer, Status>, result_length: PULONG) -> Status {
    match answer {
        Ok(answer) => {
            // SAFETY: by this function's contract.
            unsafe { capture::write(result_length, answer.length) };
            answer.status
        }
        Err(status) => status,
    }
}
