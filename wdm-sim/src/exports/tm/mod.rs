//! The transaction manager's routines, by handles (Zw*) and by objects (Tm*).

pub(super) mod answers;
pub(super) mod enlistments;
pub(super) mod managers;
pub(super) mod transactions;

use super::Export;

/// The tables of this folder's files.
pub(super) static TABLES: &[&[Export]] = &[
    answers::EXPORTS,
    enlistments::EXPORTS,
    managers::EXPORTS,
    transactions::EXPORTS,
];
