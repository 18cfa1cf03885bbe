//! The executive's routines: pool memory and what is made of it, locks and lists of its own, callback
//! objects, work items, raising exceptions.

pub(super) mod callback;
pub(super) mod fast_mutex;
mod interlocked_list;
mod lookaside;
pub(super) mod pool;
mod quota;
pub(super) mod raise;
pub(super) mod resource;
mod rundown;
mod slist;
mod uuid;
mod work_item;

use super::Export;

/// The tables of this folder's files.
pub(super) static TABLES: &[&[Export]] = &[
    callback::EXPORTS,
    fast_mutex::EXPORTS,
    interlocked_list::EXPORTS,
    lookaside::EXPORTS,
    pool::EXPORTS,
    quota::EXPORTS,
    raise::EXPORTS,
    resource::EXPORTS,
    rundown::EXPORTS,
    slist::EXPORTS,
    uuid::EXPORTS,
    work_item::EXPORTS,
];
