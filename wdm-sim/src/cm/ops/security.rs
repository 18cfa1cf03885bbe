//! Security descriptors of keys.

use std::cell::Cell;
use std::ptr;

use wdm_sys::{
    ACCESS_SYSTEM_SECURITY, HANDLE, PULONG, PVOID, READ_CONTROL,
    REG_QUERY_KEY_SECURITY_INFORMATION, REG_SET_KEY_SECURITY_INFORMATION, SECURITY_INFORMATION,
    WRITE_DAC, WRITE_OWNER,
};

use super::value::{done, key_of};
use super::{Outcome, key_by_handle};
use crate::cm::capture::{self, Output};
use crate::cm::classes::Operation;
use crate::cm::notify::run_on_key;
use crate::cm::view::View;
use crate::cm::watch::{Change, News};
use crate::machine::{Mode, Thread};
use crate::registry::KeyFlags;
use crate::se::{Captured, Descriptor};
use crate::status::Status;

const OWNER: u32 = 1;
const GROUP: u32 = 2;
const DACL: u32 = 4;
const SACL: u32 = 8;

/// `ZwQuerySecurityObject` on a key.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn query_security(
    thread: &Thread,
    handle: HANDLE,
    mut wanted: SECURITY_INFORMATION,
    output: Output,
    length_needed: PULONG,
) -> Outcome {
    let access = match wanted & SACL {
        0 => READ_CONTROL,
        _ => READ_CONTROL | ACCESS_SYSTEM_SECURITY,
    };
    let object = key_by_handle(thread, "ZwQuerySecurityObject", handle, access)?;
    let key = key_of!(object);
    output.probe(thread.previous_mode())?;
    let length = Cell::new(output.length);
    let info = REG_QUERY_KEY_SECURITY_INFORMATION {
        Object: ptr::without_provenance_mut(object.address()),
        SecurityInformation: &raw mut wanted,
        SecurityDescriptor: output.address,
        Length: length.as_ptr(),
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let work = || {
        let stored = match stored(key) {
            Ok(stored) => stored.write(wanted),
            Err(status) => return status,
        };
        let needed = u32::try_from(stored.len()).unwrap_or(u32::MAX);
        length.set(needed);
        if output.length < needed {
            return Status::BUFFER_TOO_SMALL;
        }
        // SAFETY: a kernel-mode caller keeps its buffer valid for the whole call.
        done(unsafe { output.put(&stored) })
    };
    let status = run_on_key(thread, Operation::QueryKeySecurity, &object, info, work);
    // What stands there now: a callback that answers in the registry's place says the length, too.
    // SAFETY: the caller keeps its variable valid for the whole call.
    unsafe { capture::write(length_needed, length.get()) };
    Ok(status)
}

/// `ZwSetSecurityObject` on a key.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn set_security(
    thread: &Thread,
    handle: HANDLE,
    mut wanted: SECURITY_INFORMATION,
    descriptor: PVOID,
) -> Outcome {
    let rights = [
        (OWNER | GROUP, WRITE_OWNER),
        (DACL, WRITE_DAC),
        (SACL, ACCESS_SYSTEM_SECURITY),
    ];
    let asked = rights.iter().filter(|(parts, _)| wanted & parts != 0);
    let access = asked.fold(0, |access, (_, right)| access | right);
    let object = key_by_handle(thread, "ZwSetSecurityObject", handle, access)?;
    let key = key_of!(object);
    // SAFETY: the caller's promise is the same.
    let captured = unsafe { Captured::take(descriptor) }?.ok_or(Status::ACCESS_VIOLATION)?;
    let info = REG_SET_KEY_SECURITY_INFORMATION {
        Object: ptr::without_provenance_mut(object.address()),
        SecurityInformation: &raw mut wanted,
        SecurityDescriptor: match thread.previous_mode() {
            Mode::Kernel => descriptor,
            Mode::User => captured.shown(),
        },
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let work = || {
        // H2: the file's descriptor protects an application hive, not those of its keys.
        let root = key.key().hive_root();
        if root.is_some_and(|root| root.flags().contains(KeyFlags::APPLICATION)) {
            return Status::ACCESS_DENIED;
        }
        let changed = may_set(thread, wanted, captured.bytes())
            .and_then(|()| change(key, wanted, captured.bytes()));
        if changed.is_ok() {
            let kernel = thread.kernel();
            kernel
                .cm
                .watches
                .tell(kernel, key, News::Changed(Change::SECURITY));
        }
        done(changed)
    };
    Ok(run_on_key(
        thread,
        Operation::SetKeySecurity,
        &object,
        info,
        work,
    ))
}

/// Whether the caller may make the new descriptor's owner one (S8).
fn may_set(thread: &Thread, wanted: SECURITY_INFORMATION, new: &[u8]) -> Result<(), Status> {
    if thread.previous_mode() == Mode::Kernel || wanted & OWNER == 0 {
        return Ok(());
    }
    let new = Descriptor::parse(new)?;
    match new.owner() {
        Some(owner) if thread.process().token().may_make_owner(owner) => Ok(()),
        _ => Err(Status::INVALID_OWNER),
    }
}

fn change(key: View<'_>, wanted: SECURITY_INFORMATION, new: &[u8]) -> Result<(), Status> {
    let mut descriptor = stored(key)?;
    descriptor.replace(wanted, Descriptor::parse(new)?);
    key.set_security(descriptor.write(0xF).into())
}

/// The key's descriptor; a key that never got one has an empty one.
fn stored(key: View<'_>) -> Result<Descriptor, Status> {
    let bytes = key.security()?;
    match bytes.is_empty() {
        true => Ok(Descriptor::default()),
        // A damaged hive can hold anything.
        false => Descriptor::parse(&bytes).map_err(|_| Status::REGISTRY_CORRUPT),
    }
}
