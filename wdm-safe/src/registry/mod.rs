//! The registry as a driver's client of it: [`RegKey`], [`Value`], [`Transaction`].
//!
//! Calls go through the `Zw*` routines with kernel handles, so they are made with the kernel's own
//! rights: neither the key's security nor the access that a handle was opened with stops them. They
//! are seen by registry callbacks; those that a callback makes are seen only by the callbacks below
//! it (N7). All of them run at `PASSIVE_LEVEL`, so they take a
//! [`Passive`](crate::Passive) token.
//!
//! | to do | with |
//! |---|---|
//! | open or create a key | [`RegKey::open`], [`RegKey::create`]; with options [`KeyRequest`] |
//! | read and write values | [`RegKey::value`], [`RegKey::set_value`]; decoded: [`ValueRef`] |
//! | go through subkeys and values | [`RegKey::subkeys`], [`RegKey::values`] |
//! | read without allocating | [`KeyBuffer`] |
//! | counts, lengths, times, class | [`RegKey::info`], [`RegKey::class`] |
//! | make and read symbolic links | [`KeyRequest::create_link`], [`RegKey::link_target`] |
//! | read and set security | [`RegKey::security`], [`RegKey::set_security`] |
//! | be told of changes | [`RegKey::watch`], [`RegKey::wait_for_change`] |
//! | find the driver's own keys | [`RegKey::driver_key`], [`RegKey::device_key`] |
//!
//! ```
//! # use wdm_sim::Machine;
//! use wdm_safe::registry::{KeyAccess, RegKey, ValueRef};
//! use wdm_safe::{Passive, Result, unicode};
//!
//! fn count_starts(at: Passive<'_>) -> Result<u32> {
//!     let path = unicode!(r"\Registry\Machine\Software\Example");
//!     let (key, _) = RegKey::create(path, KeyAccess::READ | KeyAccess::WRITE, at)?;
//!     let name = unicode!("Starts");
//!     let starts = key.value(name, at).ok().and_then(|value| value.as_u32()).unwrap_or(0) + 1;
//!     key.set_value(name, ValueRef::Dword(starts), at)?;
//!     Ok(starts)
//! }
//! # let machine = Machine::builder().build()?;
//! # let process = machine.process("example"); let _thread = process.enter();
//! # let at = unsafe { Passive::new_unchecked() };
//! # RegKey::create(unicode!(r"\Registry\Machine\Software"), KeyAccess::ALL, at)?;
//! # assert_eq!((count_starts(at)?, count_starts(at)?), (1, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod buffer;
mod enumerate;
mod info;
mod key;
mod link;
mod own_keys;
mod query;
mod request;
mod security;
mod together;
mod transaction;
mod value;
mod watch;

pub use buffer::{KeyBuffer, SubkeyEntry, ValueData, ValueEntry};
pub use enumerate::{SubkeyCursor, Subkeys, ValueCursor, Values};
pub use info::KeyInfo;
pub use key::RegKey;
pub use own_keys::{DeviceKey, DriverKey, PhysicalDevice};
pub use request::{Disposition, KeyRequest};
pub use security::SecurityDescriptor;
pub use transaction::Transaction;
pub use value::{MultiString, Value, ValueRef, ValueType};
pub use watch::{KeyWatch, WatchScope};
pub use wdm_sys::{KeyAccess, KeyChanges, KeyOptions, SecurityInformation};
