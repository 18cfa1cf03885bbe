//! Memory of a user-mode caller that can be taken away (N8).

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

use region::{Allocation, Protection};

use crate::machine::{ProcessState, ThreadGuard};
use crate::seh;
use crate::status::Status;

/// What user-mode code can do with a page of its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserAccess {
    /// Nothing: any touch faults, as if the page were not there.
    None,
    /// Read it.
    Read,
    /// Read and write it.
    ReadWrite,
}

/// Pages of a user-mode caller. Each can be made inaccessible at any time, also by another thread
/// and while the kernel or a driver uses it. For x86_64 Linux.
///
/// # Invariants
/// No reference to the memory is ever made; it is read and written through guarded copies only.
pub struct UserMemory(Allocation);

// SAFETY: it owns its memory, which is used through addresses only.
unsafe impl Send for UserMemory {}
// SAFETY: as above; what several threads write at once is whole bytes, copied by the processor.
unsafe impl Sync for UserMemory {}

impl ThreadGuard {
    /// Gets memory for user-mode code: zeroed pages that can be read and written. It is the process's:
    /// a thread that runs in another, and is not attached to this one, finds it inaccessible when it
    /// probes it for writing, locks its pages or asks whether its address is valid.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if the host has no such memory.
    pub fn user_memory(&self, pages: usize) -> Result<UserMemory, Status> {
        let size = pages.checked_mul(UserMemory::PAGE);
        let size = size.ok_or(Status::INSUFFICIENT_RESOURCES)?;
        let memory = region::alloc(size, Protection::READ_WRITE);
        let memory = memory.map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
        let start = memory.as_ptr::<u8>().addr();
        let place = Place {
            end: start + memory.len(),
            process: self.thread().own_process().address(),
        };
        write(&PLACES).insert(start, place);
        Ok(UserMemory(memory))
    }
}

/// Such memory.
#[derive(Clone, Copy)]
struct Place {
    end: usize,
    /// The address of the process whose it is.
    process: usize,
}

/// Where such memory is, in the whole host process, by start.
static PLACES: RwLock<BTreeMap<usize, Place>> = RwLock::new(BTreeMap::new());

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a place is in such memory.
pub(crate) fn can_go_away(place: *const u8) -> bool {
    find(place.addr()).is_some()
}

/// Whether an address is in such memory of another process than `process`, where it means something
/// else or nothing.
pub(crate) fn is_elsewhere(address: usize, process: &ProcessState) -> bool {
    find(address).is_some_and(|place| place.process != process.address())
}

fn find(address: usize) -> Option<Place> {
    let places = PLACES.read().unwrap_or_else(PoisonError::into_inner);
    let (_, place) = places.range(..=address).next_back()?;
    (address < place.end).then_some(*place)
}

impl Drop for UserMemory {
    fn drop(&mut self) {
        write(&PLACES).remove(&self.0.as_ptr::<u8>().addr());
    }
}

impl UserMemory {
    /// The size of a page, in bytes.
    pub const PAGE: usize = 4096;

    /// The size, in bytes.
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// The address of its first byte.
    pub fn address(&self) -> usize {
        self.0.as_ptr::<u8>().addr()
    }

    /// Changes what can be done with some of the pages.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` if there are no such pages, or the host refuses.
    pub fn protect(&self, pages: Range<usize>, access: UserAccess) -> Result<(), Status> {
        let begin = pages.start.checked_mul(Self::PAGE);
        let begin = begin.ok_or(Status::INVALID_PARAMETER)?;
        let size = pages.len().saturating_mul(Self::PAGE);
        let start = self.at(begin, size)?;
        let protection = match access {
            UserAccess::None => Protection::NONE,
            UserAccess::Read => Protection::READ,
            UserAccess::ReadWrite => Protection::READ_WRITE,
        };
        // SAFETY: the pages are this value's, and by the invariant no reference to them exists.
        unsafe { region::protect(start, size, protection) }.map_err(|_| Status::INVALID_PARAMETER)
    }

    /// Reads bytes, as user-mode code would.
    ///
    /// # Errors
    /// `STATUS_ACCESS_VIOLATION` if they cannot be read, `STATUS_INVALID_PARAMETER` if they are not
    /// in this memory.
    pub fn read(&self, offset: usize, length: usize) -> Result<Vec<u8>, Status> {
        let from = self.at(offset, length)?;
        let mut bytes = vec![0; length];
        // SAFETY: the bytes are this value's, or are not accessible.
        match unsafe { seh::copy_from_caller(&mut bytes, from) } {
            true => Ok(bytes),
            false => Err(Status::ACCESS_VIOLATION),
        }
    }

    /// Writes bytes, as user-mode code would.
    ///
    /// # Errors
    /// `STATUS_ACCESS_VIOLATION` if they cannot be written, `STATUS_INVALID_PARAMETER` if they are
    /// not in this memory.
    pub fn write(&self, offset: usize, bytes: &[u8]) -> Result<(), Status> {
        let to = self.at(offset, bytes.len())?;
        // SAFETY: the bytes are this value's, or are not accessible.
        match unsafe { seh::copy_to_caller(to.cast_mut(), bytes) } {
            true => Ok(()),
            false => Err(Status::ACCESS_VIOLATION),
        }
    }

    /// The address of some of its bytes.
    pub(super) fn at(&self, offset: usize, length: usize) -> Result<*const u8, Status> {
        match offset.checked_add(length) {
            Some(end) if end <= self.size() => Ok(self.0.as_ptr::<u8>().wrapping_add(offset)),
            _ => Err(Status::INVALID_PARAMETER),
        }
    }
}

impl fmt::Debug for UserMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserMemory({} bytes)", self.size())
    }
}
