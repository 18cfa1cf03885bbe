//! Operations on keys that are open.

use std::ptr;

use wdm_sys::{
    DELETE, HANDLE, KEY_ENUMERATE_SUB_KEYS, KEY_QUERY_VALUE, KEY_SET_VALUE, KEY_WRITE, PULONG,
    PUNICODE_STRING, REG_DELETE_KEY_INFORMATION, REG_ENUMERATE_KEY_INFORMATION,
    REG_FLUSH_KEY_INFORMATION, REG_QUERY_KEY_INFORMATION, REG_RENAME_KEY_INFORMATION,
    REG_SET_INFORMATION_KEY_INFORMATION,
};

use super::value::{answered, done, key_of};
use super::{Outcome, key_by_handle};
use crate::cm::capture::{Input, Name, Output};
use crate::cm::classes::Operation;
use crate::cm::key_object::KeyObject;
use crate::cm::notify::run_on_key;
use crate::cm::watch::News;
use crate::machine::Thread;
use crate::registry::{Answer, KeyInfo, KeySetInfo};
use crate::status::Status;

/// `ZwDeleteKey`.
pub(crate) fn delete_key(thread: &Thread, handle: HANDLE) -> Outcome {
    let object = key_by_handle(thread, "ZwDeleteKey", handle, DELETE)?;
    let key = key_of!(object);
    let info = REG_DELETE_KEY_INFORMATION {
        Object: ptr::without_provenance_mut(object.address()),
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let work = || {
        let deleted = key.delete();
        if deleted.is_ok() {
            let kernel = thread.kernel();
            kernel.cm.watches.tell(kernel, key, News::Deleted);
        }
        match deleted {
            // What was to be done has been done (D1).
            Err(Status::KEY_DELETED) => Status::SUCCESS,
            deleted => done(deleted),
        }
    };
    Ok(run_on_key(
        thread,
        Operation::DeleteKey,
        &object,
        info,
        work,
    ))
}

/// `ZwFlushKey`: the key's hive is written to its file.
pub(crate) fn flush_key(thread: &Thread, handle: HANDLE) -> Outcome {
    let object = key_by_handle(thread, "ZwFlushKey", handle, 0)?;
    let key = key_of!(object);
    let info = REG_FLUSH_KEY_INFORMATION {
        Object: ptr::without_provenance_mut(object.address()),
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let work = || match key.check_live() {
        Ok(()) => done(thread.kernel().hives.flush(key.key())),
        Err(status) => status,
    };
    Ok(run_on_key(thread, Operation::FlushKey, &object, info, work))
}

/// `ZwRenameKey`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn rename_key(
    thread: &Thread,
    handle: HANDLE,
    new_name: PUNICODE_STRING,
) -> Outcome {
    // SAFETY: the caller's promise is the same.
    let mut name = unsafe { Name::required(thread.previous_mode(), new_name) }?;
    let object = key_by_handle(thread, "ZwRenameKey", handle, KEY_WRITE)?;
    let key = key_of!(object);
    let info = REG_RENAME_KEY_INFORMATION {
        Object: ptr::without_provenance_mut(object.address()),
        NewName: name.shown(),
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let work = || {
        let renamed = key.rename(name.text());
        if renamed.is_ok() {
            let kernel = thread.kernel();
            kernel.cm.watches.tell(kernel, key, News::Named);
        }
        done(renamed)
    };
    Ok(run_on_key(
        thread,
        Operation::RenameKey,
        &object,
        info,
        work,
    ))
}

/// `ZwQueryKey`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn query_key(
    thread: &Thread,
    handle: HANDLE,
    class: u32,
    output: Output,
    result_length: PULONG,
) -> Outcome {
    let kind = KeyInfo::try_from(class)?;
    // The name and the tags can be asked of any handle.
    let access = match kind {
        KeyInfo::Name | KeyInfo::HandleTags => 0,
        _ => KEY_QUERY_VALUE,
    };
    let object = key_by_handle(thread, "ZwQueryKey", handle, access)?;
    let key = key_of!(object);
    let mode = thread.previous_mode();
    output.probe(mode)?;
    let info = REG_QUERY_KEY_INFORMATION {
        Object: ptr::without_provenance_mut(object.address()),
        KeyInformationClass: class,
        KeyInformation: output.address,
        Length: output.length,
        ResultLength: result_length,
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let work = || {
        let tags = object.key().map_or(0, KeyObject::handle_tags);
        let query = |buffer: &mut [u8]| match kind {
            KeyInfo::HandleTags => key.check_live().map(|()| Answer::number(tags, buffer)),
            _ => key.query(kind, buffer),
        };
        // SAFETY: a kernel-mode caller keeps its buffer valid for the whole call.
        let answer = unsafe { output.answer(mode, query) };
        // SAFETY: the caller keeps its variable valid for the whole call.
        unsafe { answered(answer, result_length) }
    };
    Ok(run_on_key(thread, Operation::QueryKey, &object, info, work))
}

/// `ZwEnumerateKey`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn enumerate_key(
    thread: &Thread,
    handle: HANDLE,
    index: u32,
    class: u32,
    output: Output,
    result_length: PULONG,
) -> Outcome {
    let kind = KeyInfo::try_from(class)?;
    if !matches!(kind, KeyInfo::Basic | KeyInfo::Node | KeyInfo::Full) {
        return Err(Status::INVALID_PARAMETER);
    }
    let object = key_by_handle(thread, "ZwEnumerateKey", handle, KEY_ENUMERATE_SUB_KEYS)?;
    let key = key_of!(object);
    let mode = thread.previous_mode();
    output.probe(mode)?;
    let info = REG_ENUMERATE_KEY_INFORMATION {
        Object: ptr::without_provenance_mut(object.address()),
        Index: index,
        KeyInformationClass: class,
        KeyInformation: output.address,
        Length: output.length,
        ResultLength: result_length,
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let work = || {
        let query = |buffer: &mut [u8]| key.query_subkey(index as usize, kind, buffer);
        // SAFETY: a kernel-mode caller keeps its buffer valid for the whole call.
        let answer = unsafe { output.answer(mode, query) };
        // SAFETY: the caller keeps its variable valid for the whole call.
        unsafe { answered(answer, result_length) }
    };
    Ok(run_on_key(
        thread,
        Operation::EnumerateKey,
        &object,
        info,
        work,
    ))
}

/// `ZwSetInformationKey`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn set_information(
    thread: &Thread,
    handle: HANDLE,
    class: u32,
    input: Input,
) -> Outcome {
    let kind = KeySetInfo::try_from(class)?;
    // The tags are the handle's, and so are for anybody who has it.
    let access = match kind {
        KeySetInfo::HandleTags => 0,
        _ => KEY_SET_VALUE,
    };
    let object = key_by_handle(thread, "ZwSetInformationKey", handle, access)?;
    let key = key_of!(object);
    // SAFETY: the caller's promise is the same.
    let mut captured = unsafe { input.capture(thread.previous_mode()) }?;
    let info = REG_SET_INFORMATION_KEY_INFORMATION {
        Object: ptr::without_provenance_mut(object.address()),
        KeySetInformationClass: class,
        KeySetInformation: captured.shown(),
        KeySetInformationLength: input.length,
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let work = || {
        // SAFETY: a kernel-mode caller keeps its buffer valid for the whole call.
        let information = unsafe { captured.bytes() };
        done(information.and_then(|information| {
            key.set_information(kind, information)?;
            if let (KeySetInfo::HandleTags, Some(object)) = (kind, object.key())
                && let Ok(tags) = information.try_into()
            {
                object.set_handle_tags(u32::from_le_bytes(tags));
            }
            Ok(())
        }))
    };
    Ok(run_on_key(
        thread,
        Operation::SetInformationKey,
        &object,
        info,
        work,
    ))
}
