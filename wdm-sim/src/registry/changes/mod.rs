//! Registry operations whose effects nobody else sees until they are committed.
//!
//! What [`Changes`] does to a key that exists outside of it is kept [beside](super::pending) that
//! key. A key that was made in it is listed nowhere else, so that it is changed in place. Reading
//! gives what is committed by others at that time, and the changes on top of it ("read committed",
//! T4).
//!
//! Who writes outside of transactions wins: the holder of changes that are in the way is rolled
//! back. Between two transactions the first one wins: the other gets
//! `STATUS_TRANSACTIONAL_CONFLICT` (T5).

mod keys;
mod values;

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use super::key::{Key, State};
use super::pending::{Holder, Owner, Seen};
use crate::status::Status;

/// The uncommitted changes of one transaction. Dropping them rolls them back.
pub(crate) struct Changes {
    owner: Owner,
    /// The keys that have changes pending, by id.
    touched: HashMap<u64, Arc<Key>>,
    /// The keys that were made, by id, deleted ones too.
    made: HashMap<u64, Arc<Key>>,
}

impl Changes {
    /// No changes yet. `holder` is asked to roll them back when somebody writes to the same keys
    /// outside of transactions.
    pub(crate) fn new(holder: Weak<dyn Holder>) -> Self {
        Self {
            owner: Owner::new(holder),
            touched: HashMap::new(),
            made: HashMap::new(),
        }
    }

    /// Makes the changes everybody's, all at one time.
    pub(crate) fn commit(mut self) {
        self.made.clear();
        let mut touched: Vec<_> = self.touched.drain().map(|(_, key)| key).collect();
        touched.sort_by_key(|key| (key.depth(), key.id()));
        let mut locked: Vec<_> = touched.iter().map(|key| key.lock_write()).collect();
        for state in &mut locked {
            state.commit(&self.owner);
        }
    }

    /// Whether the key was made by these changes, so that nobody else has it.
    fn is_own(&self, key: &Key) -> bool {
        self.made.contains_key(&key.id())
    }

    /// Notes that a key has changes pending.
    fn touch(&mut self, key: &Arc<Key>) {
        self.touched.insert(key.id(), Arc::clone(key));
    }

    /// Looks at a key.
    fn read<T>(
        &self,
        key: &Key,
        look: impl FnOnce(&Seen<'_>) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let state = key.read()?;
        let seen = Seen::within(&state, &self.owner);
        if seen.contents().deleted {
            return Err(Status::KEY_DELETED);
        }
        look(&seen)
    }

    /// Changes what a key holds.
    fn write<T>(
        &mut self,
        key: &Arc<Key>,
        change: impl FnOnce(&mut State) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let mut state = key.write_within()?;
        if self.is_own(key) {
            return change(&mut state);
        }
        state.check_contents(&self.owner)?;
        if Seen::within(&state, &self.owner).contents().deleted {
            return Err(Status::KEY_DELETED);
        }
        let changed = state.change_shadow(&self.owner, change)?;
        self.touch(key);
        Ok(changed)
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        for key in self.touched.values() {
            key.lock_write().forget(&self.owner);
        }
        for key in self.made.values() {
            drop(key.lock_write().retire());
        }
    }
}
