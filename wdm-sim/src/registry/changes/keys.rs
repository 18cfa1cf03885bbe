//! Keys below a key, in a transaction: finding, making, renaming and deleting them.

use std::sync::Arc;

use super::Changes;
use crate::registry::children::{NewKey, check_key_name};
use crate::registry::key::{Key, KeyFlags};
use crate::registry::parse::{self, Disposition, Parsed, Walker};
use crate::registry::pending::Seen;
use crate::registry::time::system_time;
use crate::registry::value::Values;
use crate::status::Status;

/// Each does what the method of [`Key`] with the same name does; those that write can fail with
/// `STATUS_TRANSACTIONAL_CONFLICT` besides.
impl Changes {
    pub(crate) fn open(
        &self,
        root: &Arc<Key>,
        path: &[u16],
        open_link: bool,
    ) -> Result<Parsed<Arc<Key>>, Status> {
        parse::open(self, root, path, open_link)
    }

    pub(crate) fn create(
        &mut self,
        root: &Arc<Key>,
        path: &[u16],
        open_link: bool,
        new: &NewKey<'_>,
    ) -> Result<Parsed<(Arc<Key>, Disposition)>, Status> {
        parse::create(self, root, path, open_link, new)
    }

    pub(crate) fn check_live(&self, key: &Key) -> Result<(), Status> {
        self.read(key, |_| Ok(()))
    }

    pub(crate) fn subkey(&self, key: &Key, index: usize) -> Result<Arc<Key>, Status> {
        self.read(key, |seen| {
            seen.subkey(index).ok_or(Status::NO_MORE_ENTRIES)
        })
    }

    pub(crate) fn delete(&mut self, key: &Arc<Key>) -> Result<(), Status> {
        if key.flags().contains(KeyFlags::ROOT) {
            return Err(Status::CANNOT_DELETE);
        }
        let parent = key.parent().ok_or(Status::KEY_DELETED)?;
        let mut above = parent.write_within()?;
        let mut state = key.write_within()?;
        let seen = Seen::within(&state, &self.owner);
        let name = Arc::clone(&seen.contents().name);
        if seen.contents().deleted {
            return Err(Status::KEY_DELETED);
        }
        if seen.subkey_count() > 0 {
            return Err(Status::CANNOT_DELETE);
        }
        state.check_all(&self.owner)?;
        let mark = |state: &mut super::State| {
            state.values = Values::default();
            state.deleted = true;
            Ok(())
        };
        if self.is_own(key) {
            mark(&mut state)?;
        } else {
            state.change_shadow(&self.owner, mark)?;
            self.touch(key);
        }
        if self.is_own(&parent) {
            above.subkeys.remove(&name);
            above.last_write = system_time();
        } else {
            above.subkey_goes(&self.owner, &name);
            self.touch(&parent);
        }
        Ok(())
    }

    pub(crate) fn rename(&mut self, key: &Arc<Key>, name: &[u16]) -> Result<(), Status> {
        check_key_name(name)?;
        if key.flags().contains(KeyFlags::ROOT) {
            return Err(Status::ACCESS_DENIED);
        }
        let parent = key.parent().ok_or(Status::KEY_DELETED)?;
        if self.is_own(&parent) {
            return key.rename(name);
        }
        let mut above = parent.write_within()?;
        let mut state = key.write_within()?;
        let seen = Seen::within(&state, &self.owner);
        let before = Arc::clone(&seen.contents().name);
        if seen.contents().deleted {
            return Err(Status::KEY_DELETED);
        }
        if Seen::within(&above, &self.owner).child(name).is_some() {
            return Err(Status::CANNOT_DELETE);
        }
        above.check_new_subkey(&self.owner, name)?;
        state.check_contents(&self.owner)?;
        let give_name = |state: &mut super::State| {
            state.name = name.into();
            state.last_write = system_time();
            Ok(Arc::clone(&state.name))
        };
        let name = if self.is_own(key) {
            give_name(&mut state)?
        } else {
            self.touch(key);
            state.change_shadow(&self.owner, give_name)?
        };
        above.subkey_goes(&self.owner, &before);
        above.subkey_comes(&self.owner, name, Arc::clone(key));
        self.touch(&parent);
        Ok(())
    }
}

impl Walker for Changes {
    fn child(&self, key: &Arc<Key>, name: &[u16]) -> Result<Arc<Key>, Status> {
        self.read(key, |seen| {
            let child = seen.child(name).cloned();
            child.ok_or(Status::OBJECT_NAME_NOT_FOUND)
        })
    }

    fn create_child(
        &mut self,
        parent: &Arc<Key>,
        name: &[u16],
        new: &NewKey<'_>,
    ) -> Result<(Arc<Key>, bool), Status> {
        if self.is_own(parent) {
            let (key, made) = parent.create_child(name, new)?;
            if made {
                self.made.insert(key.id(), Arc::clone(&key));
            }
            return Ok((key, made));
        }
        check_key_name(name)?;
        let mut above = parent.write_within()?;
        let seen = Seen::within(&above, &self.owner);
        if seen.contents().deleted {
            return Err(Status::KEY_DELETED);
        }
        if let Some(existing) = seen.child(name) {
            return Ok((Arc::clone(existing), false));
        }
        above.check_new_subkey(&self.owner, name)?;
        let key = parent.new_child(name, new, &seen.contents().security)?;
        above.subkey_comes(&self.owner, key.name()?, Arc::clone(&key));
        self.touch(parent);
        self.made.insert(key.id(), Arc::clone(&key));
        Ok((key, true))
    }

    fn link_target(&self, link: &Arc<Key>) -> Result<Vec<u16>, Status> {
        self.read(link, |seen| seen.contents().values.link_target())
    }

    fn check_live(&self, key: &Arc<Key>) -> Result<(), Status> {
        self.check_live(key.as_ref())
    }
}
