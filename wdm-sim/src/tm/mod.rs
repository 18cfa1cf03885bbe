//! The kernel transaction manager, as far as clients of transactions use it.
//!
//! A [`Transaction`] lives from `ZwCreateTransaction` until it is committed or rolled back, and
//! remembers which. Its only resource manager so far is the registry, whose part in it is a
//! [`Changes`](crate::registry::Changes).
//!
//! | rules (`docs/semantics.md`) | file |
//! |---|---|
//! | T1, T2 | `transaction`, `timer`, `service`; handles: `object/handles` |
//! | T3, T7 | `cm/ops/open` |
//! | T4, T5 | `registry/changes`, `registry/pending` |
//! | T6 | `transaction` |
//!
//! Unit-of-work identifiers, transaction managers, other resource managers and their enlistments are
//! not simulated; they have one place to hook in, [`Transaction`]'s end.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/kernel/transaction-objects>,
//! <https://learn.microsoft.com/windows/win32/ktm/transactions>, and those of the routines.

mod service;
mod timer;
mod transaction;

pub(crate) use service::{Creation, commit, create_transaction, reference_transaction, roll_back};
pub(crate) use transaction::Transaction;
