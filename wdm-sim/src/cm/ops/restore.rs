//! Restoring keys from files, and replacing the files of hives (H5, H6).
//!
//! A restored key stays itself, with its name and class; its values, security descriptor and subkeys
//! are those of the file's root. A replaced hive goes on in memory as it is and takes effect when
//! its file is loaded the next time: until then it is flushed to the backup file.

use std::ptr;
use std::sync::Arc;

use wdm_sys::{
    HANDLE, POBJECT_ATTRIBUTES, REG_REPLACE_KEY_INFORMATION, REG_RESTORE_KEY_INFORMATION,
    RestoreFlags,
};

use super::named::Named;
use super::value::{done, key_of};
use super::{Outcome, file_by_handle, key_by_handle};
use crate::cm::classes::Operation;
use crate::cm::notify::run_on_key;
use crate::files::READ;
use crate::hives;
use crate::machine::{Kernel, Thread};
use crate::object::Object;
use crate::registry::{HiveError, Key, KeyFlags, check_hive};
use crate::se::Privileges;
use crate::status::Status;

/// `REG_NO_LAZY_FLUSH`: here nothing is flushed lazily anyway.
const NO_LAZY_FLUSH: RestoreFlags = RestoreFlags::from_bits_retain(4);

/// `ZwRestoreKey`.
///
/// Keys that are open below the restored one, or that are open a second time, forbid it unless it is
/// forced.
pub(crate) fn restore_key(thread: &Thread, handle: HANDLE, file: HANDLE, flags: u32) -> Outcome {
    const CALL: &str = "ZwRestoreKey";
    let kind = RestoreFlags::from_bits_retain(flags);
    let known = RestoreFlags::WHOLE_HIVE_VOLATILE
        | RestoreFlags::REFRESH_HIVE
        | RestoreFlags::FORCE_RESTORE
        | NO_LAZY_FLUSH;
    if !known.contains(kind) {
        return Err(Status::INVALID_PARAMETER);
    }
    let refresh = kind.contains(RestoreFlags::REFRESH_HIVE);
    thread.require_privilege(Privileges::RESTORE)?;
    if refresh {
        thread.require_privilege(Privileges::TCB)?;
    }
    let object = key_by_handle(thread, CALL, handle, 0)?;
    let key = key_of!(object).key();
    // A refresh takes the hive's own file.
    let source = match refresh {
        true => None,
        false => Some(file_by_handle(thread, CALL, file, READ)?),
    };
    let info = REG_RESTORE_KEY_INFORMATION {
        Object: ptr::without_provenance_mut(object.address()),
        FileHandle: file,
        Flags: flags,
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let kernel = thread.kernel();
    let work = || {
        done(match source.as_ref().map(|source| source.file()) {
            None => refresh_hive(kernel, key),
            Some(None) => Err(Status::OBJECT_TYPE_MISMATCH),
            Some(Some(source)) => {
                let bytes = source.file().bytes();
                restore(kernel, &object, key, &bytes, kind)
            }
        })
    };
    Ok(run_on_key(
        thread,
        Operation::RestoreKey,
        &object,
        info,
        work,
    ))
}

fn restore(
    kernel: &Kernel,
    object: &Object,
    key: &Arc<Key>,
    file: &[u8],
    flags: RestoreFlags,
) -> Result<(), Status> {
    let volatile = flags.contains(RestoreFlags::WHOLE_HIVE_VOLATILE);
    // A hive in memory only is for `\REGISTRY\MACHINE` and `\REGISTRY\USER`, and they take no other.
    if volatile && !(key.is_fixed() && key.depth() == 1) {
        return Err(Status::INVALID_PARAMETER);
    }
    if !volatile && key.is_fixed() {
        return Err(Status::ACCESS_DENIED);
    }
    if !flags.contains(RestoreFlags::FORCE_RESTORE) && hives::is_open(kernel, key, Some(object)) {
        return Err(Status::CANNOT_DELETE);
    }
    take_contents(kernel, key, file, volatile)
}

/// Brings a hive back to the state of its last flush.
fn refresh_hive(kernel: &Kernel, key: &Arc<Key>) -> Result<(), Status> {
    let hive = kernel.hives.of(key).ok_or(Status::INVALID_PARAMETER)?;
    if !Arc::ptr_eq(hive.root(), key) {
        return Err(Status::INVALID_PARAMETER);
    }
    take_contents(kernel, key, &hive.file().bytes(), false)
}

fn take_contents(
    kernel: &Kernel,
    key: &Arc<Key>,
    file: &[u8],
    volatile: bool,
) -> Result<(), Status> {
    let shown = String::from_utf16_lossy(&key.full_name()?);
    match key.restore(file, volatile) {
        Ok(report) => {
            kernel.hives.note(&shown, Ok(report));
            Ok(())
        }
        Err(HiveError::Mount { status, .. }) => Err(status),
        Err(damage) => {
            kernel.hives.note(&shown, Err(&damage));
            Err(damage.status())
        }
    }
}

/// `ZwReplaceKey`: the file of the hive that the key is in is from now on called `old`, and the file
/// `new` has its name.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn replace_key(
    thread: &Thread,
    new: POBJECT_ATTRIBUTES,
    handle: HANDLE,
    old: POBJECT_ATTRIBUTES,
) -> Outcome {
    const CALL: &str = "ZwReplaceKey";
    thread.require_privilege(Privileges::RESTORE)?;
    let object = key_by_handle(thread, CALL, handle, 0)?;
    let key = key_of!(object).key();
    // SAFETY: the caller's promise is the same.
    let mut new = unsafe { Named::take(thread, CALL, new) }?;
    // SAFETY: as above.
    let mut old = unsafe { Named::take(thread, CALL, old) }?;
    let info = REG_REPLACE_KEY_INFORMATION {
        Object: ptr::without_provenance_mut(object.address()),
        OldFileName: old.name.shown(),
        NewFileName: new.name.shown(),
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let work = || done(replace(thread.kernel(), key, &new, &old));
    Ok(run_on_key(
        thread,
        Operation::ReplaceKey,
        &object,
        info,
        work,
    ))
}

fn replace(
    kernel: &Kernel,
    key: &Arc<Key>,
    new: &Named<'_>,
    old: &Named<'_>,
) -> Result<(), Status> {
    let hive = kernel.hives.of(key).ok_or(Status::INVALID_PARAMETER)?;
    if hive.root().flags().contains(KeyFlags::APPLICATION) {
        return Err(Status::ACCESS_DENIED);
    }
    let replacement = kernel.files.find(new.path()?)?;
    if kernel.hives.in_file(&replacement).is_some() {
        return Err(Status::SHARING_VIOLATION);
    }
    let name = hive.root().name()?;
    if let Err(damage) = check_hive(&name, &replacement.bytes()) {
        kernel
            .hives
            .note(&String::from_utf16_lossy(&name), Err(&damage));
        return Err(damage.status());
    }
    hive.flush()?;
    kernel.files.replace(&hive.file(), new.path()?, old.path()?)
}
