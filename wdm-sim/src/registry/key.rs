//! One key of the tree.
//!
//! Every key has a lock of its own, so that threads that work on different keys do not meet. A
//! thread that needs two locks takes the parent's before the child's, and never holds more than
//! those two; only a transaction that commits holds those of all keys it changed, taken by depth.

use std::fmt;
use std::sync::atomic::{self, AtomicU64};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use bitflags::bitflags;

use super::pending::{Owner, Pending};
use super::subkeys::Subkeys;
use super::time::system_time;
use super::value::Values;
use super::{SEPARATOR, Utf16};
use crate::status::Status;

bitflags! {
    /// What a key is for its whole life.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KeyFlags: u8 {
        /// Lives in memory only (`REG_OPTION_VOLATILE`).
        const VOLATILE = 1;
        /// Is a symbolic link (`REG_OPTION_CREATE_LINK`).
        const LINK = 2;
        /// Is the root of a hive, or one of the tree's fixed keys: neither deleted nor renamed.
        const ROOT = 4;
        /// Is the root of a mounted hive.
        const HIVE = 8;
        /// Is the root of an application hive, below `\REGISTRY\A` (N10).
        const APPLICATION = 16;
    }
}

/// A registry key. What a handle refers to is a *key object*, of which one key can have many (K1);
/// this is the key itself.
pub struct Key {
    id: u64,
    parent: Weak<Key>,
    depth: u16,
    flags: KeyFlags,
    class: Box<[u16]>,
    state: RwLock<State>,
}

pub(super) struct State {
    pub(super) name: Utf16,
    pub(super) subkeys: Subkeys,
    pub(super) values: Values,
    pub(super) security: Arc<[u8]>,
    pub(super) last_write: u64,
    pub(super) wow64_flags: u32,
    pub(super) control_flags: u32,
    pub(super) deleted: bool,
    /// What transactions have done to the key and not committed.
    pub(super) pending: Option<Box<Pending>>,
}

/// The fixed properties of a key that [`Key::build`] makes.
pub(super) struct Blueprint<'a> {
    pub(super) name: &'a [u16],
    pub(super) flags: KeyFlags,
    pub(super) class: &'a [u16],
    pub(super) security: Arc<[u8]>,
    pub(super) last_write: u64,
}

impl Key {
    /// Makes a key that knows its parent but that its parent does not list yet.
    pub(super) fn build(parent: Option<&Arc<Self>>, blueprint: Blueprint<'_>) -> Arc<Self> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        Arc::new(Self {
            id: NEXT_ID.fetch_add(1, atomic::Ordering::Relaxed),
            parent: parent.map_or_else(Weak::new, Arc::downgrade),
            depth: parent.map_or(0, |parent| parent.depth + 1),
            flags: blueprint.flags,
            class: blueprint.class.into(),
            state: RwLock::new(State {
                name: blueprint.name.into(),
                subkeys: Subkeys::default(),
                values: Values::default(),
                security: blueprint.security,
                last_write: blueprint.last_write,
                wow64_flags: 0,
                control_flags: 0,
                deleted: false,
                pending: None,
            }),
        })
    }

    /// A number that no other key of this process has or had. It survives a rename (K4).
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What the key is for its whole life.
    pub fn flags(&self) -> KeyFlags {
        self.flags
    }

    /// Whether the key lives in memory only.
    pub fn is_volatile(&self) -> bool {
        self.flags.contains(KeyFlags::VOLATILE)
    }

    /// Whether the key is a symbolic link.
    pub fn is_link(&self) -> bool {
        self.flags.contains(KeyFlags::LINK)
    }

    /// How many keys lie above this one; 0 for `\REGISTRY`.
    pub fn depth(&self) -> u16 {
        self.depth
    }

    /// The class name; empty for none.
    pub fn class(&self) -> &[u16] {
        &self.class
    }

    /// The key above, or `None` for `\REGISTRY` and for a key whose parent is gone.
    pub fn parent(&self) -> Option<Arc<Self>> {
        self.parent.upgrade()
    }

    /// Whether the key has been deleted, or its hive unloaded.
    pub fn is_deleted(&self) -> bool {
        self.lock_read().deleted
    }

    /// The key's own name, in the case it was given.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`.
    pub fn name(&self) -> Result<Utf16, Status> {
        Ok(Arc::clone(&self.read()?.name))
    }

    /// The absolute name, such as `\REGISTRY\MACHINE\SYSTEM`.
    ///
    /// The walk up takes one lock at a time, so a rename that happens meanwhile may or may not
    /// show.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`.
    pub fn full_name(&self) -> Result<Vec<u16>, Status> {
        let mut names = vec![self.name()?];
        let mut above = self.parent();
        for _ in 0..self.depth {
            let key = above.ok_or(Status::KEY_DELETED)?;
            names.push(key.name()?);
            above = key.parent();
        }
        let mut full = Vec::with_capacity(names.iter().map(|name| name.len() + 1).sum());
        for name in names.iter().rev() {
            full.push(SEPARATOR);
            full.extend_from_slice(name);
        }
        Ok(full)
    }

    /// The security descriptor, as it was set.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`.
    pub fn security(&self) -> Result<Arc<[u8]>, Status> {
        Ok(Arc::clone(&self.read()?.security))
    }

    /// Replaces the security descriptor, whose bytes are not looked into.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`.
    pub fn set_security(&self, security: Arc<[u8]>) -> Result<(), Status> {
        let mut state = self.write()?;
        state.security = security;
        state.last_write = system_time();
        Ok(())
    }

    /// The time of the last change: 100 ns units since 1601, UTC.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`.
    pub fn last_write_time(&self) -> Result<u64, Status> {
        Ok(self.read()?.last_write)
    }

    /// Sets the time of the last change: 100 ns units since 1601, UTC.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`.
    pub fn set_last_write_time(&self, time: u64) -> Result<(), Status> {
        self.write()?.last_write = time;
        Ok(())
    }

    fn take_subkeys(&mut self) -> Vec<Arc<Self>> {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.subkeys).into_keys()
    }

    /// Fails with `STATUS_KEY_DELETED` for a deleted key.
    pub(crate) fn check_live(&self) -> Result<(), Status> {
        self.read().map(drop)
    }

    /// Locks the key for reading.
    pub(super) fn read(&self) -> Result<RwLockReadGuard<'_, State>, Status> {
        let state = self.lock_read();
        if state.deleted {
            Err(Status::KEY_DELETED)
        } else {
            Ok(state)
        }
    }

    /// Locks the key for writing what it holds: its values and properties. A transaction that has
    /// changed them and not committed is rolled back first.
    pub(super) fn write(&self) -> Result<RwLockWriteGuard<'_, State>, Status> {
        self.write_unless(State::contents_owner)
    }

    /// Locks the key for a write that is part of no transaction. Whose pending changes are in the
    /// way, as `conflict` finds, is rolled back first: who writes outside of transactions wins.
    pub(super) fn write_unless(
        &self,
        conflict: impl Fn(&State) -> Option<&Owner>,
    ) -> Result<RwLockWriteGuard<'_, State>, Status> {
        loop {
            let state = self.write_within()?;
            let Some(owner) = conflict(&state).cloned() else {
                return Ok(state);
            };
            // The owner takes locks of keys in turn.
            drop(state);
            owner.roll_back();
        }
    }

    /// Locks `parent` and the key for a write that is part of no transaction, as
    /// [`write_unless`](Self::write_unless) does for one key.
    pub(super) fn write_with_parent<'k>(
        &'k self,
        parent: &'k Self,
        conflict: impl for<'s> Fn(&'s State, &'s State) -> Option<&'s Owner>,
    ) -> Result<[RwLockWriteGuard<'k, State>; 2], Status> {
        loop {
            let above = parent.write_within()?;
            let state = self.write_within()?;
            let Some(owner) = conflict(&above, &state).cloned() else {
                return Ok([above, state]);
            };
            drop((above, state));
            owner.roll_back();
        }
    }

    /// Locks the key for writing within a transaction, which looks for conflicts itself.
    pub(super) fn write_within(&self) -> Result<RwLockWriteGuard<'_, State>, Status> {
        let state = self.lock_write();
        if state.deleted {
            Err(Status::KEY_DELETED)
        } else {
            Ok(state)
        }
    }

    // No code panics while it holds a lock half-way through a change, so a poisoned lock's state is
    // as good as any other.
    fn lock_read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lock_write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Key {
    /// Frees the keys below one after the other, so that a deep tree needs no deep stack.
    fn drop(&mut self) {
        let mut pending = self.take_subkeys();
        while let Some(key) = pending.pop() {
            if let Some(mut key) = Arc::into_inner(key) {
                pending.extend(key.take_subkeys());
            }
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.full_name().map(|name| String::from_utf16_lossy(&name));
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("name", &name)
            .finish_non_exhaustive()
    }
}
