//! The rules, by the tables of `docs/semantics.md`.

mod client;
mod contexts;
pub(crate) mod hives;
mod key_objects;
mod notifications;
mod registration;
pub(crate) mod transactions;
