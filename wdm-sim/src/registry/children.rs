//! Keys below a key: making, finding, renaming and deleting them.

use std::fmt;
use std::sync::Arc;

use super::key::{Blueprint, Key, KeyFlags, State};
use super::time::system_time;
use super::value::Values;
use super::{MAX_DEPTH, MAX_KEY_NAME, SEPARATOR};
use crate::status::Status;

/// What a new key is made of.
#[derive(Clone, Debug, Default)]
pub struct NewKey<'a> {
    /// Lives in memory only (`REG_OPTION_VOLATILE`).
    pub volatile: bool,
    /// Is a symbolic link (`REG_OPTION_CREATE_LINK`).
    pub link: bool,
    /// The class name; empty for none.
    pub class: &'a [u16],
    /// The security descriptor.
    pub security: NewSecurity<'a>,
}

/// The security descriptor of a new key.
#[derive(Clone, Default)]
pub enum NewSecurity<'a> {
    /// The parent's.
    #[default]
    Parents,
    /// This one.
    Is(Arc<[u8]>),
    /// What this makes of the parent's, unless it refuses.
    Made(&'a MakeSecurity<'a>),
}

/// Makes a new key's security descriptor of its parent's, or refuses the key.
pub type MakeSecurity<'a> = dyn Fn(&Arc<[u8]>) -> Result<Arc<[u8]>, Status> + 'a;

impl NewSecurity<'_> {
    fn below(&self, parents: &Arc<[u8]>) -> Result<Arc<[u8]>, Status> {
        match self {
            Self::Parents => Ok(Arc::clone(parents)),
            Self::Is(security) => Ok(Arc::clone(security)),
            Self::Made(make) => make(parents),
        }
    }
}

impl fmt::Debug for NewSecurity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parents => "Parents",
            Self::Is(_) => "Is(..)",
            Self::Made(_) => "Made(..)",
        })
    }
}

impl Key {
    /// Opens the subkey `name` (one component) without following it if it is a link.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND`, `STATUS_KEY_DELETED`.
    pub fn child(&self, name: &[u16]) -> Result<Arc<Self>, Status> {
        self.read()?
            .subkeys
            .find(name)
            .cloned()
            .ok_or(Status::OBJECT_NAME_NOT_FOUND)
    }

    /// Opens the subkey `name` (one component), or makes it. The flag says whether it was made.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for a malformed name or a tree that would grow too deep,
    /// `STATUS_CHILD_MUST_BE_VOLATILE`, `STATUS_ACCESS_DENIED` below a symbolic link, what
    /// [`NewSecurity::Made`] refuses with, `STATUS_KEY_DELETED`.
    pub fn create_child(
        self: &Arc<Self>,
        name: &[u16],
        new: &NewKey<'_>,
    ) -> Result<(Arc<Self>, bool), Status> {
        check_key_name(name)?;
        let mut state = self.write_unless(|state| match state.subkeys.find(name) {
            Some(_) => None,
            None => state.subkey_owner(name),
        })?;
        if let Some(existing) = state.subkeys.find(name) {
            return Ok((Arc::clone(existing), false));
        }
        let key = self.new_child(name, new, &state.security)?;
        let name = key.name()?;
        state.subkeys.insert(name, Arc::clone(&key));
        state.last_write = system_time();
        Ok((key, true))
    }

    /// Makes a key that is to become a subkey of this one; `security` is this one's descriptor.
    pub(super) fn new_child(
        self: &Arc<Self>,
        name: &[u16],
        new: &NewKey<'_>,
        security: &Arc<[u8]>,
    ) -> Result<Arc<Self>, Status> {
        if self.is_volatile() && !new.volatile {
            return Err(Status::CHILD_MUST_BE_VOLATILE);
        }
        if self.is_link() {
            return Err(Status::ACCESS_DENIED);
        }
        if self.depth() >= MAX_DEPTH {
            return Err(Status::INVALID_PARAMETER);
        }
        let mut flags = KeyFlags::empty();
        flags.set(KeyFlags::VOLATILE, new.volatile);
        flags.set(KeyFlags::LINK, new.link);
        Ok(Self::build(
            Some(self),
            Blueprint {
                name,
                flags,
                class: new.class,
                security: new.security.below(security)?,
                last_write: system_time(),
            },
        ))
    }

    /// Deletes the key. From then on every operation on it fails with `STATUS_KEY_DELETED`.
    ///
    /// # Errors
    /// `STATUS_CANNOT_DELETE` for a key that has subkeys and for the root of a hive,
    /// `STATUS_KEY_DELETED`.
    pub fn delete(&self) -> Result<(), Status> {
        self.check_live()?;
        if self.flags().contains(KeyFlags::ROOT) {
            return Err(Status::CANNOT_DELETE);
        }
        let parent = self.parent().ok_or(Status::KEY_DELETED)?;
        let [mut above, mut state] = self.write_with_parent(&parent, |_, state| {
            let is_leaf = state.subkeys.len() == 0;
            state.any_owner().filter(|_| is_leaf)
        })?;
        if state.subkeys.len() > 0 {
            return Err(Status::CANNOT_DELETE);
        }
        above.subkeys.remove(&state.name);
        above.last_write = system_time();
        state.deleted = true;
        state.values = Values::default();
        Ok(())
    }

    /// Gives the key another name below the same parent.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for a malformed name, `STATUS_CANNOT_DELETE` if a key of that
    /// name exists, be it this one (NT answers so, not with a collision), `STATUS_ACCESS_DENIED` for
    /// the root of a hive, `STATUS_KEY_DELETED`.
    pub fn rename(self: &Arc<Self>, name: &[u16]) -> Result<(), Status> {
        check_key_name(name)?;
        if self.flags().contains(KeyFlags::ROOT) {
            return Err(Status::ACCESS_DENIED);
        }
        self.check_live()?;
        let parent = self.parent().ok_or(Status::KEY_DELETED)?;
        let is_taken = |above: &State| above.subkeys.find(name).is_some();
        let [mut above, mut state] =
            self.write_with_parent(&parent, |above, state| match is_taken(above) {
                true => None,
                false => above.subkey_owner(name).or_else(|| state.any_owner()),
            })?;
        if is_taken(&above) {
            return Err(Status::CANNOT_DELETE);
        }
        above.subkeys.remove(&state.name);
        state.name = name.into();
        above
            .subkeys
            .insert(Arc::clone(&state.name), Arc::clone(self));
        let now = system_time();
        above.last_write = now;
        state.last_write = now;
        Ok(())
    }

    /// The number of subkeys.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`.
    pub fn subkey_count(&self) -> Result<usize, Status> {
        Ok(self.read()?.subkeys.len())
    }

    /// The subkey number `index`: stable ones sorted by name, then volatile ones sorted by name.
    ///
    /// # Errors
    /// `STATUS_NO_MORE_ENTRIES`, `STATUS_KEY_DELETED`.
    pub fn subkey(&self, index: usize) -> Result<Arc<Self>, Status> {
        self.read()?
            .subkeys
            .get(index)
            .cloned()
            .ok_or(Status::NO_MORE_ENTRIES)
    }

    /// All subkeys, in the order of [`subkey`](Self::subkey).
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`.
    pub fn subkeys(&self) -> Result<Vec<Arc<Self>>, Status> {
        Ok(self.read()?.subkeys.iter().cloned().collect())
    }

    /// Takes a mounted hive out of the tree: open key objects answer `STATUS_KEY_DELETED` from then
    /// on.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for a key that is not the root of a mounted hive,
    /// `STATUS_KEY_DELETED`.
    pub(crate) fn unmount(&self) -> Result<(), Status> {
        if !self.flags().contains(KeyFlags::HIVE) {
            return Err(Status::INVALID_PARAMETER);
        }
        let parent = self.parent().ok_or(Status::KEY_DELETED)?;
        let [mut above, mut state] =
            self.write_with_parent(&parent, |_, state| state.any_owner())?;
        above.subkeys.remove(&state.name);
        above.last_write = system_time();
        drop(above);
        // One lock at a time from here on: nobody can reach the subtree from the tree's root, and
        // a key that is already marked gains no subkeys.
        let below = state.retire();
        drop(state);
        retire_all(below);
        Ok(())
    }
}

/// Marks keys, which no list has any more, and all below them deleted, and rolls back who has
/// uncommitted changes of them. The caller holds no lock of a key.
pub(super) fn retire_all(mut below: Vec<Arc<Key>>) {
    let mut owners = Vec::new();
    while let Some(key) = below.pop() {
        let mut state = key.lock_write();
        if let Some(pending) = &state.pending {
            owners.extend(pending.owners().cloned());
        }
        below.extend(state.retire());
    }
    for owner in owners {
        owner.roll_back();
    }
}

impl State {
    /// Marks the key deleted and hands over its subkeys.
    pub(super) fn retire(&mut self) -> Vec<Arc<Key>> {
        self.deleted = true;
        self.values = Values::default();
        std::mem::take(&mut self.subkeys).into_keys()
    }
}

/// One component: not empty, not too long, no separator. Any other unit is allowed, NUL too.
pub(super) fn check_key_name(name: &[u16]) -> Result<(), Status> {
    if name.is_empty() || name.len() > MAX_KEY_NAME || name.contains(&SEPARATOR) {
        return Err(Status::INVALID_PARAMETER);
    }
    Ok(())
}
