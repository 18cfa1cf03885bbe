//! Listing the objects (T18).

use std::sync::Arc;

use uuid::Uuid;
use wdm_sys::{HANDLE, PULONG};

use super::service::all;
use super::types::{
    Cursor, GUID_SIZE, RESOURCEMANAGER_QUERY_INFORMATION, TRANSACTIONMANAGER_QUERY_INFORMATION,
};
use crate::cm::capture::{self, Output};
use crate::cm::ops::Outcome;
use crate::machine::Thread;
use crate::object::{Body, Handle, ObjectRef, ObjectType};
use crate::status::Status;

/// `KTMOBJECT_TYPE`.
const TRANSACTION: u32 = 0;
const TRANSACTION_MANAGER: u32 = 1;
const RESOURCE_MANAGER: u32 = 2;
const ENLISTMENT: u32 = 3;

/// `ZwEnumerateTransactionObject`. The objects come in the order of their identifiers, so that a list
/// goes on behind an object that is gone.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn enumerate(
    thread: &Thread,
    root: HANDLE,
    kind: u32,
    cursor: Output,
    length: PULONG,
) -> Outcome {
    let room = (cursor.length as usize).checked_sub(Cursor::IDS);
    let room = room.ok_or(Status::INVALID_PARAMETER)? / GUID_SIZE;
    if cursor.address.is_null() {
        return Err(Status::ACCESS_VIOLATION);
    }
    if room == 0 {
        return Err(Status::INVALID_PARAMETER);
    }
    let ids = list(thread, root, kind)?;
    // SAFETY: the caller gave a cursor, whose first member is an identifier.
    let last = unsafe { cursor.address.cast::<[u8; GUID_SIZE]>().read_unaligned() };
    let last = Uuid::from_bytes_le(last);
    let rest = ids.into_iter().filter(|&id| last.is_nil() || id > last);
    let found: Vec<_> = rest.take(room).collect();
    let last = found.last().copied().unwrap_or(last);
    let mut bytes = last.to_bytes_le().to_vec();
    bytes.extend((found.len() as u32).to_le_bytes());
    bytes.extend(found.iter().flat_map(|id| id.to_bytes_le()));
    // SAFETY: the caller's promise is the same.
    unsafe { cursor.put(&bytes) }?;
    // SAFETY: as above.
    unsafe { capture::write(length, bytes.len() as u32) };
    match found.is_empty() {
        true => Err(Status::NO_MORE_ENTRIES),
        false => Ok(Status::SUCCESS),
    }
}

/// The identifiers of all objects of a kind that belong to the root, in order.
fn list(thread: &Thread, root: HANDLE, kind: u32) -> Result<Vec<Uuid>, Status> {
    let root = match root.is_null() {
        true => None,
        false => Some(reference(thread, root, kind)?),
    };
    let root = root.as_ref().map(|root| root.body());
    let id = |body: &Body| match (kind, body, root) {
        (TRANSACTION_MANAGER, Body::TransactionManager(one), None) => Some(one.id()),
        (TRANSACTION, Body::Transaction(one), None) => Some(one.id()),
        (TRANSACTION, Body::Transaction(one), Some(Body::TransactionManager(root))) => {
            Some(one.id()).filter(|_| one.belongs_to(root))
        }
        (RESOURCE_MANAGER, Body::ResourceManager(one), Some(Body::TransactionManager(root))) => {
            Some(one.id()).filter(|_| Arc::ptr_eq(one.manager(), root))
        }
        (ENLISTMENT, Body::Enlistment(one), Some(Body::ResourceManager(root))) => {
            Some(one.id()).filter(|_| Arc::ptr_eq(one.resource_manager(), root))
        }
        _ => None,
    };
    match (kind, root) {
        (TRANSACTION | TRANSACTION_MANAGER, None)
        | (TRANSACTION | RESOURCE_MANAGER | ENLISTMENT, Some(_)) => {}
        _ => return Err(Status::INVALID_PARAMETER),
    }
    let objects = all(thread.kernel(), |body| id(body).is_some());
    let mut ids: Vec<_> = objects
        .iter()
        .filter_map(|object| id(object.body()))
        .collect();
    ids.sort();
    Ok(ids)
}

/// References the object whose children are listed.
fn reference(thread: &Thread, root: HANDLE, kind: u32) -> Result<ObjectRef<'_>, Status> {
    let (object_type, access) = match kind {
        TRANSACTION | RESOURCE_MANAGER => (
            ObjectType::TransactionManager,
            TRANSACTIONMANAGER_QUERY_INFORMATION,
        ),
        ENLISTMENT => (
            ObjectType::ResourceManager,
            RESOURCEMANAGER_QUERY_INFORMATION,
        ),
        _ => return Err(Status::INVALID_PARAMETER),
    };
    let call = "ZwEnumerateTransactionObject";
    thread.reference_by_handle(call, Handle::from_raw(root), object_type, access)
}
