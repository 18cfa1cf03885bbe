//! The transaction manager's routines, by handles (Zw*) and by objects (Tm*).

mod answers;
mod enlistments;
mod managers;
mod transactions;

use super::Export;

/// The tables of this folder's files.
pub(super) static TABLES: &[&[Export]] = &[
    answers::EXPORTS,
    enlistments::EXPORTS,
    managers::EXPORTS,
    transactions::EXPORTS,
];
