//! Windows registry callbacks in safe Rust.
//!
//! A driver that watches, blocks or changes registry operations registers one routine with
//! `CmRegisterCallbackEx`, gets a class and an untyped structure in it, and keeps its notes on key
//! objects as `void *` contexts. Here it implements [`RegistryCallback`]: a method for each
//! operation and phase, with typed notifications in and typed outcomes out. What the kernel's rules
//! forbid does not compile.
//!
//! ```
//! use core::convert::Infallible;
//! use core::sync::atomic::{AtomicU32, Ordering};
//!
//! use cm_callback::operation::{CreateKey, SetValue};
//! use cm_callback::{
//!     CallbackObject, Post, PostOutcome, Pre, PreOutcome, Registered, RegistryCallback, altitude,
//! };
//! use wdm_safe::{Driver, Init, NtError, Result, driver, unicode};
//!
//! /// Keys called "ReadOnly" take no values.
//! struct Guard {
//!     blocked: AtomicU32,
//! }
//!
//! struct ReadOnly;
//!
//! impl RegistryCallback for Guard {
//!     type KeyContext = ReadOnly; // what CmSetCallbackObjectContext attaches to a key object
//!     type CallContext = Infallible; // nothing travels from pre to post
//!
//!     fn post_create_key(&self, op: Post<'_, CreateKey, Self>) -> PostOutcome<CreateKey, Self> {
//!         if let Ok(key) = op.opened_key() { // only STATUS_SUCCESS gives a key
//!             let name = op.cookie().key_name(key);
//!             if name.is_ok_and(|name| name.components().last() == Some(unicode!("ReadOnly"))) {
//!                 let _ = op.cookie().set_context(key, ReadOnly);
//!             }
//!         }
//!         op.keep()
//!     }
//!
//!     fn pre_set_value(&self, op: Pre<'_, SetValue, Self>) -> PreOutcome<SetValue, Self> {
//!         match op.key().ok().and_then(|key| key.context()) {
//!             Some(ReadOnly) => {
//!                 self.blocked.fetch_add(1, Ordering::Relaxed);
//!                 op.block(NtError::ACCESS_DENIED)
//!             }
//!             None => op.pass(),
//!         }
//!     }
//! }
//!
//! struct Sample {
//!     guard: CallbackObject<Guard, Registered>, // dropping it unregisters
//! }
//!
//! impl Driver for Sample {
//!     fn init(init: &Init<'_>) -> Result<Self> {
//!         let guard = Guard { blocked: AtomicU32::new(0) };
//!         let idle = CallbackObject::new(guard, altitude!("380010.5"))?;
//!         Ok(Sample { guard: idle.register(init)? })
//!     }
//! }
//!
//! driver!(Sample);
//! # fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
//! # use wdm_sim::{KeyAccess, Machine};
//! # let machine = Machine::builder().build()?;
//! # let driver = unsafe { machine.load_linked("sample", driver_entry)? };
//! # {
//! #     let process = machine.process("example");
//! #     let thread = process.enter();
//! #     let path = r"\Registry\Machine\SYSTEM\ReadOnly";
//! #     let key = thread.create_key(path, KeyAccess::ALL)?;
//! #     assert_eq!(key.set_value("a", 4, &[0; 4]), Err(wdm_sim::Status::ACCESS_DENIED));
//! # }
//! # machine.unload(driver)?;
//! # assert!(machine.report().findings.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! The page behind it all is
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/filtering-registry-calls>; each
//! operation has an example on its own page: [`operation`].
//!
//! `no_std`; the default target is 64-bit Windows 10 and later. The rules that are cited as R1, N2,
//! C4 and so on are those of `docs/semantics.md` in the repository; each names Microsoft's page.
//!
//! # The heart of it: contexts
//! [`Cookie::set_context`] attaches a value to a key object. It arrives in the later notifications
//! for that object as a plain reference ([`Key::context`]), it may be replaced at any time while
//! other threads are looking at it, and it is dropped when the kernel says that nobody does any
//! more: after the object has closed, or while the callback is unregistered.
//!
//! # Levels
//! Notifications come at `IRQL <= APC_LEVEL` (N1), and everything that one lends may be used at that
//! level. A method that calls a routine of the kernel names it; one that names none reads what the
//! kernel handed over, or what this crate keeps. What needs `PASSIVE_LEVEL` asks for a token,
//! [`Passive`](wdm_safe::Passive).
//!
//! # What goes wrong in C, and what becomes of it here
//! Each of these was seen in public drivers.
//!
//! | mistake | what becomes of it |
//! |---|---|
//! | the number of a class is invented or outdated | there is a method for each class and no number to write; a class that is not known here comes to [`unknown`](RegistryCallback::unknown) and passes |
//! | `Argument2` is cast to one structure for all classes, or to the post structure in a pre-notification | the operation's type binds class and structure ([`Operation`]); another operation's fields do not compile |
//! | the V1 structure is read without a look at `Version` | [`v1`](Pre::v1) is an `Option` |
//! | `CompleteName` is taken for an absolute path | [`OpenPath`](operation::OpenPath) is one or the other; [`full_name`](Pre::full_name) puts a relative one together |
//! | the cookie is used in a callback before registering has stored it | [`CookieError::NotPublished`], an error like any other |
//! | an altitude without a NUL is handed to `RtlInitUnicodeString` | [`altitude!`] counts, and checks the text when it is compiled |
//! | a key's name is received in a temporary and released twice, or never | [`KeyName`] owns it, and releases it when it is dropped |
//! | the kernel's buffer is adopted by a `Vec` | inputs are borrowed for the notification: keeping or freeing one does not compile |
//! | a caller's output buffer is written without exception handling | [`answer`](Pre::answer) and [`output`](Post::output) copy through a guarded routine; memory that is gone is `STATUS_ACCESS_VIOLATION` |
//! | an open is failed, and its key object used or left referenced | the outcome uses the notification up, and the key with it; references are dropped by it |
//! | a context is freed when another replaces it | it lives until the cleanup notification: [`Cookie::set_context`] lends it, and never gives it back |
//! | a callback is unregistered inside itself | [`unregister`](CallbackObject::unregister) wants a token that only the driver's start and end have; dropping the object there stops the machine, and never hangs it |
//! | a callback is unregistered under a lock that it takes | a guard of the callback's own lock borrows the object, which `unregister` takes: it does not compile. A lock in a `static` is beyond any type |
//!
//! How a driver in C is brought over, line by line, is in `docs/porting.md` in the repository.

#![no_std]
#![deny(unsafe_code)]

mod altitude;
mod border;
mod callback;
mod legacy;
mod notification;
mod object;
pub mod operation;
mod outcome;
mod sync;

pub use altitude::Altitude;
pub use border::cookie::{Cookie, CookieError, KeyName, SetContextError};
pub use border::key::{Key, KeyObject, Stage, Usable, stage};
pub use border::reply::{Answered, Created, Opened};
pub use border::transaction::Transaction;
pub use border::version::{CallbackVersion, callback_version};
pub use callback::{NotifyClass, RegistryCallback};
pub use legacy::{LegacyCallback, LegacyOutcome, LegacyPost, LegacyPre};
pub use notification::{Cleanup, PassWithError, Post, Pre};
pub use object::{
    CallbackObject, NewError, RegisterError, Registered, State, Unregistered, UnregisteredLegacy,
};
pub use operation::Operation;
pub use outcome::{PostOutcome, PreOutcome};

/// What the macros expand to; not for use by name.
#[doc(hidden)]
pub mod __private {
    pub use wdm_safe::unicode;
}
