//! Transactions, and keys that are opened in them.

use std::fmt;
use std::ptr;

use wdm_sys::{HANDLE, KeyAccess, KeyOptions, LARGE_INTEGER, TRANSACTION_ALL_ACCESS};

use super::{UserKey, create, open};
use crate::cm::ops::Outcome;
use crate::machine::{Thread, ThreadGuard};
use crate::object::Handle;
use crate::registry::Disposition;
use crate::status::Status;
use crate::tm;

/// A transaction: one handle of the process. Dropping it closes the handle, which rolls the
/// transaction back if it was the last one and nobody has committed it.
pub struct UserTransaction<'t> {
    guard: &'t ThreadGuard,
    handle: Handle,
}

impl ThreadGuard {
    /// Creates a transaction (`NtCreateTransaction`).
    ///
    /// # Errors
    /// What the transaction manager answers.
    pub fn create_transaction(&self) -> Result<UserTransaction<'_>, Status> {
        self.create_transaction_with(0)
    }

    /// Creates a transaction that is rolled back when its time is up. `timeout` is in units of
    /// 100 ns: if negative it counts from now, if positive from the beginning of 1601; 0 is no limit.
    ///
    /// # Errors
    /// What the transaction manager answers.
    pub fn create_transaction_with(&self, timeout: i64) -> Result<UserTransaction<'_>, Status> {
        let mut timeout = LARGE_INTEGER { QuadPart: timeout };
        let mut handle = ptr::null_mut();
        let creation = tm::Creation {
            access: TRANSACTION_ALL_ACCESS,
            attributes: ptr::null_mut(),
            unit_of_work: ptr::null_mut(),
            manager: ptr::null_mut(),
            options: 0,
            isolation_level: 0,
            isolation_flags: 0,
            timeout: &raw mut timeout,
            description: ptr::null_mut(),
        };
        // SAFETY: all pointers lead to live locals.
        let create =
            |thread: &Thread| unsafe { tm::create_transaction(thread, &raw mut handle, creation) };
        let outcome = self.system_call(create);
        outcome.unwrap_or_else(|refused| refused).to_result()?;
        Ok(UserTransaction {
            guard: self,
            handle: Handle::from_raw(handle),
        })
    }

    /// Opens a key by its absolute name in a transaction (`NtOpenKeyTransacted`).
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn open_key_transacted(
        &self,
        path: &str,
        access: KeyAccess,
        transaction: &UserTransaction<'_>,
    ) -> Result<UserKey<'_>, Status> {
        open(
            self,
            None,
            path,
            access,
            KeyOptions::empty(),
            Some(transaction),
        )
    }

    /// Creates a key by its absolute name in a transaction, or opens it if it exists; says which
    /// (`NtCreateKeyTransacted`).
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn create_key_transacted(
        &self,
        path: &str,
        access: KeyAccess,
        transaction: &UserTransaction<'_>,
    ) -> Result<(UserKey<'_>, Disposition), Status> {
        create(
            self,
            None,
            path,
            access,
            KeyOptions::empty(),
            Some(transaction),
            None,
        )
    }
}

impl<'t> UserKey<'t> {
    /// Opens a key by its name relative to this one, in a transaction. A key that is itself open in
    /// one needs no other: [`open_key`](Self::open_key) stays in it.
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn open_key_transacted(
        &self,
        path: &str,
        access: KeyAccess,
        transaction: &UserTransaction<'_>,
    ) -> Result<UserKey<'t>, Status> {
        open(
            self.guard,
            Some(self),
            path,
            access,
            KeyOptions::empty(),
            Some(transaction),
        )
    }

    /// Creates a key by its name relative to this one, in a transaction, or opens it if it exists;
    /// says which.
    ///
    /// # Errors
    /// What the registry or a callback answers.
    pub fn create_key_transacted(
        &self,
        path: &str,
        access: KeyAccess,
        transaction: &UserTransaction<'_>,
    ) -> Result<(UserKey<'t>, Disposition), Status> {
        create(
            self.guard,
            Some(self),
            path,
            access,
            KeyOptions::empty(),
            Some(transaction),
            None,
        )
    }
}

impl UserTransaction<'_> {
    /// The handle.
    pub fn handle(&self) -> HANDLE {
        self.handle.as_raw()
    }

    /// Commits the transaction (`NtCommitTransaction`, waiting for the end).
    ///
    /// # Errors
    /// `STATUS_TRANSACTION_ALREADY_COMMITTED`, `STATUS_TRANSACTION_ALREADY_ABORTED`.
    pub fn commit(&self) -> Result<(), Status> {
        self.call(|thread| tm::commit(thread, self.handle(), true))
    }

    /// Rolls the transaction back (`NtRollbackTransaction`, waiting for the end).
    ///
    /// # Errors
    /// `STATUS_TRANSACTION_ALREADY_COMMITTED`, `STATUS_TRANSACTION_REQUEST_NOT_VALID` if it has been
    /// rolled back.
    pub fn rollback(&self) -> Result<(), Status> {
        self.call(|thread| tm::roll_back(thread, self.handle(), true))
    }

    fn call(&self, body: impl FnOnce(&Thread) -> Outcome) -> Result<(), Status> {
        let outcome = self.guard.system_call(body);
        outcome.unwrap_or_else(|refused| refused).to_result()
    }
}

impl fmt::Debug for UserTransaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserTransaction({:#x})", self.handle.0)
    }
}

impl Drop for UserTransaction<'_> {
    fn drop(&mut self) {
        self.guard.system_call(|thread| {
            let handles = thread.process().handles();
            // A handle that something else has closed needs nothing more.
            drop(handles.close(thread.kernel(), self.handle));
        });
    }
}
