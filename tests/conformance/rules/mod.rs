//! The rules, by the tables of `docs/semantics.md`.

mod client;
mod contexts;
pub(crate) mod enlistments;
pub(crate) mod hives;
mod key_objects;
mod names;
mod notifications;
mod registration;
mod security;
pub(crate) mod transactions;
