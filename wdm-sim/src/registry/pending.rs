//! What transactions have done to one key and have not committed.
//!
//! It lies beside the key's state, so that nobody outside of a transaction sees it, and meets it only
//! where a key is written to. One transaction at a time can change what a key holds, so those
//! changes are a copy of its state, the *shadow*. Several can make, rename and delete different
//! subkeys of one key, so those changes are a list.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use super::key::{Key, State};
use super::subkeys::Subkeys;
use super::time::system_time;
use super::{Utf16, byte_len, upcase};
use crate::status::Status;

/// Who holds uncommitted changes.
pub(crate) trait Holder: Send + Sync {
    /// Rolls all of them back, unless they are committed or rolled back already; when it returns
    /// they are one of the two.
    fn roll_back(&self);
}

/// Whose a pending change is.
#[derive(Clone)]
pub(super) struct Owner {
    id: u64,
    holder: Weak<dyn Holder>,
}

impl Owner {
    /// An owner like no other.
    pub(super) fn new(holder: Weak<dyn Holder>) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            holder,
        }
    }

    /// Rolls the owner's changes back. The caller holds no lock of a key.
    pub(super) fn roll_back(&self) {
        match self.holder.upgrade() {
            Some(holder) => holder.roll_back(),
            // It is being dropped on another thread, which rolls it back.
            None => std::thread::yield_now(),
        }
    }
}

impl PartialEq for Owner {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// The pending changes of one key.
#[derive(Default)]
pub(super) struct Pending {
    shadow: Option<(Owner, State)>,
    subkeys: Vec<SubkeyChange>,
}

struct SubkeyChange {
    owner: Owner,
    name: Utf16,
    /// The key that gets the name; none if the key that has it loses it.
    key: Option<Arc<Key>>,
}

impl Pending {
    /// Who has changed what the key holds, or deleted it.
    fn contents_owner(&self) -> Option<&Owner> {
        self.shadow.as_ref().map(|(owner, _)| owner)
    }

    /// Who stands in the way of a new subkey: it has given the name to a key of its own, or has
    /// deleted the key itself.
    fn subkey_owner(&self, name: &[u16]) -> Option<&Owner> {
        let deleted = self.shadow.as_ref().filter(|(_, shadow)| shadow.deleted);
        let taken =
            |change: &&SubkeyChange| change.key.is_some() && upcase::equal(&change.name, name);
        deleted
            .map(|(owner, _)| owner)
            .or_else(|| self.subkeys.iter().find(taken).map(|change| &change.owner))
    }

    /// Everybody who has changed anything, some more than once.
    pub(super) fn owners(&self) -> impl Iterator<Item = &Owner> {
        let subkeys = self.subkeys.iter().map(|change| &change.owner);
        self.contents_owner().into_iter().chain(subkeys)
    }

    /// The subkeys that an owner has given a name, with that name.
    fn arrivals<'s>(&'s self, owner: &Owner) -> impl Iterator<Item = (&'s Utf16, &'s Arc<Key>)> {
        let own = self
            .subkeys
            .iter()
            .filter(move |change| change.owner == *owner);
        own.filter_map(|change| change.key.as_ref().map(|key| (&change.name, key)))
    }

    /// Whether an owner has taken a committed subkey's name away.
    fn is_gone(&self, owner: &Owner, name: &[u16]) -> bool {
        self.subkeys.iter().any(|change| {
            change.owner == *owner && change.key.is_none() && upcase::equal(&change.name, name)
        })
    }
}

impl State {
    /// Who has changed what the key holds and not committed.
    pub(super) fn contents_owner(&self) -> Option<&Owner> {
        self.pending.as_deref()?.contents_owner()
    }

    /// Whose uncommitted changes stand in the way of a new subkey.
    pub(super) fn subkey_owner(&self, name: &[u16]) -> Option<&Owner> {
        self.pending.as_deref()?.subkey_owner(name)
    }

    /// Somebody who has changed anything and not committed.
    pub(super) fn any_owner(&self) -> Option<&Owner> {
        self.pending.as_deref()?.owners().next()
    }

    /// Looks for somebody other than `owner` who has changed what the key holds.
    ///
    /// # Errors
    /// `STATUS_TRANSACTIONAL_CONFLICT`.
    pub(super) fn check_contents(&self, owner: &Owner) -> Result<(), Status> {
        conflict_of(self.contents_owner(), owner)
    }

    /// Looks for somebody other than `owner` who stands in the way of a new subkey.
    ///
    /// # Errors
    /// `STATUS_TRANSACTIONAL_CONFLICT`.
    pub(super) fn check_new_subkey(&self, owner: &Owner, name: &[u16]) -> Result<(), Status> {
        conflict_of(self.subkey_owner(name), owner)
    }

    /// Looks for somebody other than `owner` who has changed anything.
    ///
    /// # Errors
    /// `STATUS_TRANSACTIONAL_CONFLICT`.
    pub(super) fn check_all(&self, owner: &Owner) -> Result<(), Status> {
        let mut owners = self.pending.iter().flat_map(|pending| pending.owners());
        conflict_of(owners.find(|&other| other != owner), owner)
    }

    /// Changes the owner's shadow of the key, which comes into being with the first change that
    /// succeeds. The caller has looked for conflicts.
    pub(super) fn change_shadow<T>(
        &mut self,
        owner: &Owner,
        change: impl FnOnce(&mut Self) -> Result<T, Status>,
    ) -> Result<T, Status> {
        if let Some(pending) = &mut self.pending
            && let Some((_, shadow)) = &mut pending.shadow
        {
            return change(shadow);
        }
        let mut shadow = Self {
            name: Arc::clone(&self.name),
            subkeys: Subkeys::default(),
            values: self.values.clone(),
            security: Arc::clone(&self.security),
            deleted: self.deleted,
            pending: None,
            ..*self
        };
        let changed = change(&mut shadow)?;
        self.pending.get_or_insert_default().shadow = Some((owner.clone(), shadow));
        Ok(changed)
    }

    /// Notes that a key gets a name among the subkeys.
    pub(super) fn subkey_comes(&mut self, owner: &Owner, name: Utf16, key: Arc<Key>) {
        self.change_subkey(owner, name, Some(key));
    }

    /// Notes that the subkey of that name, as the owner sees it, loses it.
    pub(super) fn subkey_goes(&mut self, owner: &Owner, name: &Utf16) {
        let came = |change: &SubkeyChange| {
            change.owner == *owner && change.key.is_some() && upcase::equal(&change.name, name)
        };
        let pending = self.pending.get_or_insert_default();
        match pending.subkeys.iter().position(came) {
            Some(at) => drop(pending.subkeys.remove(at)),
            None => self.change_subkey(owner, Arc::clone(name), None),
        }
        self.drop_empty_pending();
    }

    fn change_subkey(&mut self, owner: &Owner, name: Utf16, key: Option<Arc<Key>>) {
        let pending = self.pending.get_or_insert_default();
        pending.subkeys.push(SubkeyChange {
            owner: owner.clone(),
            name,
            key,
        });
    }

    /// Makes the owner's changes everybody's.
    pub(super) fn commit(&mut self, owner: &Owner) {
        let Some((shadow, changes)) = self.take_pending(owner) else {
            return;
        };
        // Its hive has been unloaded.
        if self.deleted {
            return;
        }
        let now = (!changes.is_empty()).then(system_time);
        if let Some(shadow) = shadow {
            *self = Self {
                subkeys: std::mem::take(&mut self.subkeys),
                pending: self.pending.take(),
                ..shadow
            };
        }
        self.last_write = now.unwrap_or(self.last_write);
        for change in changes.iter().filter(|change| change.key.is_none()) {
            self.subkeys.remove(&change.name);
        }
        for change in changes {
            if let Some(key) = change.key {
                self.subkeys.insert(change.name, key);
            }
        }
    }

    /// Forgets the owner's changes.
    pub(super) fn forget(&mut self, owner: &Owner) {
        drop(self.take_pending(owner));
    }

    fn take_pending(&mut self, owner: &Owner) -> Option<(Option<State>, Vec<SubkeyChange>)> {
        let pending = self.pending.as_mut()?;
        let shadow = pending.shadow.take_if(|(other, _)| other == owner);
        let is_own = |change: &mut SubkeyChange| change.owner == *owner;
        let changes = pending.subkeys.extract_if(.., is_own).collect();
        self.drop_empty_pending();
        Some((shadow.map(|(_, shadow)| shadow), changes))
    }

    fn drop_empty_pending(&mut self) {
        self.pending
            .take_if(|pending| pending.shadow.is_none() && pending.subkeys.is_empty());
    }
}

fn conflict_of(found: Option<&Owner>, owner: &Owner) -> Result<(), Status> {
    match found {
        Some(other) if other != owner => Err(Status::TRANSACTIONAL_CONFLICT),
        _ => Ok(()),
    }
}

/// A key as it is seen from inside or outside of a transaction.
pub(super) struct Seen<'s> {
    base: &'s State,
    contents: &'s State,
    /// Where there are changes of the owner's among the subkeys.
    subkeys: Option<(&'s Pending, &'s Owner)>,
}

impl<'s> Seen<'s> {
    /// As everybody sees it who is in no transaction.
    pub(super) fn outside(state: &'s State) -> Self {
        Self {
            base: state,
            contents: state,
            subkeys: None,
        }
    }

    /// As it is seen in the owner's transaction.
    pub(super) fn within(state: &'s State, owner: &'s Owner) -> Self {
        let pending = state.pending.as_deref();
        let shadow = pending.and_then(|pending| pending.shadow.as_ref());
        let own = shadow.filter(|(other, _)| other == owner);
        let changes = |pending: &&Pending| pending.subkeys.iter().any(|it| it.owner == *owner);
        Self {
            base: state,
            contents: own.map_or(state, |(_, shadow)| shadow),
            subkeys: pending.filter(changes).map(|pending| (pending, owner)),
        }
    }

    /// Everything but the subkeys.
    pub(super) fn contents(&self) -> &'s State {
        self.contents
    }

    /// The subkey of that name.
    pub(super) fn child(&self, name: &[u16]) -> Option<&'s Arc<Key>> {
        let Some((pending, owner)) = self.subkeys else {
            return self.base.subkeys.find(name);
        };
        let mut arrivals = pending.arrivals(owner);
        match arrivals.find(|(arrived, _)| upcase::equal(arrived, name)) {
            Some((_, key)) => Some(key),
            None if pending.is_gone(owner, name) => None,
            None => self.base.subkeys.find(name),
        }
    }

    /// The subkey number `index`, in the order of enumeration.
    pub(super) fn subkey(&self, index: usize) -> Option<Arc<Key>> {
        let Some((pending, owner)) = self.subkeys else {
            return self.base.subkeys.get(index).cloned();
        };
        let stay = self.base.subkeys.named();
        let stay = stay.filter(|(name, _)| !pending.is_gone(owner, name));
        let mut all: Vec<_> = stay.chain(pending.arrivals(owner)).collect();
        all.sort_by(|(name, key), (other_name, other)| {
            let volatile = key.is_volatile().cmp(&other.is_volatile());
            volatile.then_with(|| upcase::compare(name, other_name))
        });
        all.get(index).map(|(_, key)| Arc::clone(key))
    }

    /// The number of subkeys.
    pub(super) fn subkey_count(&self) -> usize {
        let committed = self.base.subkeys.len();
        let Some((pending, owner)) = self.subkeys else {
            return committed;
        };
        let own = pending
            .subkeys
            .iter()
            .filter(|change| change.owner == *owner);
        own.fold(committed, |count, change| match change.key {
            Some(_) => count + 1,
            None => count - 1,
        })
    }

    /// The longest subkey name in bytes.
    pub(super) fn max_subkey_name_len(&self) -> u32 {
        let arrived = self.longest_arrival(|name, _| byte_len(name));
        self.base.subkeys.max_name_len().max(arrived)
    }

    /// The longest subkey class in bytes.
    pub(super) fn max_subkey_class_len(&self) -> u32 {
        let arrived = self.longest_arrival(|_, key| byte_len(key.class()));
        self.base.subkeys.max_class_len().max(arrived)
    }

    fn longest_arrival(&self, length: impl Fn(&Utf16, &Arc<Key>) -> u32) -> u32 {
        let arrivals = self
            .subkeys
            .into_iter()
            .flat_map(|(pending, owner)| pending.arrivals(owner));
        arrivals
            .map(|(name, key)| length(name, key))
            .max()
            .unwrap_or(0)
    }
}
