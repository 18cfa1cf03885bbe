//! Restoring: a key's values and all below it are replaced by those of a hive file.

use std::sync::Arc;

use super::children::retire_all;
use super::hive::{self, HiveError, HiveReport};
use super::key::{Key, KeyFlags};
use super::{control_set, upcase, wide};
use crate::status::Status;

impl Key {
    /// Replaces the key's values, security descriptor and subkeys by those of a hive file, in one
    /// step; the key itself, its name and its class stay. Key objects of the old subkeys answer
    /// `STATUS_KEY_DELETED` from then on. Hives that are mounted below stay, too.
    ///
    /// What the restored keys are, `volatile` or not, is for the caller to say; below a volatile
    /// key they are it anyway.
    ///
    /// # Errors
    /// As [`mount`](super::mount), and nothing has changed then.
    pub(crate) fn restore(
        self: &Arc<Self>,
        file: &[u8],
        volatile: bool,
    ) -> Result<HiveReport, HiveError> {
        let shown = self.full_name().unwrap_or_default();
        let refuse = |status| HiveError::Mount {
            name: String::from_utf16_lossy(&shown),
            status,
        };
        let volatile = volatile || self.is_volatile();
        let (staged, mut report) = hive::stage(self, file, volatile)?;
        let old = self.take_over(&staged).map_err(refuse)?;
        retire_all(old);
        // The machine goes on without a restart, so it needs the link that NT makes at the start.
        if upcase::equal(&shown, &wide(r"\REGISTRY\MACHINE\SYSTEM")) {
            report.current_control_set = control_set::link_current(self);
        }
        Ok(report)
    }

    /// Takes the contents of a key that was staged for this one, and hands over its old subkeys.
    fn take_over(&self, staged: &Key) -> Result<Vec<Arc<Key>>, Status> {
        let mut state = self.write()?;
        let mut new = staged.lock_write();
        let is_hive = |key: &Arc<Key>| key.flags().contains(KeyFlags::HIVE);
        let mut mounted = Vec::new();
        for hive in state.subkeys.iter().filter(|key| is_hive(key)) {
            let name = hive.name()?;
            if new.subkeys.find(&name).is_some() {
                return Err(Status::OBJECT_NAME_COLLISION);
            }
            mounted.push((name, Arc::clone(hive)));
        }
        let mut old = std::mem::replace(&mut state.subkeys, std::mem::take(&mut new.subkeys));
        for (name, hive) in mounted {
            old.remove(&name);
            state.subkeys.insert(name, hive);
        }
        state.values = std::mem::take(&mut new.values);
        state.security = Arc::clone(&new.security);
        state.last_write = new.last_write;
        Ok(old.into_keys())
    }

    /// The root of the hive that the key is in; `None` for the tree's own keys and what is below
    /// them in memory only.
    pub(crate) fn hive_root(self: &Arc<Self>) -> Option<Arc<Self>> {
        let mut key = Arc::clone(self);
        while !key.flags().contains(KeyFlags::HIVE) {
            key = key.parent()?;
        }
        Some(key)
    }

    /// Whether this is one of the tree's own keys, which are in no hive.
    pub(crate) fn is_fixed(&self) -> bool {
        self.flags().contains(KeyFlags::ROOT) && !self.flags().contains(KeyFlags::HIVE)
    }

    /// Whether the key is `above` or below it, in the same hive.
    pub(crate) fn is_within(self: &Arc<Self>, above: &Arc<Self>) -> bool {
        let mut key = Arc::clone(self);
        while !Arc::ptr_eq(&key, above) {
            if key.flags().contains(KeyFlags::HIVE) {
                return false;
            }
            match key.parent() {
                Some(parent) => key = parent,
                None => return false,
            }
        }
        true
    }
}
