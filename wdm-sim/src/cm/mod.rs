//! The configuration manager: registry operations, the callbacks that watch them, and contexts.
//!
//! An operation comes in as a Zw* routine or from [user mode](crate::UserKey), is checked and
//! captured by its routine in `ops`, and runs there between its notifications. The rules, by the file
//! that keeps them (`docs/semantics.md` has their text and sources):
//!
//! | rules | file |
//! |---|---|
//! | R1 to R4 | `register`, `callbacks`, `altitude`, `rundown`, `lock_order` |
//! | N1 to N3, N6, N7 | `notify`, `notify_xp`, `classes`, `frames` |
//! | N4 | `ops/result_object` |
//! | N5, R5, K2, N10 | `ops/open`, `ops/lookup`, `ops/load` |
//! | N8 | `capture` |
//! | K1, K3 | `key_object`, `close` |
//! | K2b | `ops/load`, `ops/save` |
//! | K4 | `ids` |
//! | K5 | `key_object`, `view`, `ids` |
//! | H1 to H8 | `ops/load`, `ops/save`, `ops/restore` |
//! | C1 to C4 | `attach`, `context`, `close` |
//! | C5 | `notify` |
//! | L2 to L5, D1, D2 | `ops/open`, `ops/key` |
//! | S1, S3, S6, S9 | `ops/access`, `ops/lookup` |
//! | S8 | `ops/security` |
//!
//! Who waits for a key to change is in `watch`.

mod altitude;
mod attach;
mod callbacks;
pub(crate) mod capture;
pub mod classes;
mod close;
mod context;
mod frames;
mod ids;
mod key_object;
pub(crate) mod lock_order;
mod notify;
mod notify_xp;
pub(crate) mod ops;
mod register;
mod rundown;
mod view;
pub(crate) mod watch;

pub use altitude::{Altitude, MalformedAltitude};
pub(crate) use attach::set_object_context;
pub(crate) use callbacks::{Cookie, Function};
pub(crate) use close::close_key_object;
pub(crate) use frames::ThreadState;
pub(crate) use ids::{
    Wanted, bound_transaction, key_object_id, key_object_id_ex, release_name, report_lent_names,
};
pub(crate) use key_object::KeyObject;
pub(crate) use register::{register, remove_callbacks_of, unregister};

pub use ops::SaveFormat;

use callbacks::Callbacks;
use ids::LentNames;

/// What a machine's configuration manager keeps besides the registry itself.
#[derive(Default)]
pub(crate) struct Manager {
    callbacks: Callbacks,
    lent_names: LentNames,
    root: ops::RootObject,
    /// Who waits for keys to change.
    pub(crate) watches: watch::Watches,
}
