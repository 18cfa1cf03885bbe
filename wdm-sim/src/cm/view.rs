//! A key as an opener sees it: from inside a transaction if the key object is bound to one (K5),
//! else from outside.
//!
//! The methods are those of [`Key`]. Within a transaction they also fail with
//! `STATUS_TRANSACTION_NOT_ACTIVE` after its end, and those that write with
//! `STATUS_TRANSACTIONAL_CONFLICT`.

use std::sync::Arc;

use crate::registry::{
    Answer, Changes, Disposition, Key, KeyInfo, KeySetInfo, NewKey, Parsed, Value, ValueInfo,
};
use crate::status::Status;
use crate::tm::Transaction;

/// A key and where it is seen from.
#[derive(Clone, Copy)]
pub(crate) struct View<'k> {
    key: &'k Arc<Key>,
    transaction: Option<&'k Transaction>,
}

impl<'k> View<'k> {
    /// Sees `key` from inside `transaction`, or from outside of any.
    pub(crate) fn new(key: &'k Arc<Key>, transaction: Option<&'k Transaction>) -> Self {
        Self { key, transaction }
    }

    /// The key itself.
    pub(crate) fn key(self) -> &'k Arc<Key> {
        self.key
    }

    /// The transaction from inside which it is seen.
    pub(crate) fn transaction(self) -> Option<&'k Transaction> {
        self.transaction
    }

    fn see<T>(
        self,
        outside: impl FnOnce(&'k Arc<Key>) -> Result<T, Status>,
        within: impl FnOnce(&mut Changes, &'k Arc<Key>) -> Result<T, Status>,
    ) -> Result<T, Status> {
        match self.transaction {
            None => outside(self.key),
            Some(transaction) => transaction.registry(|changes| within(changes, self.key)),
        }
    }

    pub(crate) fn check_live(self) -> Result<(), Status> {
        self.see(
            |key| key.check_live(),
            |changes, key| changes.check_live(key),
        )
    }

    pub(crate) fn full_name(self) -> Result<Vec<u16>, Status> {
        self.see(|key| key.full_name(), |changes, key| changes.full_name(key))
    }

    pub(crate) fn open(self, path: &[u16], open_link: bool) -> Result<Parsed<Arc<Key>>, Status> {
        self.see(
            |key| key.open(path, open_link),
            |changes, key| changes.open(key, path, open_link),
        )
    }

    pub(crate) fn create(
        self,
        path: &[u16],
        open_link: bool,
        new: &NewKey<'_>,
    ) -> Result<Parsed<(Arc<Key>, Disposition)>, Status> {
        self.see(
            |key| key.create(path, open_link, new),
            |changes, key| changes.create(key, path, open_link, new),
        )
    }

    pub(crate) fn delete(self) -> Result<(), Status> {
        self.see(|key| key.delete(), |changes, key| changes.delete(key))
    }

    pub(crate) fn rename(self, name: &[u16]) -> Result<(), Status> {
        self.see(
            |key| key.rename(name),
            |changes, key| changes.rename(key, name),
        )
    }

    pub(crate) fn query(self, class: KeyInfo, buffer: &mut [u8]) -> Result<Answer, Status> {
        match self.transaction {
            None => self.key.query(class, buffer),
            Some(transaction) => {
                transaction.registry(|changes| changes.query(self.key, class, buffer))
            }
        }
    }

    /// Writes information about the subkey number `index` into `buffer`.
    pub(crate) fn query_subkey(
        self,
        index: usize,
        class: KeyInfo,
        buffer: &mut [u8],
    ) -> Result<Answer, Status> {
        match self.transaction {
            None => self.key.subkey(index)?.query(class, buffer),
            Some(transaction) => transaction.registry(|changes| {
                let subkey = changes.subkey(self.key, index)?;
                changes.query(&subkey, class, buffer)
            }),
        }
    }

    pub(crate) fn set_information(
        self,
        class: KeySetInfo,
        information: &[u8],
    ) -> Result<(), Status> {
        self.see(
            |key| key.set_information(class, information),
            |changes, key| changes.set_information(key, class, information),
        )
    }

    pub(crate) fn value(self, name: &[u16]) -> Result<Value, Status> {
        self.see(
            |key| key.value(name),
            |changes, key| changes.value(key, name),
        )
    }

    pub(crate) fn query_value(
        self,
        name: &[u16],
        class: ValueInfo,
        buffer: &mut [u8],
    ) -> Result<Answer, Status> {
        match self.transaction {
            None => self.key.query_value(name, class, buffer),
            Some(transaction) => {
                transaction.registry(|changes| changes.query_value(self.key, name, class, buffer))
            }
        }
    }

    pub(crate) fn query_value_at(
        self,
        index: usize,
        class: ValueInfo,
        buffer: &mut [u8],
    ) -> Result<Answer, Status> {
        match self.transaction {
            None => self.key.query_value_at(index, class, buffer),
            Some(transaction) => transaction
                .registry(|changes| changes.query_value_at(self.key, index, class, buffer)),
        }
    }

    pub(crate) fn set_value(self, name: &[u16], kind: u32, data: &[u8]) -> Result<(), Status> {
        self.see(
            |key| key.set_value(name, kind, data),
            |changes, key| changes.set_value(key, name, kind, data),
        )
    }

    pub(crate) fn delete_value(self, name: &[u16]) -> Result<Value, Status> {
        self.see(
            |key| key.delete_value(name),
            |changes, key| changes.delete_value(key, name),
        )
    }

    pub(crate) fn security(self) -> Result<Arc<[u8]>, Status> {
        self.see(|key| key.security(), |changes, key| changes.security(key))
    }

    pub(crate) fn set_security(self, security: Arc<[u8]>) -> Result<(), Status> {
        match self.transaction {
            None => self.key.set_security(security),
            Some(transaction) => {
                transaction.registry(|changes| changes.set_security(self.key, security))
            }
        }
    }
}
