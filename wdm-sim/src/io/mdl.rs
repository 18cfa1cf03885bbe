//! Memory descriptor lists: those that describe the buffers of requests, and those that drivers make.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/kernel/using-mdls>,
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioallocatemdl>,
//! `nf-wdm-mmprobeandlockpages`, `nf-wdm-mmunlockpages`, `nf-wdm-mmbuildmdlfornonpagedpool`.
//!
//! Locked pages are mapped to where they are: the system's address is the caller's. A list has room
//! for the pages' numbers, which stay zero.

use std::collections::HashMap;
use std::ptr::null_mut;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wdm_sys::{_MDL as MDL, PVOID};

use super::Manager;
use super::buffer::Buffer;
use crate::machine::{DriverId, Thread};
use crate::verifier::Rule;

/// `MDL_MAPPED_TO_SYSTEM_VA`: `MappedSystemVa` is an address of the pages.
pub(crate) const MAPPED_TO_SYSTEM_VA: i16 = 0x1;
/// `MDL_PAGES_LOCKED`.
pub(crate) const PAGES_LOCKED: i16 = 0x2;
/// `MDL_SOURCE_IS_NONPAGED_POOL`: the pages need not be locked.
pub(crate) const SOURCE_IS_NONPAGED_POOL: i16 = 0x4;
/// `MDL_PARTIAL`: it describes part of what another list describes.
pub(crate) const PARTIAL: i16 = 0x10;
/// `MDL_WRITE_OPERATION`: the pages are locked for writing.
pub(crate) const WRITE_OPERATION: i16 = 0x80;
const PAGE: usize = 4096;

/// A list for memory of anybody's, with flags; `None` if its size has no number.
pub(super) fn describe(address: *mut u8, length: usize, flags: i16) -> Option<Buffer> {
    let start = address.expose_provenance();
    let offset = start % PAGE;
    let pages = (offset + length).div_ceil(PAGE);
    let size = size_of::<MDL>() + pages * size_of::<usize>();
    let list = Buffer::new(&[], size, 0)?;
    let mapped = flags & MAPPED_TO_SYSTEM_VA != 0;
    let new = MDL {
        Next: null_mut(),
        // Longer lists than the field has numbers for exist on NT too.
        Size: size as i16,
        MdlFlags: flags,
        Process: null_mut(),
        MappedSystemVa: if mapped { address.cast() } else { null_mut() },
        StartVa: std::ptr::with_exposed_provenance_mut(start - offset),
        ByteCount: u32::try_from(length).ok()?,
        ByteOffset: offset as u32,
    };
    // SAFETY: the memory is new, aligned, and has room for the structure.
    unsafe { list.start().cast::<MDL>().write(new) };
    Some(list)
}

/// Where the page of an address begins (`StartVa`).
pub(crate) fn page_of(address: PVOID) -> PVOID {
    address.wrapping_byte_sub(address.addr() % PAGE)
}

/// How far an address is into its page (`ByteOffset`).
pub(crate) fn offset_of(address: PVOID) -> u32 {
    (address.addr() % PAGE) as u32
}

/// The address that a list describes (`MmGetMdlVirtualAddress`).
pub(crate) fn address_of(list: &MDL) -> PVOID {
    list.StartVa.wrapping_byte_add(list.ByteOffset as usize)
}

/// A list that a driver made.
struct List {
    driver: DriverId,
    memory: Buffer,
}

impl List {
    fn is_locked(&self) -> bool {
        // SAFETY: the memory begins with a list.
        let flags = unsafe { (*self.memory.start().cast::<MDL>()).MdlFlags };
        flags & PAGES_LOCKED != 0
    }
}

/// The lists of a machine's drivers, by address.
#[derive(Default)]
pub(super) struct Lists(Mutex<HashMap<usize, List>>);

impl Lists {
    fn lock(&self) -> MutexGuard<'_, HashMap<usize, List>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Manager {
    /// Makes a list for a driver; null if there is no memory for it.
    pub(crate) fn allocate_list(
        &self,
        driver: DriverId,
        address: PVOID,
        length: usize,
        flags: i16,
    ) -> *mut MDL {
        let Some(memory) = describe(address.cast(), length, flags) else {
            return null_mut();
        };
        let list = memory.start().cast::<MDL>();
        let new = List { driver, memory };
        self.lists.lock().insert(list.addr(), new);
        list
    }

    /// Frees a list of a driver's.
    pub(crate) fn free_list(&self, thread: &Thread, call: &'static str, list: *mut MDL) {
        match self.lists.lock().remove(&list.addr()) {
            Some(list) if list.is_locked() => {
                let detail = "the list's pages are locked; call MmUnlockPages before";
                thread.finding(Rule::Mdl, call, detail);
            }
            Some(_) => {}
            None => {
                let detail = format!(
                    "{list:p} is no list that IoAllocateMdl gave, or not any more; those of requests \
                     are the I/O manager's"
                );
                thread.finding(Rule::Mdl, call, detail);
            }
        }
    }

    /// Frees the lists that a request has when it is completed, as far as drivers made them.
    pub(super) fn release_lists(&self, first: *mut MDL) {
        let mut lists = self.lists.lock();
        let mut list = first;
        while lists.contains_key(&list.addr()) {
            // SAFETY: it is a list that a driver made and has not freed.
            let next = unsafe { (*list).Next };
            lists.remove(&list.addr());
            list = next;
        }
    }

    /// Takes away the lists of a driver that is gone: how many there were.
    pub(super) fn take_lists_of(&self, driver: DriverId) -> usize {
        let mut lists = self.lists.lock();
        lists.extract_if(|_, list| list.driver == driver).count()
    }
}
