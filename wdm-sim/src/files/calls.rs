//! Opening, reading and writing files: what is behind the Zw* routines and user mode's calls.

use wdm_sys::{HANDLE, MAXIMUM_ALLOWED, PHANDLE, POBJECT_ATTRIBUTES};

use super::{File, FileObject};
use crate::cm::capture::{self, Input, Output};
use crate::cm::ops::{Named, file_by_handle};
use crate::machine::Thread;
use crate::object::Body;
use crate::status::Status;

/// `FILE_READ_DATA`: the right to read.
pub(crate) const READ: u32 = 1;
/// `FILE_WRITE_DATA`: the right to write.
pub(crate) const WRITE: u32 = 2;
const GENERIC_READ: u32 = 0x8000_0000;
const GENERIC_WRITE: u32 = 0x4000_0000;
const GENERIC_ALL: u32 = 0x1000_0000;

/// What to do if the file exists, and if it does not (`CreateDisposition`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// `FILE_OPEN`: it must exist.
    Open,
    /// `FILE_CREATE`: it must not exist.
    Create,
    /// `FILE_OPEN_IF`: it is made if it does not exist.
    OpenIf,
    /// `FILE_OVERWRITE`: it must exist, and is emptied.
    Overwrite,
    /// `FILE_OVERWRITE_IF`, `FILE_SUPERSEDE`: it is made or emptied.
    OverwriteIf,
}

impl TryFrom<u32> for Disposition {
    type Error = Status;

    fn try_from(number: u32) -> Result<Self, Status> {
        match number {
            1 => Ok(Self::Open),
            2 => Ok(Self::Create),
            3 => Ok(Self::OpenIf),
            4 => Ok(Self::Overwrite),
            0 | 5 => Ok(Self::OverwriteIf),
            _ => Err(Status::INVALID_PARAMETER),
        }
    }
}

/// What an open did (`IoStatusBlock->Information`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Opened {
    /// `FILE_OPENED`.
    Existing = 1,
    /// `FILE_CREATED`.
    Created = 2,
    /// `FILE_OVERWRITTEN`.
    Overwritten = 3,
}

/// `ZwCreateFile`.
///
/// # Safety
/// The pointers are as the routine's page asks.
///
/// # Errors
/// `STATUS_OBJECT_NAME_NOT_FOUND`, `STATUS_OBJECT_NAME_COLLISION`, `STATUS_SHARING_VIOLATION` for the
/// file of a loaded hive, and those of the parameters.
pub(crate) unsafe fn create_file(
    thread: &Thread,
    handle: PHANDLE,
    access: u32,
    attributes: POBJECT_ATTRIBUTES,
    disposition: Disposition,
) -> Result<Opened, Status> {
    if handle.is_null() {
        return Err(Status::ACCESS_VIOLATION);
    }
    // SAFETY: the caller's promise is the same.
    let named = unsafe { Named::take(thread, "ZwCreateFile", attributes) }?;
    let kernel = thread.kernel();
    let (file, opened) = match (kernel.files.find(named.path()?), disposition) {
        (Ok(_), Disposition::Create) => return Err(Status::OBJECT_NAME_COLLISION),
        (Ok(file), _) if kernel.hives.in_file(&file).is_some() => {
            drop(file);
            return Err(Status::SHARING_VIOLATION);
        }
        (Ok(file), Disposition::Open | Disposition::OpenIf) => (file, Opened::Existing),
        (Ok(file), _) => {
            file.set_bytes(Vec::new());
            (file, Opened::Overwritten)
        }
        (
            Err(Status::OBJECT_NAME_NOT_FOUND),
            Disposition::Create | Disposition::OpenIf | Disposition::OverwriteIf,
        ) => {
            let file = File::new(Vec::new());
            kernel.files.add(named.path()?, file.clone())?;
            (file, Opened::Created)
        }
        (Err(status), _) => return Err(status),
    };
    let object = kernel
        .objects
        .create(kernel, Body::File(FileObject::new(file)));
    let new = named
        .handles(thread)
        .insert(object, map_generic(access), thread.caller().driver)
        .ok_or(Status::INSUFFICIENT_RESOURCES)?;
    // SAFETY: the caller's promise is the same.
    unsafe { capture::write(handle, new.as_raw()) };
    Ok(opened)
}

/// `ZwReadFile` from an offset, or from where the last read or write ended; gives the number of
/// bytes.
///
/// # Safety
/// `output` is as the routine's page asks.
///
/// # Errors
/// `STATUS_END_OF_FILE`, `STATUS_ACCESS_VIOLATION`, and those of the handle.
pub(crate) unsafe fn read_file(
    thread: &Thread,
    handle: HANDLE,
    output: Output,
    offset: Option<u64>,
) -> Result<usize, Status> {
    let object = file_by_handle(thread, "ZwReadFile", handle, READ)?;
    let file = object.file().ok_or(Status::OBJECT_TYPE_MISMATCH)?;
    output.probe(thread.previous_mode())?;
    let begin = offset.unwrap_or_else(|| file.position());
    let bytes = file.file().bytes();
    let rest = usize::try_from(begin)
        .ok()
        .and_then(|begin| bytes.get(begin..))
        .unwrap_or_default();
    let room = output.length as usize;
    let length = rest.len().min(room);
    if length == 0 && room != 0 {
        return Err(Status::END_OF_FILE);
    }
    // SAFETY: the caller's promise is the same.
    unsafe { output.put(rest) }?;
    file.set_position(begin + length as u64);
    Ok(length)
}

/// `ZwWriteFile` at an offset, or where the last read or write ended; gives the number of bytes.
///
/// # Safety
/// `input` is as the routine's page asks.
///
/// # Errors
/// `STATUS_ACCESS_VIOLATION`, and those of the handle.
pub(crate) unsafe fn write_file(
    thread: &Thread,
    handle: HANDLE,
    input: Input,
    offset: Option<u64>,
) -> Result<usize, Status> {
    let object = file_by_handle(thread, "ZwWriteFile", handle, WRITE)?;
    let file = object.file().ok_or(Status::OBJECT_TYPE_MISMATCH)?;
    // SAFETY: the caller's promise is the same.
    let data = unsafe { input.bytes() }?;
    let begin = offset.unwrap_or_else(|| file.position());
    file.file().write_at(begin, data)?;
    file.set_position(begin + data.len() as u64);
    Ok(data.len())
}

/// The rights that generic rights stand for, as far as they concern a file's data.
fn map_generic(access: u32) -> u32 {
    let rights = [
        (GENERIC_READ, READ),
        (GENERIC_WRITE, WRITE),
        (GENERIC_ALL | MAXIMUM_ALLOWED, READ | WRITE),
    ];
    let asked = rights.iter().filter(|(bits, _)| access & bits != 0);
    asked.fold(access, |mapped, (_, right)| mapped | right)
}
