//! What can be asked of the objects, and set (T18).

use std::mem::offset_of;

use wdm_sys::{HANDLE, PULONG, TRANSACTION_QUERY_INFORMATION, TRANSACTION_SET_INFORMATION};

use super::life::Phase;
use super::service::manager_by_handle;
use super::types::{
    ENLISTMENT_QUERY_INFORMATION, ENLISTMENT_SET_INFORMATION, MAX_DESCRIPTION,
    Outcome as TransactionOutcome, RESOURCEMANAGER_QUERY_INFORMATION, State,
    TRANSACTIONMANAGER_QUERY_INFORMATION, TransactionProperties,
};
use crate::cm::capture::{self, Input, Output};
use crate::cm::ops::Outcome;
use crate::machine::Thread;
use crate::object::{Body, Handle, ObjectRef, ObjectType};
use crate::status::Status;

/// The information classes of all four kinds of objects begin with the basic one.
const BASIC: u32 = 0;
const TRANSACTION_PROPERTIES: u32 = 1;
const TRANSACTION_ENLISTMENTS: u32 = 2;
const MANAGER_LOG: u32 = 1;
const MANAGER_LOG_PATH: u32 = 2;
const MANAGER_RECOVERY: u32 = 4;
const ENLISTMENT_RECOVERY: u32 = 1;

/// `sizeof(RESOURCEMANAGER_BASIC_INFORMATION)`, with one character and padding.
const RESOURCE_MANAGER_BASIC_SIZE: usize = 24;

/// A query's class, and where the answer goes.
#[derive(Clone, Copy)]
pub(crate) struct Query {
    pub(crate) class: u32,
    pub(crate) output: Output,
    pub(crate) length: PULONG,
}

impl Query {
    /// Writes an answer. Of one that is longer than the buffer, as much as fits, if the buffer has
    /// `least` bytes.
    ///
    /// # Safety
    /// The pointers are as the routine's page asks.
    ///
    /// # Errors
    /// `short` if the buffer has less.
    unsafe fn answer(self, bytes: &[u8], least: usize, short: Status) -> Outcome {
        // SAFETY: by this function's contract.
        unsafe { capture::write(self.length, bytes.len() as u32) };
        let room = self.output.length as usize;
        if room < least {
            return Err(short);
        }
        // SAFETY: as above.
        unsafe { self.output.put(bytes) }?;
        match room < bytes.len() {
            true => Err(Status::BUFFER_OVERFLOW),
            false => Ok(Status::SUCCESS),
        }
    }
}

/// `ZwQueryInformationTransaction`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn query_transaction(thread: &Thread, handle: HANDLE, query: Query) -> Outcome {
    let access = TRANSACTION_QUERY_INFORMATION;
    let call = "ZwQueryInformationTransaction";
    let object = by_handle(thread, call, handle, ObjectType::Transaction, access)?;
    let transaction = object.transaction().ok_or(Status::OBJECT_TYPE_MISMATCH)?;
    let life = transaction.lock();
    let (state, outcome) = match life.phase {
        Phase::Committing | Phase::Committed => {
            (State::CommittedNotify, TransactionOutcome::Committed)
        }
        Phase::RollingBack | Phase::Aborted => (State::Normal, TransactionOutcome::Aborted),
        _ => (State::Normal, TransactionOutcome::Undetermined),
    };
    let mut bytes = Vec::new();
    let least = match query.class {
        BASIC => {
            bytes.extend(transaction.id().to_bytes_le());
            bytes.extend(
                [state as u32, outcome as u32]
                    .map(u32::to_le_bytes)
                    .concat(),
            );
            bytes.len()
        }
        TRANSACTION_PROPERTIES => {
            bytes.extend([0; 8]);
            bytes.extend(life.timeout.to_le_bytes());
            bytes.extend((outcome as u32).to_le_bytes());
            put_text(&mut bytes, &life.description);
            TransactionProperties::DESCRIPTION
        }
        TRANSACTION_ENLISTMENTS => {
            bytes.extend((life.members.len() as u32).to_le_bytes());
            for member in &life.members {
                let enlistment = &member.enlistment;
                bytes.extend(enlistment.id().to_bytes_le());
                bytes.extend(enlistment.resource_manager().id().to_bytes_le());
            }
            size_of::<u32>()
        }
        _ => return Err(Status::INVALID_INFO_CLASS),
    };
    drop(life);
    // SAFETY: the caller's promise is the same.
    unsafe { query.answer(&bytes, least, Status::INFO_LENGTH_MISMATCH) }
}

/// `ZwQueryInformationTransactionManager`. There are no logs to ask about.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn query_manager(thread: &Thread, handle: HANDLE, query: Query) -> Outcome {
    let access = TRANSACTIONMANAGER_QUERY_INFORMATION;
    let call = "ZwQueryInformationTransactionManager";
    let manager = manager_by_handle(thread, call, handle, access)?;
    let mut bytes = Vec::new();
    match query.class {
        BASIC => {
            bytes.extend(manager.id().to_bytes_le());
            bytes.extend(manager.clock().to_le_bytes());
        }
        MANAGER_LOG | MANAGER_LOG_PATH | MANAGER_RECOVERY => return Err(Status::TM_VOLATILE),
        _ => return Err(Status::INVALID_INFO_CLASS),
    }
    // SAFETY: the caller's promise is the same.
    unsafe { query.answer(&bytes, bytes.len(), Status::BUFFER_TOO_SMALL) }
}

/// `ZwQueryInformationResourceManager`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn query_resource_manager(
    thread: &Thread,
    handle: HANDLE,
    query: Query,
) -> Outcome {
    let access = RESOURCEMANAGER_QUERY_INFORMATION;
    let call = "ZwQueryInformationResourceManager";
    let object = by_handle(thread, call, handle, ObjectType::ResourceManager, access)?;
    let Body::ResourceManager(manager) = object.body() else {
        return Err(Status::OBJECT_TYPE_MISMATCH);
    };
    if query.class != BASIC {
        return Err(Status::INVALID_INFO_CLASS);
    }
    let mut bytes = manager.id().to_bytes_le().to_vec();
    put_text(&mut bytes, manager.description());
    let least = RESOURCE_MANAGER_BASIC_SIZE;
    // SAFETY: the caller's promise is the same.
    unsafe { query.answer(&bytes, least, Status::BUFFER_TOO_SMALL) }
}

/// `ZwQueryInformationEnlistment`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn query_enlistment(thread: &Thread, handle: HANDLE, query: Query) -> Outcome {
    let access = ENLISTMENT_QUERY_INFORMATION;
    let call = "ZwQueryInformationEnlistment";
    let object = by_handle(thread, call, handle, ObjectType::Enlistment, access)?;
    let Body::Enlistment(enlistment) = object.body() else {
        return Err(Status::OBJECT_TYPE_MISMATCH);
    };
    let bytes = match query.class {
        BASIC => [
            enlistment.id(),
            enlistment.transaction_id(),
            enlistment.resource_manager().id(),
        ]
        .map(|id| id.to_bytes_le())
        .concat(),
        ENLISTMENT_RECOVERY => enlistment.recovery(),
        _ => return Err(Status::INVALID_INFO_CLASS),
    };
    // SAFETY: the caller's promise is the same.
    unsafe { query.answer(&bytes, bytes.len(), Status::INFO_LENGTH_MISMATCH) }
}

/// `ZwSetInformationTransaction`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn set_transaction(
    thread: &Thread,
    handle: HANDLE,
    class: u32,
    input: Input,
) -> Outcome {
    let access = TRANSACTION_SET_INFORMATION;
    let call = "ZwSetInformationTransaction";
    let object = by_handle(thread, call, handle, ObjectType::Transaction, access)?;
    let transaction = object.transaction().ok_or(Status::OBJECT_TYPE_MISMATCH)?;
    if class != TRANSACTION_PROPERTIES {
        return Err(Status::INVALID_INFO_CLASS);
    }
    // SAFETY: the caller's promise is the same.
    let bytes = unsafe { input.bytes() }?;
    let Some((fixed, rest)) = bytes.split_at_checked(TransactionProperties::DESCRIPTION) else {
        return Err(Status::INFO_LENGTH_MISMATCH);
    };
    let number = |at: usize| fixed[at..][..4].try_into().map_or(0, u32::from_le_bytes);
    let isolation = [
        offset_of!(TransactionProperties, isolation_level),
        offset_of!(TransactionProperties, isolation_flags),
    ];
    let timeout = offset_of!(TransactionProperties, timeout);
    let timeout = fixed[timeout..][..8]
        .try_into()
        .map_or(0, i64::from_le_bytes);
    let length = number(offset_of!(TransactionProperties, description_length)) as usize;
    let description = rest.get(..length).filter(|text| text.len() % 2 == 0);
    let description = description.ok_or(Status::INVALID_PARAMETER)?;
    if isolation.map(number) != [0, 0] || length / 2 > MAX_DESCRIPTION {
        return Err(Status::INVALID_PARAMETER);
    }
    let units = description.chunks_exact(2);
    let units = units.map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    transaction.set_timeout(timeout)?;
    transaction.lock().description = units.collect();
    Ok(Status::SUCCESS)
}

/// `ZwSetInformationEnlistment`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn set_enlistment(
    thread: &Thread,
    handle: HANDLE,
    class: u32,
    input: Input,
) -> Outcome {
    let access = ENLISTMENT_SET_INFORMATION;
    let call = "ZwSetInformationEnlistment";
    let object = by_handle(thread, call, handle, ObjectType::Enlistment, access)?;
    let Body::Enlistment(enlistment) = object.body() else {
        return Err(Status::OBJECT_TYPE_MISMATCH);
    };
    if class != ENLISTMENT_RECOVERY {
        return Err(Status::INVALID_INFO_CLASS);
    }
    // SAFETY: the caller's promise is the same.
    enlistment.set_recovery(unsafe { input.bytes() }?);
    Ok(Status::SUCCESS)
}

fn by_handle<'t>(
    thread: &'t Thread,
    call: &'static str,
    handle: HANDLE,
    object_type: ObjectType,
    access: u32,
) -> Result<ObjectRef<'t>, Status> {
    thread.reference_by_handle(call, Handle::from_raw(handle), object_type, access)
}

/// Appends a text's length in bytes, and the text.
fn put_text(bytes: &mut Vec<u8>, text: &[u16]) {
    bytes.extend((text.len() as u32 * 2).to_le_bytes());
    bytes.extend(text.iter().flat_map(|unit| unit.to_le_bytes()));
}
