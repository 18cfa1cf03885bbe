//! The kernel transaction manager, as far as clients of transactions use it.
//!
//! A [`Transaction`] lives from `ZwCreateTransaction` until it is committed or rolled back, and
//! remembers which. Its only resource manager so far is the registry, whose part in it is a
//! [`Changes`](crate::registry::Changes).
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/kernel/using-kernel-transaction-manager>,
//! <https://learn.microsoft.com/windows/win32/ktm/transactions>, and those of the routines.

mod service;
mod timer;
mod transaction;

pub(crate) use service::{Creation, commit, create_transaction, reference_transaction, roll_back};
pub(crate) use transaction::Transaction;
