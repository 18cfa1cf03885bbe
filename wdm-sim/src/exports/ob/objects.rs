//! The object manager's routines.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-obreferenceobjectbyhandle>
//! and its neighbours.

use std::sync::Arc;

use wdm_sys::{
    _OBJECT_HANDLE_INFORMATION as OBJECT_HANDLE_INFORMATION, ACCESS_MASK, HANDLE, KPROCESSOR_MODE,
    LONG_PTR, NTSTATUS, OBJ_KERNEL_HANDLE, PACCESS_STATE, PHANDLE, POBJECT_HANDLE_INFORMATION,
    POBJECT_NAME_INFORMATION, POBJECT_TYPE, PVOID,
};

use crate::cm::ops::query_name;
use crate::exports::{exports, ntstatus};
use crate::machine::{Mode, Thread, current, irql};
use crate::object::{Handle, Manager, Object, ObjectRef, ObjectType, Stage};
use crate::status::Status;
use crate::verifier::Rule;

exports! {
    /// Closes a handle. The last reference to its object closes that too.
    fn ZwClose(handle: HANDLE) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        ntstatus(close(&thread, CALL, Handle::from_raw(handle)))
    }

    /// Closes a handle as a caller in the given mode would.
    [undeclared]
    fn ObCloseHandle(handle: HANDLE, mode: KPROCESSOR_MODE) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        let handle = Handle::from_raw(handle);
        if mode == Mode::User as KPROCESSOR_MODE && handle.is_kernel() {
            return Status::INVALID_HANDLE.0;
        }
        ntstatus(close(&thread, CALL, handle))
    }

    /// Adds a reference to an object.
    fn ObfReferenceObject(object: PVOID) -> LONG_PTR {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        match live_object(&thread, CALL, object) {
            Ok(object) => hand_over(&thread, object).pointer_count(),
            Err(_) => 0,
        }
    }

    /// Gives back a reference to an object. The last one closes the object.
    fn ObfDereferenceObject(object: PVOID) -> LONG_PTR {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let Ok(object) = live_object(&thread, CALL, object) else {
            return 0;
        };
        let object = {
            let guard = object;
            Arc::clone(guard.object())
        };
        // The guard is gone, so the count is what it was before the call.
        if !thread.kernel().objects.give_back(thread.kernel(), &object, thread.caller().driver) {
            thread.finding(
                Rule::Object,
                CALL,
                format!(
                    "a {} was dereferenced more often than it was referenced",
                    object.object_type()
                ),
            );
        }
        object.pointer_count()
    }

    /// References the object behind a handle and checks its type and the handle's rights.
    fn ObReferenceObjectByHandle(
        handle: HANDLE,
        access: ACCESS_MASK,
        object_type: POBJECT_TYPE,
        mode: KPROCESSOR_MODE,
        object: *mut PVOID,
        information: POBJECT_HANDLE_INFORMATION,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a place for the object.
        unsafe { object.write(std::ptr::null_mut()) };
        let referenced = by_handle(&thread, CALL, Handle::from_raw(handle), access, object_type, mode);
        let (found, granted) = match referenced {
            Ok(found) => found,
            Err(status) => return status.0,
        };
        if !information.is_null() {
            let about = OBJECT_HANDLE_INFORMATION {
                HandleAttributes: 0,
                GrantedAccess: granted,
            };
            // SAFETY: the caller gave a place for it, or null.
            unsafe { information.write(about) };
        }
        let address = hand_over(&thread, found).address();
        // SAFETY: as above.
        unsafe { object.write(std::ptr::without_provenance_mut(address)) };
        Status::SUCCESS.0
    }

    /// References an object and checks its type.
    fn ObReferenceObjectByPointer(
        object: PVOID,
        _access: ACCESS_MASK,
        object_type: POBJECT_TYPE,
        _mode: KPROCESSOR_MODE,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let referenced = live_object(&thread, CALL, object)
            .and_then(|object| check_type(object, object_type));
        ntstatus(referenced.map(|object| drop(hand_over(&thread, object))))
    }

    /// The name of an object: for a key the absolute one. Registry callbacks are told of it.
    fn ObQueryNameString(
        object: PVOID,
        information: POBJECT_NAME_INFORMATION,
        length: u32,
        needed: *mut u32,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        let object = match live_object(&thread, CALL, object) {
            Ok(object) => object,
            Err(status) => return status.0,
        };
        // SAFETY: the caller's promises are the same.
        let answered = unsafe { query_name(&thread, &object, information, length, needed) };
        answered.unwrap_or_else(|refused| refused).0
    }

    /// Opens a handle to an object.
    fn ObOpenObjectByPointer(
        object: PVOID,
        attributes: u32,
        _access_state: PACCESS_STATE,
        access: ACCESS_MASK,
        object_type: POBJECT_TYPE,
        _mode: KPROCESSOR_MODE,
        handle: PHANDLE,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a place for the handle.
        unsafe { handle.write(std::ptr::null_mut()) };
        let opened = live_object(&thread, CALL, object)
            .and_then(|object| check_type(object, object_type))
            .and_then(|object| open(&thread, object, access, attributes));
        match opened {
            Ok(new) => {
                // SAFETY: as above.
                unsafe { handle.write(new.as_raw()) };
                Status::SUCCESS.0
            }
            Err(status) => status.0,
        }
    }
}

/// Makes a handle in the kernel's table (`OBJ_KERNEL_HANDLE`) or that of the current process.
pub(crate) fn open(
    thread: &Thread,
    object: ObjectRef<'_>,
    access: u32,
    attributes: u32,
) -> Result<Handle, Status> {
    let table = match attributes & OBJ_KERNEL_HANDLE {
        0 => thread.process().handles(),
        _ => &thread.kernel().handles,
    };
    table
        .insert(object, access, thread.caller().driver)
        .ok_or(Status::INSUFFICIENT_RESOURCES)
}

/// Closes a handle for the current thread.
pub(crate) fn close(thread: &Thread, call: &'static str, handle: Handle) -> Result<(), Status> {
    let table = match handle.is_kernel() {
        false => thread.process().handles(),
        true => &thread.kernel().handles,
    };
    match table.close(thread.kernel(), handle) {
        Some(object) => {
            drop(object);
            Ok(())
        }
        None => Err(not_open(thread, call, handle)),
    }
}

fn not_open(thread: &Thread, call: &'static str, handle: Handle) -> Status {
    let detail = format!("handle {:#x} is not open in this process", handle.0);
    thread.finding(Rule::Handle, call, detail);
    Status::INVALID_HANDLE
}

/// References the object behind a handle; also gives the handle's rights.
fn by_handle<'t>(
    thread: &'t Thread,
    call: &'static str,
    handle: Handle,
    access: u32,
    object_type: POBJECT_TYPE,
    mode: KPROCESSOR_MODE,
) -> Result<(ObjectRef<'t>, u32), Status> {
    let user = mode != 0;
    if user && handle.is_kernel() {
        return Err(Status::INVALID_HANDLE);
    }
    let (object, granted) = thread
        .reference_handle(handle)
        .ok_or_else(|| not_open(thread, call, handle))?;
    let object = check_type(object, object_type)?;
    if user && access & !granted != 0 {
        return Err(Status::ACCESS_DENIED);
    }
    Ok((object, granted))
}

fn check_type(object: ObjectRef<'_>, wanted: POBJECT_TYPE) -> Result<ObjectRef<'_>, Status> {
    if !wanted.is_null() && wanted != object.object_type().as_raw() {
        return Err(Status::OBJECT_TYPE_MISMATCH);
    }
    Ok(object)
}

/// References the object that a driver names by its address.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER`, with a finding, for anything but a live object.
pub(crate) fn live_object<'t>(
    thread: &'t Thread,
    call: &'static str,
    object: PVOID,
) -> Result<ObjectRef<'t>, Status> {
    let kernel = thread.kernel();
    if let Some(object) = kernel.objects.reference(kernel, object.addr()) {
        return Ok(object);
    }
    let (rule, detail) = match kernel.objects.find(object.addr()) {
        Some(object) if object.stage() == Stage::Closing => (
            Rule::K3,
            format!("a {} that is being closed was passed", object.object_type()),
        ),
        _ if Manager::was_object(object.addr()) => (
            Rule::Object,
            format!("{object:p} is no object any more; it has been closed"),
        ),
        _ => (
            Rule::Object,
            format!("{object:p} is no object of this machine"),
        ),
    };
    thread.finding(rule, call, detail);
    Err(Status::INVALID_PARAMETER)
}

/// Hands a reference over to the driver that runs.
pub(crate) fn hand_over(thread: &Thread, object: ObjectRef<'_>) -> Arc<Object> {
    object.note_driver_reference(thread.caller().driver, 1);
    object.into_counted()
}

impl Thread {
    /// References the object behind a handle of the current process or of the kernel, or behind a
    /// pseudo-handle; also gives the handle's rights.
    pub(crate) fn reference_handle(&self, handle: Handle) -> Option<(ObjectRef<'_>, u32)> {
        /// `NtCurrentProcess`, a pseudo-handle.
        const CURRENT_PROCESS: usize = usize::MAX;
        /// `NtCurrentThread`.
        const CURRENT_THREAD: usize = usize::MAX - 1;
        let pseudo = match handle.0 {
            CURRENT_PROCESS => Some(self.process().address()),
            CURRENT_THREAD => Some(self.address()),
            _ => None,
        };
        if let Some(address) = pseudo {
            let object = self.kernel().objects.reference(self.kernel(), address);
            return object.map(|object| (object, u32::MAX));
        }
        let table = match handle.is_kernel() {
            false => self.process().handles(),
            true => &self.kernel().handles,
        };
        table.reference(self.kernel(), handle)
    }

    /// References the object behind a handle that the caller of a system service gave. A user-mode
    /// caller's handle must have the rights `access`; a kernel-mode caller's rights are not looked
    /// at, as on NT.
    ///
    /// # Errors
    /// `STATUS_INVALID_HANDLE`, which is a finding in a kernel-mode caller;
    /// `STATUS_OBJECT_TYPE_MISMATCH`, `STATUS_ACCESS_DENIED`.
    pub(crate) fn reference_by_handle(
        &self,
        call: &'static str,
        handle: Handle,
        object_type: ObjectType,
        access: u32,
    ) -> Result<ObjectRef<'_>, Status> {
        let user = self.previous_mode() == Mode::User;
        let referenced = match user && handle.is_kernel() {
            true => None,
            false => self.reference_handle(handle),
        };
        let Some((object, granted)) = referenced else {
            if !user {
                not_open(self, call, handle);
            }
            return Err(Status::INVALID_HANDLE);
        };
        if object.object_type() != object_type {
            return Err(Status::OBJECT_TYPE_MISMATCH);
        }
        if user && access & !granted != 0 {
            return Err(Status::ACCESS_DENIED);
        }
        Ok(object)
    }
}
