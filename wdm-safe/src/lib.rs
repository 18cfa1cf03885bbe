//! The Windows kernel's vocabulary in safe Rust.
//!
//! What a driver needs before it does anything of its own: status codes ([`NtStatus`],
//! [`NtError`]), counted strings ([`UnicodeStr`], [`UnicodeString`]), IRQL tokens ([`Passive`],
//! [`ApcLevel`]), fallible pool memory ([`PoolBox`], [`PoolVec`]), messages to the debugger
//! ([`info!`], [`error!`]), the [`registry`] as its client, [callback objects](callback_object) with
//! which drivers and the kernel tell each other of events, [`Worker`]s that do what must not hold up a
//! callback, and the entry point ([`driver!`],
//! [`Driver`]). The raw bindings below it are `wdm-sys`; the registry callback above it is
//! `cm-callback`.
//!
//! `no_std`. Nothing panics, every allocation returns a [`Result`].
//!
//! # Two kinds of build
//! By default the kernel's routines are undefined symbols, which the simulator `wdm-sim` defines:
//! tests and tools run on any machine. The feature `kernel` makes a kernel build of it: imports
//! from `ntoskrnl.exe`, a panic handler and a global allocator.
//!
//! The default target is 64-bit Windows 10 and later. Without the feature `pool2` (Windows 10 2004)
//! nothing here imports what Windows Vista lacks; [`system_routine()`] finds what newer versions have.
//!
//! # Levels
//! A routine that wants `PASSIVE_LEVEL` takes a [`Passive`] token. What takes none runs at
//! `IRQL <= APC_LEVEL`, which is where safe code of these crates runs, and says so where it may run
//! higher. What calls no routine of the kernel names none, and runs at any level at which its memory
//! may be touched.

#![no_std]

pub mod bug_check;
pub mod callback_object;
pub mod driver;
mod handle;
pub mod irql;
#[cfg(feature = "kernel")]
mod kernel;
pub mod log;
pub mod pool;
pub mod queue;
pub mod registry;
pub mod requestor;
pub mod stack;
pub mod status;
pub mod string;
mod sync;
pub mod system_routine;
pub mod user_memory;
pub mod worker;

pub use driver::{Driver, Init, Lifecycle, Obligation};
pub use irql::{ApcLevel, Passive};
pub use pool::{PoolBox, PoolTag, PoolVec};
pub use queue::EventQueue;
pub use status::{NtError, NtStatus, Result};
pub use string::{UnicodeStr, UnicodeString};
pub use system_routine::system_routine;
pub use worker::{Delivery, Worker};

/// What the macros expand to; not for use by name.
#[doc(hidden)]
pub mod __private {
    pub use crate::driver::entry;
    pub use wdm_sys::{DRIVER_OBJECT, NTSTATUS, UNICODE_STRING};
    pub use widestring::u16str;
}
