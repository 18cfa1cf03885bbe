//! A key's subkeys: sorted by upper-cased name, found by name or by index.
//!
//! The shape is that of a hive file: leaves that hold a name hash beside each entry (`lh`), under
//! an index of leaves (`ri`). Adding, removing and finding cost about the same for ten subkeys and
//! for a million. Stable and volatile subkeys are two lists, and enumeration gives the stable ones
//! first, as NT does.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Utf16;
use super::key::Key;
use super::upcase;

/// Entries at which a leaf is split. Large enough that a million subkeys need only some thousand
/// leaves, small enough that moving half a leaf stays cheap.
const LEAF_CAPACITY: usize = 512;

struct Entry {
    name: Utf16,
    key: Arc<Key>,
}

/// Neighbouring entries; `hashes[i]` belongs to `entries[i]`.
#[derive(Default)]
struct Leaf {
    /// Half of each name's hash: few enough bytes to be searched from end to end.
    hashes: Vec<u16>,
    entries: Vec<Entry>,
}

impl Leaf {
    fn position(&self, name: &[u16]) -> Option<usize> {
        let hash = short_hash(name);
        let mut from = 0;
        while let Some(found) = find_hash(&self.hashes[from..], hash) {
            let at = from + found;
            if upcase::equal(&self.entries[at].name, name) {
                return Some(at);
            }
            from = at + 1;
        }
        None
    }

    fn first_name(&self) -> &Utf16 {
        &self.entries[0].name
    }

    fn insert(&mut self, name: Utf16, key: Arc<Key>) {
        let place = self
            .entries
            .partition_point(|entry| upcase::compare(&entry.name, &name) == Ordering::Less);
        self.hashes.insert(place, short_hash(&name));
        self.entries.insert(place, Entry { name, key });
    }

    fn remove(&mut self, name: &[u16]) -> Option<Arc<Key>> {
        let place = self.position(name)?;
        self.hashes.remove(place);
        Some(self.entries.remove(place).key)
    }

    fn split_off(&mut self, at: usize) -> Self {
        Self {
            hashes: self.hashes.split_off(at),
            entries: self.entries.split_off(at),
        }
    }
}

fn short_hash(name: &[u16]) -> u16 {
    upcase::hash(name) as u16
}

/// The first place of `hash`. Looks at a block at a time, which the compiler turns into vector
/// code.
fn find_hash(hashes: &[u16], hash: u16) -> Option<usize> {
    const BLOCK: usize = 32;
    let block = hashes.chunks(BLOCK).position(|block| {
        block
            .iter()
            .fold(false, |found, &other| found | (other == hash))
    })?;
    let from = block * BLOCK;
    hashes[from..]
        .iter()
        .position(|&other| other == hash)
        .map(|at| from + at)
}

/// One sorted list. No leaf is empty; `firsts` and `starts` have an element for each leaf.
#[derive(Default)]
struct SortedList {
    leaves: Vec<Leaf>,
    /// The name of the leaf's first entry.
    firsts: Vec<Utf16>,
    /// How many entries lie before the leaf.
    starts: Vec<usize>,
}

impl SortedList {
    fn len(&self) -> usize {
        match (self.starts.last(), self.leaves.last()) {
            (Some(start), Some(leaf)) => start + leaf.entries.len(),
            _ => 0,
        }
    }

    /// The only leaf that can hold `name`: the last one that does not begin after it.
    fn leaf_of(&self, name: &[u16]) -> usize {
        if self.leaves.len() == 1 {
            return 0;
        }
        self.firsts
            .partition_point(|first| upcase::compare(first, name) != Ordering::Greater)
            .saturating_sub(1)
    }

    fn find(&self, name: &[u16]) -> Option<&Arc<Key>> {
        let leaf = self.leaves.get(self.leaf_of(name))?;
        leaf.position(name).map(|at| &leaf.entries[at].key)
    }

    fn get(&self, index: usize) -> Option<&Arc<Key>> {
        let leaf = self
            .starts
            .partition_point(|&start| start <= index)
            .checked_sub(1)?;
        self.leaves[leaf]
            .entries
            .get(index - self.starts[leaf])
            .map(|entry| &entry.key)
    }

    fn insert(&mut self, name: Utf16, key: Arc<Key>) {
        if self.leaves.is_empty() {
            self.insert_leaf(0, 0, Leaf::default(), Arc::clone(&name));
        }
        let mut at = self.leaf_of(&name);
        if self.leaves[at].entries.len() == LEAF_CAPACITY {
            at = self.make_room(at, &name);
        }
        self.leaves[at].insert(name, key);
        self.firsts[at] = Arc::clone(self.leaves[at].first_name());
        self.shift_starts(at + 1, 1);
    }

    /// Splits the full leaf `at` and returns the leaf that `name` now belongs to.
    fn make_room(&mut self, at: usize, name: &Utf16) -> usize {
        let last = &self.leaves[at].entries[LEAF_CAPACITY - 1];
        let after_all = upcase::compare(&last.name, name).is_lt();
        // Keys that arrive in order leave full leaves behind instead of half-full ones.
        if after_all && at + 1 == self.leaves.len() {
            self.insert_leaf(at + 1, self.len(), Leaf::default(), Arc::clone(name));
            return at + 1;
        }
        let upper = self.leaves[at].split_off(LEAF_CAPACITY / 2);
        let first = Arc::clone(upper.first_name());
        let upper_is_home = upcase::compare(&first, name).is_le();
        self.insert_leaf(at + 1, self.starts[at] + LEAF_CAPACITY / 2, upper, first);
        at + usize::from(upper_is_home)
    }

    fn remove(&mut self, name: &[u16]) -> Option<Arc<Key>> {
        let at = self.leaf_of(name);
        let key = self.leaves.get_mut(at)?.remove(name)?;
        self.shift_starts(at + 1, -1);
        if self.leaves[at].entries.is_empty() {
            self.leaves.remove(at);
            self.firsts.remove(at);
            self.starts.remove(at);
        } else {
            self.firsts[at] = Arc::clone(self.leaves[at].first_name());
        }
        Some(key)
    }

    fn insert_leaf(&mut self, at: usize, start: usize, leaf: Leaf, first: Utf16) {
        self.leaves.insert(at, leaf);
        self.firsts.insert(at, first);
        self.starts.insert(at, start);
    }

    fn shift_starts(&mut self, from: usize, by: isize) {
        for start in &mut self.starts[from..] {
            *start = start.wrapping_add_signed(by);
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.leaves.iter().flat_map(|leaf| &leaf.entries)
    }
}

#[derive(Default)]
struct Lists {
    stable: SortedList,
    volatile: SortedList,
    max_name_len: u32,
    max_class_len: u32,
}

/// All subkeys of one key. Most keys have none, so an empty set is one null pointer.
#[derive(Default)]
pub(super) struct Subkeys(Option<Box<Lists>>);

impl Subkeys {
    pub(super) fn len(&self) -> usize {
        self.0
            .as_ref()
            .map_or(0, |lists| lists.stable.len() + lists.volatile.len())
    }

    pub(super) fn find(&self, name: &[u16]) -> Option<&Arc<Key>> {
        let lists = self.0.as_deref()?;
        lists
            .stable
            .find(name)
            .or_else(|| lists.volatile.find(name))
    }

    /// The subkey number `index`: stable ones in order, then volatile ones in order.
    pub(super) fn get(&self, index: usize) -> Option<&Arc<Key>> {
        let lists = self.0.as_deref()?;
        match index.checked_sub(lists.stable.len()) {
            None => lists.stable.get(index),
            Some(index) => lists.volatile.get(index),
        }
    }

    /// Adds a key whose name is not there yet.
    pub(super) fn insert(&mut self, name: Utf16, key: Arc<Key>) {
        let lists = self.0.get_or_insert_default();
        lists.max_name_len = lists.max_name_len.max(super::byte_len(&name));
        lists.max_class_len = lists.max_class_len.max(super::byte_len(key.class()));
        match key.is_volatile() {
            false => lists.stable.insert(name, key),
            true => lists.volatile.insert(name, key),
        }
    }

    pub(super) fn remove(&mut self, name: &[u16]) -> Option<Arc<Key>> {
        let lists = self.0.as_deref_mut()?;
        let removed = lists
            .stable
            .remove(name)
            .or_else(|| lists.volatile.remove(name));
        if self.len() == 0 {
            self.0 = None;
        }
        removed
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.named().map(|(_, key)| key)
    }

    /// The subkeys with their names, in order.
    pub(super) fn named(&self) -> impl Iterator<Item = (&Utf16, &Arc<Key>)> {
        self.0
            .iter()
            .flat_map(|lists| lists.stable.iter().chain(lists.volatile.iter()))
            .map(|entry| (&entry.name, &entry.key))
    }

    pub(super) fn into_keys(self) -> Vec<Arc<Key>> {
        let Some(lists) = self.0 else {
            return Vec::new();
        };
        let leaves = lists.stable.leaves.into_iter().chain(lists.volatile.leaves);
        leaves
            .flat_map(|leaf| leaf.entries)
            .map(|entry| entry.key)
            .collect()
    }

    /// The longest subkey name in bytes. Like NT's, it grows with the names that come and falls
    /// only when the last subkey goes.
    pub(super) fn max_name_len(&self) -> u32 {
        self.0.as_ref().map_or(0, |lists| lists.max_name_len)
    }

    /// The longest subkey class in bytes, kept as [`max_name_len`](Self::max_name_len) is.
    pub(super) fn max_class_len(&self) -> u32 {
        self.0.as_ref().map_or(0, |lists| lists.max_class_len)
    }
}
