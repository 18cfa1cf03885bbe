//! A subtree as it is now, as plain data: what a hive file is written from.
//!
//! Only what NT saves is in it: no volatile keys, and no hive that is mounted below. Each key is
//! read under its own lock, so a snapshot that is taken while other threads write has every key
//! whole, but not all of them from one moment.

use std::ops::Range;
use std::sync::Arc;

use super::key::{Key, KeyFlags};
use super::value::Value;
use super::{Utf16, upcase};
use crate::status::Status;

/// A subtree as plain data. The root comes first, and each key's subkeys lie side by side, sorted.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(super) keys: Vec<Branch>,
}

/// One key of a [`Snapshot`].
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) name: Utf16,
    pub(super) link: bool,
    pub(super) class: Box<[u16]>,
    pub(super) security: Arc<[u8]>,
    pub(super) last_write: u64,
    pub(super) values: Vec<Value>,
    /// Where its subkeys are.
    pub(super) subkeys: Range<usize>,
}

/// Where a key of a snapshot comes from.
enum Origin {
    One(Arc<Key>),
    /// A key that both trees of a merge have.
    Both {
        high: Arc<Key>,
        low: Arc<Key>,
    },
}

impl Snapshot {
    /// The subtree at `root`.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`.
    pub(crate) fn of(root: &Arc<Key>) -> Result<Self, Status> {
        Self::take(Origin::One(Arc::clone(root)))
    }

    /// Two subtrees laid over each other (`ZwSaveMergedKeys`): a key that both have is that of
    /// `high`, and what only one has is there, too.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`.
    pub(crate) fn merged(high: &Arc<Key>, low: &Arc<Key>) -> Result<Self, Status> {
        Self::take(Origin::Both {
            high: Arc::clone(high),
            low: Arc::clone(low),
        })
    }

    /// A hive with nothing but a root key.
    pub(crate) fn empty(name: &[u16]) -> Self {
        let root = Branch {
            name: name.into(),
            link: false,
            class: Box::default(),
            security: crate::se::hive_root(),
            last_write: super::system_time(),
            values: Vec::new(),
            subkeys: 1..1,
        };
        Self { keys: vec![root] }
    }

    fn take(root: Origin) -> Result<Self, Status> {
        let mut keys = vec![Branch::read(root.key())?];
        let mut origins = vec![root];
        let mut at = 0;
        while at < origins.len() {
            let first = keys.len();
            // A key that has been deleted since its parent listed it is not there any more.
            let mut subkeys: Vec<(Branch, Origin)> = origins[at]
                .subkeys()
                .into_iter()
                .filter_map(|origin| Some((Branch::read(origin.key()).ok()?, origin)))
                .collect();
            // One can have been renamed since.
            subkeys.sort_by(|(a, _), (b, _)| upcase::compare(&a.name, &b.name));
            subkeys.dedup_by(|(a, _), (b, _)| upcase::equal(&a.name, &b.name));
            for (branch, origin) in subkeys {
                keys.push(branch);
                origins.push(origin);
            }
            keys[at].subkeys = first..keys.len();
            at += 1;
        }
        Ok(Self { keys })
    }
}

impl Branch {
    fn read(key: &Key) -> Result<Self, Status> {
        let state = key.read()?;
        Ok(Self {
            name: Arc::clone(&state.name),
            link: key.is_link(),
            class: key.class().into(),
            security: Arc::clone(&state.security),
            last_write: state.last_write,
            values: state.values.iter().cloned().collect(),
            subkeys: 0..0,
        })
    }
}

impl Origin {
    /// The key whose values and properties count.
    fn key(&self) -> &Key {
        match self {
            Self::One(key) | Self::Both { high: key, .. } => key,
        }
    }

    fn subkeys(&self) -> Vec<Self> {
        match self {
            Self::One(key) => saved_subkeys(key).into_iter().map(Self::One).collect(),
            Self::Both { high, low } => merge(saved_subkeys(high), low),
        }
    }
}

/// All of `high`, and those keys below `low` that have no counterpart there.
fn merge(high: Vec<Arc<Key>>, low: &Key) -> Vec<Origin> {
    let mut merged = Vec::new();
    let mut low: Vec<(Utf16, Arc<Key>)> = saved_subkeys(low)
        .into_iter()
        .filter_map(|key| Some((key.name().ok()?, key)))
        .collect();
    low.sort_by(|(a, _), (b, _)| upcase::compare(a, b));
    let mut taken = vec![false; low.len()];
    for high in high {
        let counterpart = high.name().ok().and_then(|name| {
            low.binary_search_by(|(other, _)| upcase::compare(other, &name))
                .ok()
        });
        merged.push(match counterpart {
            Some(at) => {
                taken[at] = true;
                let low = Arc::clone(&low[at].1);
                Origin::Both { high, low }
            }
            None => Origin::One(high),
        });
    }
    let rest = low.into_iter().zip(taken).filter(|(_, taken)| !taken);
    merged.extend(rest.map(|((_, key), _)| Origin::One(key)));
    merged
}

/// The subkeys that belong into the hive file of `key`; none for a deleted key.
fn saved_subkeys(key: &Key) -> Vec<Arc<Key>> {
    let subkeys = key.subkeys().unwrap_or_default();
    let saved = |key: &Arc<Key>| !key.is_volatile() && !key.flags().contains(KeyFlags::HIVE);
    subkeys.into_iter().filter(saved).collect()
}
