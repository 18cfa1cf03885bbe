//! A simulated NT kernel with a real configuration manager in it, for testing registry filter
//! drivers on any machine.

mod call;
pub mod cm;
mod exports;
mod io;
mod ke;
pub mod loader;
mod machine;
mod object;
mod pool;
pub mod registry;
mod status;
mod user;
mod verifier;

pub use exports::has_export;
pub use machine::{
    BugCheck, BuildError, Builder, ClassCount, CounterReport, Driver, LinkedEntry, LoadDriverError,
    Machine, MountedHive, Process, Profile, Report, Setting, ThreadGuard, UnloadError,
};
pub use status::Status;
pub use user::{UserKey, UserKeyInfo, UserValue};
pub use verifier::{Finding, Rule};
pub use wdm_sys::{KeyAccess, KeyOptions};
