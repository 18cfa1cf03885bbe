//! Transactions: what is seen of their changes, how they end, and what callbacks are told.

mod callbacks;
mod conflicts;
mod ends;
mod enlistments;
mod managers;
mod model;
mod objects;
mod protocol;
mod resource_managers;
mod sample;
mod seen;
mod superiors;
mod threads;

use std::ptr;

use wdm_sim::{KeyAccess, Machine, Status, ThreadGuard, UserKey};
use wdm_sys::*;

use crate::support::*;

pub(crate) const TEST: &str = r"\REGISTRY\MACHINE\SYSTEM\Test";

pub(crate) const ALL: KeyAccess = KeyAccess::ALL;

/// A machine with the key `TEST`, which has the value `Number` 1 and the subkey `Old`.
pub(crate) fn with_test(test: impl FnOnce(&Machine, &ThreadGuard)) {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, ALL).unwrap();
    key.set_dword("Number", 1).unwrap();
    drop(key.create_key("Old", ALL).unwrap());
    drop(key);
    test(&machine, &thread);
    drop(thread);
    assert_clean(&machine);
}

pub(crate) fn number(key: &UserKey<'_>) -> Result<u32, Status> {
    Ok(key.query_value("Number")?.as_dword().unwrap())
}

pub(crate) fn subkeys(key: &UserKey<'_>) -> Vec<String> {
    let names = (0..).map_while(|index| key.enumerate_key(index).ok());
    let names: Vec<_> = names.collect();
    assert_eq!(key.query().unwrap().subkeys as usize, names.len());
    names
}

pub(crate) fn child(name: &str) -> String {
    format!(r"{TEST}\{name}")
}

/// `ZwCreateTransaction` with a kernel handle.
pub(crate) fn create(access: u32, options: u32, isolation: u32) -> Result<HANDLE, Status> {
    let mut attributes = attributes(ptr::null_mut(), ptr::null_mut());
    let mut handle = ptr::null_mut();
    // SAFETY: all places are live.
    let status = Status(unsafe {
        ZwCreateTransaction(
            &raw mut handle,
            access,
            &raw mut attributes,
            ptr::null_mut(),
            ptr::null_mut(),
            options,
            isolation,
            0,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    });
    status.to_result().map(|()| handle)
}

/// `ZwCreateKeyTransacted` with a kernel handle.
pub(crate) fn create_key(
    root: HANDLE,
    name: &str,
    transaction: HANDLE,
) -> Result<KernelKey, Status> {
    let mut name = Wide::new(name);
    let mut attributes = attributes(root, name.as_ptr());
    let mut handle = ptr::null_mut();
    // SAFETY: all places are live.
    let status = Status(unsafe {
        ZwCreateKeyTransacted(
            &raw mut handle,
            KEY_ALL_ACCESS,
            &raw mut attributes,
            0,
            ptr::null_mut(),
            0,
            transaction,
            ptr::null_mut(),
        )
    });
    status.to_result().map(|()| KernelKey(handle))
}

/// `ZwCommitTransaction`.
pub(crate) fn commit(transaction: HANDLE, wait: bool) -> Status {
    // SAFETY: any number can be given.
    Status(unsafe { ZwCommitTransaction(transaction, u8::from(wait)) })
}

/// `ZwRollbackTransaction`.
pub(crate) fn roll_back(transaction: HANDLE, wait: bool) -> Status {
    // SAFETY: any number can be given.
    Status(unsafe { ZwRollbackTransaction(transaction, u8::from(wait)) })
}

/// `ZwClose`.
pub(crate) fn close(handle: HANDLE) {
    // SAFETY: any number can be given.
    unsafe { ZwClose(handle) };
}

/// `ZwOpenKeyTransactedEx` with a kernel handle.
pub(crate) fn open_key(name: &str, options: u32, transaction: HANDLE) -> Result<KernelKey, Status> {
    let mut name = Wide::new(name);
    let mut attributes = attributes(ptr::null_mut(), name.as_ptr());
    let mut handle = ptr::null_mut();
    // SAFETY: all places are live.
    let status = Status(unsafe {
        ZwOpenKeyTransactedEx(
            &raw mut handle,
            KEY_ALL_ACCESS,
            &raw mut attributes,
            options,
            transaction,
        )
    });
    status.to_result().map(|()| KernelKey(handle))
}
