//! The registry tree of the simulated kernel.
//!
//! This module knows keys, values and hives, and the rules that NT has for them. It knows nothing
//! of handles, access rights or callbacks, and of transactions only that somebody holds changes that
//! are not committed; the kernel around it does. All names are
//! UTF-16 without a terminating NUL; all errors are NTSTATUS values.
//!
//! ```text
//! Registry::new()                      \REGISTRY with MACHINE, USER and A
//!   .root()                            the key \REGISTRY
//!   .open(absolute, open_link)         a key by absolute name, links followed
//!   .create(absolute, open_link, &NewKey)
//!   .mount_at(absolute, &bytes)        a hive (regf, or xz of it) as a subtree -> HiveReport
//!   .unmount(absolute)                 takes it out again
//! mount(&parent, name, &bytes)         the same below any key, without CurrentControlSet
//! Snapshot::of(&key), write(..)        a subtree as a hive file
//! demo_hive()                          the bytes of a small invented SYSTEM hive
//! Registry::relative(absolute)         the part below \REGISTRY, where the kernel starts its parse
//!
//! Key (always Arc<Key>)                one key, with a lock of its own
//!   .id() .flags() .class() .depth() .parent() .name() .full_name() .is_deleted()
//!   .open(path, open_link)             -> Parsed::Found(key) | Parsed::Reparse(absolute name)
//!   .create(path, open_link, &NewKey)  -> Parsed::Found((key, Disposition)) | Parsed::Reparse(..)
//!   .child(name) .create_child(name, &NewKey)
//!   .delete() .rename(name)
//!   .subkey_count() .subkey(index) .subkeys()
//!   .value_count() .value(name) .value_at(index) .set_value(name, kind, data) .delete_value(name)
//!   .link_target() .set_link_target(name)
//!   .restore(&bytes, volatile)         its contents replaced by those of a hive file
//!   .security() .set_security(bytes) .last_write_time() .set_last_write_time(t)
//!   .query(KeyInfo, &mut [u8])         -> Answer { status, length }, NT's structures as bytes
//!   .query_value(name, ValueInfo, &mut [u8]) .query_value_at(index, ValueInfo, &mut [u8])
//!   .set_information(KeySetInfo, &[u8])
//! ```
//!
//! A parse that ends with [`Parsed::Reparse`] is started again by the caller with the name it
//! carries, at most [`MAX_REPARSE`] times. [`Registry::open`] and [`Registry::create`] do so.

#![deny(unsafe_code)]

mod bins;
mod cells;
mod changes;
mod children;
mod control_set;
mod demo_hive;
mod hive;
mod info;
mod key;
mod layout;
mod parse;
mod pending;
mod restore;
mod snapshot;
mod subkeys;
#[cfg(test)]
mod tests;
mod time;
pub mod upcase;
mod value;
mod write;

use std::sync::Arc;

pub(crate) use changes::Changes;
pub use children::{MakeSecurity, NewKey, NewSecurity};
pub use demo_hive::demo_hive;
pub(crate) use demo_hive::demo_hives;
pub(crate) use hive::check as check_hive;
pub use hive::{HiveError, HiveReport, mount};
pub use info::{KeyInfo, KeySetInfo, ValueInfo};
pub use key::{Key, KeyFlags};
pub use layout::Answer;
pub use parse::{Disposition, Parsed};
pub(crate) use pending::Holder;
pub(crate) use snapshot::Snapshot;
pub(crate) use time::SECONDS_TO_1970;
pub use time::system_time;
pub use value::{REG_LINK, Value};
pub(crate) use write::{Version, write};

use crate::status::Status;
use key::Blueprint;

/// A name or another UTF-16 text, shared instead of copied.
pub type Utf16 = Arc<[u16]>;

/// The backslash between the components of a path.
pub const SEPARATOR: u16 = b'\\' as u16;

/// The longest key name (one component) in UTF-16 units.
pub const MAX_KEY_NAME: usize = 255;

/// The longest value name in UTF-16 units.
pub const MAX_VALUE_NAME: usize = 16_383;

/// The deepest key's depth; `\REGISTRY` has depth 0.
pub const MAX_DEPTH: u16 = 512;

/// How many symbolic links one open may meet.
pub const MAX_REPARSE: usize = 64;

/// A registry: the tree below `\REGISTRY`.
#[derive(Debug)]
pub struct Registry {
    root: Arc<Key>,
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl Registry {
    /// Makes `\REGISTRY` with `MACHINE`, `USER` and `A` (where application hives live, N10).
    pub fn new() -> Self {
        let fixed = |parent, name| {
            Key::build(
                parent,
                Blueprint {
                    name: &wide(name),
                    flags: KeyFlags::ROOT,
                    class: &[],
                    security: crate::se::hive_root(),
                    last_write: system_time(),
                },
            )
        };
        let root = fixed(None, "REGISTRY");
        for name in ["A", "MACHINE", "USER"] {
            let key = fixed(Some(&root), name);
            attach(&root, key).expect("the root is new and empty");
        }
        Self { root }
    }

    /// The key `\REGISTRY`.
    pub fn root(&self) -> &Arc<Key> {
        &self.root
    }

    /// Strips `\REGISTRY` from an absolute name; the rest is a path for [`Key::open`] on
    /// [`root`](Self::root).
    ///
    /// # Errors
    /// `STATUS_OBJECT_PATH_SYNTAX_BAD` for a name that does not begin with a backslash,
    /// `STATUS_OBJECT_NAME_NOT_FOUND` for one that does not lead into the registry.
    pub fn relative(absolute: &[u16]) -> Result<&[u16], Status> {
        let path = absolute
            .strip_prefix(&[SEPARATOR])
            .ok_or(Status::OBJECT_PATH_SYNTAX_BAD)?;
        let (first, rest) = parse::split_first(path);
        if upcase::equal(first, &wide("REGISTRY")) {
            Ok(rest)
        } else {
            Err(Status::OBJECT_NAME_NOT_FOUND)
        }
    }

    /// Opens a key by its absolute name and follows symbolic links.
    ///
    /// # Errors
    /// Those of [`relative`](Self::relative) and [`Key::open`]; `STATUS_OBJECT_NAME_NOT_FOUND`
    /// after [`MAX_REPARSE`] links.
    pub fn open(&self, absolute: &[u16], open_link: bool) -> Result<Arc<Key>, Status> {
        self.resolve(absolute, |path| self.root.open(path, open_link))
    }

    /// Opens a key by its absolute name, or makes its last component, and follows symbolic links.
    ///
    /// # Errors
    /// Those of [`relative`](Self::relative) and [`Key::create`]; `STATUS_OBJECT_NAME_NOT_FOUND`
    /// after [`MAX_REPARSE`] links.
    pub fn create(
        &self,
        absolute: &[u16],
        open_link: bool,
        new: &NewKey<'_>,
    ) -> Result<(Arc<Key>, Disposition), Status> {
        self.resolve(absolute, |path| self.root.create(path, open_link, new))
    }

    /// Mounts a hive file (regf, or xz of it) at an absolute name whose last component is free.
    ///
    /// Below `\REGISTRY\MACHINE\SYSTEM` this also makes `CurrentControlSet`, as NT does when it
    /// starts: a volatile symbolic link to the control set whose number is in `Select\Current`.
    ///
    /// # Errors
    /// See [`HiveError`].
    pub fn mount_at(&self, absolute: &[u16], file: &[u8]) -> Result<HiveReport, HiveError> {
        let (above, name) = parse::split_last(absolute);
        let parent = self.open(above, false).map_err(|status| HiveError::Mount {
            name: String::from_utf16_lossy(name),
            status,
        })?;
        self.mount_below(&parent, name, file, false)
            .map(|(_, report)| report)
    }

    /// As [`mount_at`](Self::mount_at), below a key; also gives the hive's root. The root of an
    /// `application` hive is marked as one.
    ///
    /// # Errors
    /// See [`HiveError`].
    pub(crate) fn mount_below(
        &self,
        parent: &Arc<Key>,
        name: &[u16],
        file: &[u8],
        application: bool,
    ) -> Result<(Arc<Key>, HiveReport), HiveError> {
        let mut flags = KeyFlags::empty();
        flags.set(KeyFlags::APPLICATION, application);
        let (root, mut report) = hive::mount_as(parent, name, file, flags)?;
        let is_system = root
            .full_name()
            .is_ok_and(|name| upcase::equal(&name, &wide(r"\REGISTRY\MACHINE\SYSTEM")));
        if is_system {
            report.current_control_set = control_set::link_current(&root);
        }
        Ok((root, report))
    }

    /// The key above an absolute name, and the name's last component.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub(crate) fn above<'n>(&self, absolute: &'n [u16]) -> Result<(Arc<Key>, &'n [u16]), Status> {
        let (above, name) = parse::split_last(absolute);
        Ok((self.open(above, false)?, name))
    }

    /// Takes a hive out of the tree (`ZwUnloadKey`). Key objects that are open answer
    /// `STATUS_KEY_DELETED` from then on.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for a key that is not the root of a mounted hive, and those of
    /// [`open`](Self::open).
    pub fn unmount(&self, absolute: &[u16]) -> Result<(), Status> {
        self.open(absolute, true)?.unmount()
    }

    fn resolve<T>(
        &self,
        absolute: &[u16],
        parse: impl Fn(&[u16]) -> Result<Parsed<T>, Status>,
    ) -> Result<T, Status> {
        let mut name = absolute.to_vec();
        for _ in 0..=MAX_REPARSE {
            match parse(Self::relative(&name)?)? {
                Parsed::Found(found) => return Ok(found),
                Parsed::Reparse(target) => name = target,
            }
        }
        Err(Status::OBJECT_NAME_NOT_FOUND)
    }
}

/// Lists a key that [`Key::build`] made in its parent.
fn attach(parent: &Key, key: Arc<Key>) -> Result<(), Status> {
    let name = key.name()?;
    let mut state = parent.write_unless(|state| state.subkey_owner(&name))?;
    if state.subkeys.find(&name).is_some() {
        return Err(Status::OBJECT_NAME_COLLISION);
    }
    state.subkeys.insert(name, key);
    Ok(())
}

/// Encodes text as UTF-16, without a terminating NUL.
pub fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// The bytes of UTF-16 text, little-endian.
pub fn to_bytes(text: &[u16]) -> Vec<u8> {
    text.iter().flat_map(|unit| unit.to_le_bytes()).collect()
}

/// The UTF-16 text in little-endian bytes; an odd last byte is left out.
pub fn from_bytes(bytes: &[u8]) -> Vec<u16> {
    bytes
        .chunks_exact(2)
        .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
        .collect()
}

/// The length in bytes of UTF-16 text. Names are far too short to overflow.
fn byte_len(text: &[u16]) -> u32 {
    u32::try_from(text.len() * 2).unwrap_or(u32::MAX)
}
