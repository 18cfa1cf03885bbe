//! The kernel transaction manager.
//!
//! A [`Transaction`] lives from `ZwCreateTransaction` until it is committed or rolled back, and
//! remembers which. A [`ResourceManager`] takes part in it by an [`Enlistment`]. The registry does
//! without one: its part is a [`Changes`](crate::registry::Changes).
//!
//! | rules (`docs/semantics.md`) | file |
//! |---|---|
//! | T1, T2 | `transaction`, `timer`, `closing`; handles: `object/handles` |
//! | T3, T7 | `cm/ops/open` |
//! | T4, T5 | `registry/changes`, `registry/pending` |
//! | T6 | `transaction` |
//! | T8, T9 | `create`, `open` |
//! | T10 | `resource_manager`, `effects`, `notifications` |
//! | T11, T12, T14, T15 | `life`, `answers` |
//! | T13 | `answers` |
//! | T16 | `closing` |
//! | T17, T19 | `superior` |
//! | T18 | `query`, `enumerate` |
//! | T20 | `enlistment` |
//!
//! There are no logs: transaction managers that are to have one are refused. Transactions are not
//! propagated, nor handed to another system.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/kernel/ktm-objects> and its
//! neighbours, <https://learn.microsoft.com/windows/win32/ktm/transactions>, and those of the routines.

mod answers;
mod closing;
mod create;
mod effects;
mod enlistment;
mod enumerate;
mod life;
mod manager;
mod notifications;
mod open;
mod query;
mod resource_manager;
mod service;
mod superior;
mod timer;
mod transaction;
mod types;

pub(crate) use answers::{Answer, CALLBACK, answer, roll_back as roll_back_enlistment};
pub(crate) use closing::{last_handle_closed, report_enlistments};
pub(crate) use create::{
    EnlistmentCreation, ManagerCreation, ResourceManagerCreation, create_enlistment,
    create_manager, create_resource_manager, enlist,
};
pub(crate) use enlistment::Enlistment;
pub(crate) use enumerate::enumerate;
pub(crate) use life::Step;
pub(crate) use manager::Manager;
pub(crate) use notifications::{enable_callbacks, get_notification};
pub(crate) use open::{
    Opening, open_enlistment, open_manager, open_resource_manager, open_transaction,
};
pub(crate) use query::{
    Query, query_enlistment, query_manager, query_resource_manager, query_transaction,
    set_enlistment, set_transaction,
};
pub(crate) use resource_manager::ResourceManager;
pub(crate) use service::{Creation, commit, create_transaction, reference_transaction, roll_back};
pub(crate) use superior::{
    begin, recover_enlistment, recover_manager, recover_resource_manager, request_outcome,
};
pub(crate) use transaction::{Transaction, Unfinished};
pub(crate) use types::{
    ENLISTMENT_RECOVER, ENLISTMENT_SUBORDINATE_RIGHTS, ENLISTMENT_SUPERIOR_RIGHTS,
    RESOURCEMANAGER_RECOVER,
};
