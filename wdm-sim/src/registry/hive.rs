//! Mounting a hive file: its keys become a subtree of the registry, to be read and changed in
//! memory.
//!
//! The file is a primary file in the `regf` format, versions 1.3 to 1.6, or that compressed with
//! xz; [`write`](super::write) makes such files. A damaged hive loads as far as it can be read, and
//! [`HiveReport::lost`] says what is missing.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::Arc;

use thiserror::Error;

use super::cells::{Cells, Damage, Node};
use super::children::check_key_name;
use super::key::{Blueprint, Key, KeyFlags};
use super::value::Value;
use super::{MAX_DEPTH, MAX_VALUE_NAME, upcase};
use crate::status::Status;

/// How an xz file begins.
const XZ_MAGIC: &[u8] = &[0xFD, b'7', b'z', b'X', b'Z', 0];

/// The largest hive that is unpacked: NT keeps hives below 2 GiB.
const MAX_HIVE: u64 = 2 << 30;

/// The most memory that unpacking may take besides the hive itself, in KiB.
const MAX_XZ_MEMORY: u32 = 256 << 10;

/// Set in a key's flags if it is a symbolic link.
const KEY_SYM_LINK: u16 = 0x10;

/// How many losses are spelled out; the rest are only counted.
const MAX_LOSSES_TOLD: usize = 100;

/// What was mounted, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HiveReport {
    /// Keys, the hive's root included.
    pub keys: usize,
    /// Values.
    pub values: usize,
    /// Bytes of the hive file, unpacked.
    pub bytes: usize,
    /// Whether the hive was not closed properly: its transaction log, which is not read, may hold
    /// later changes.
    pub dirty: bool,
    /// The number of the control set that `CurrentControlSet` leads to, for a SYSTEM hive.
    pub current_control_set: Option<u32>,
    /// How many parts of a damaged hive are missing: keys with all below them, values, class names
    /// or security descriptors.
    pub lost: usize,
    /// One line for each of the first hundred losses: where, what, and why.
    pub losses: Vec<String>,
}

/// Why a hive was not mounted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HiveError {
    /// The bytes are neither a hive nor an xz file.
    #[error(
        "hive {name} is no registry hive: it begins with {start:02x?} instead of \"regf\"; \
         give a primary hive file, or one compressed with xz"
    )]
    NotAHive {
        /// The hive's mount name.
        name: String,
        /// The first bytes, eight at most.
        start: Vec<u8>,
    },
    /// The xz file cannot be unpacked.
    #[error("hive {name} cannot be unpacked: {reason}; compress it again with xz")]
    Packed {
        /// The hive's mount name.
        name: String,
        /// What the decoder found.
        reason: std::io::Error,
    },
    /// Nothing of the hive can be read.
    #[error("hive {name} cannot be read: {reason}; take a copy that is intact")]
    Unreadable {
        /// The hive's mount name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The hive is fine, but cannot be mounted there.
    #[error(
        "hive {name} cannot be mounted there: {status}; choose a free name below an existing key"
    )]
    Mount {
        /// The hive's mount name.
        name: String,
        /// Why not.
        status: Status,
    },
}

impl HiveError {
    /// The NTSTATUS that a kernel routine returns for this error.
    pub fn status(&self) -> Status {
        match self {
            Self::NotAHive { .. } => Status::NOT_REGISTRY_FILE,
            Self::Packed { .. } | Self::Unreadable { .. } => Status::REGISTRY_CORRUPT,
            Self::Mount { status, .. } => *status,
        }
    }
}

/// Mounts a hive as the subkey `name` of `parent`.
///
/// The subtree appears in one step, when all of it has been read.
///
/// # Errors
/// See [`HiveError`]. Damage below the hive's root key is no error, but is told in the report.
pub fn mount(parent: &Arc<Key>, name: &[u16], file: &[u8]) -> Result<HiveReport, HiveError> {
    mount_as(parent, name, file, KeyFlags::empty()).map(|(_, report)| report)
}

/// As [`mount`], with more flags for the root; also gives the root.
pub(super) fn mount_as(
    parent: &Arc<Key>,
    name: &[u16],
    file: &[u8],
    flags: KeyFlags,
) -> Result<(Arc<Key>, HiveReport), HiveError> {
    let refuse = |status| HiveError::Mount {
        name: String::from_utf16_lossy(name),
        status,
    };
    check_key_name(name).map_err(refuse)?;
    parent.check_live().map_err(refuse)?;
    let flags = flags | KeyFlags::ROOT | KeyFlags::HIVE;
    let (root, report) = read(file, name, |loader| loader.load(parent, name, flags))?;
    super::attach(parent, Arc::clone(&root)).map_err(refuse)?;
    Ok((root, report))
}

/// Reads a hive whose root's values and subkeys are to become those of `target`: they hang on a key
/// that is in no list, but know `target` as their parent.
pub(super) fn stage(
    target: &Arc<Key>,
    file: &[u8],
    volatile: bool,
) -> Result<(Arc<Key>, HiveReport), HiveError> {
    let name = target.name().unwrap_or_default();
    let parent = target.parent().ok_or_else(|| HiveError::Mount {
        name: String::from_utf16_lossy(&name),
        status: Status::ACCESS_DENIED,
    })?;
    read(file, &name, |loader| {
        loader.target = Some(Arc::clone(target));
        loader.volatile = volatile;
        loader.load(&parent, &name, KeyFlags::HIVE)
    })
}

/// Whether a file can be read as a hive at all.
///
/// # Errors
/// See [`HiveError`].
pub(crate) fn check(name: &[u16], file: &[u8]) -> Result<(), HiveError> {
    read(file, name, |loader| {
        loader.cells.node(loader.cells.root()).map(drop)
    })
    .map(drop)
}

/// Opens a hive file, packed or not, and reads it with `load`.
fn read<T>(
    file: &[u8],
    name: &[u16],
    load: impl FnOnce(&mut Loader<'_>) -> Result<T, Damage>,
) -> Result<(T, HiveReport), HiveError> {
    let shown = || String::from_utf16_lossy(name);
    let unpacked = unpack(file).map_err(|reason| HiveError::Packed {
        name: shown(),
        reason,
    })?;
    let file = unpacked.as_deref().unwrap_or(file);
    if !file.starts_with(b"regf") {
        let start = file.iter().copied().take(8).collect();
        return Err(HiveError::NotAHive {
            name: shown(),
            start,
        });
    }
    let unreadable = |reason| HiveError::Unreadable {
        name: shown(),
        reason,
    };
    let cells = Cells::new(file).map_err(unreadable)?;
    let mut loader = Loader::new(cells, file.len());
    let loaded = load(&mut loader).map_err(unreadable)?;
    Ok((loaded, loader.report))
}

/// Unpacks an xz file; anything else needs no unpacking.
fn unpack(file: &[u8]) -> std::io::Result<Option<Vec<u8>>> {
    if !file.starts_with(XZ_MAGIC) {
        return Ok(None);
    }
    let mut unpacked = Vec::new();
    lzma_rust2::XzReader::new_mem_limit(file, true, MAX_XZ_MEMORY)
        .take(MAX_HIVE)
        .read_to_end(&mut unpacked)?;
    Ok(Some(unpacked))
}

/// Turns cells into keys, without recursion.
struct Loader<'a> {
    cells: Cells<'a>,
    report: HiveReport,
    /// The cells of keys and values already read; each belongs in one place only.
    seen: HashSet<u32>,
    /// Security descriptors by their cell, as many keys share one. `None` for a damaged one.
    security: HashMap<u32, Option<Arc<[u8]>>>,
    /// The key that is to have the root's subkeys, if that is not the root.
    target: Option<Arc<Key>>,
    /// Whether all keys live in memory only.
    volatile: bool,
}

impl<'a> Loader<'a> {
    fn new(cells: Cells<'a>, bytes: usize) -> Self {
        let report = HiveReport {
            bytes,
            dirty: cells.is_dirty(),
            ..HiveReport::default()
        };
        Self {
            cells,
            report,
            seen: HashSet::new(),
            security: Default::default(),
            target: None,
            volatile: false,
        }
    }

    /// Reads the whole tree. Fails only if there is no root key.
    fn load(
        &mut self,
        parent: &Arc<Key>,
        name: &[u16],
        flags: KeyFlags,
    ) -> Result<Arc<Key>, Damage> {
        let (declared, present) = self.cells.size();
        let offset = self.cells.root();
        self.seen.insert(offset);
        let node = self
            .cells
            .node(offset)
            .map_err(|damage| match present < declared {
                true => format!("it has {present} bytes of data instead of {declared}"),
                false => format!("its root key is damaged: {damage}"),
            })?;
        if parent.depth() >= MAX_DEPTH {
            return Err("it would lie too deep".into());
        }
        let root = self.key(parent, name, flags, &node);
        if present < declared {
            self.lose(
                &root,
                format!("the file has {present} bytes of data instead of {declared}"),
            );
        }
        let mut pending = Vec::new();
        self.list_subkeys(&root, &node, &mut pending);
        while let Some((parent, offset)) = pending.pop() {
            match self.subkey(&parent, offset) {
                Ok((key, node)) => self.list_subkeys(&key, &node, &mut pending),
                Err(damage) => self.lose(&parent, format!("a subkey and all below it: {damage}")),
            }
        }
        Ok(root)
    }

    /// Puts the subkeys of `key` on the stack, so that they come off it in order.
    fn list_subkeys(&mut self, key: &Arc<Key>, node: &Node, pending: &mut Vec<(Arc<Key>, u32)>) {
        let mut offsets = Vec::new();
        if let Err(damage) = self.cells.subkeys(node, &mut offsets) {
            self.lose(key, format!("subkeys and all below them: {damage}"));
        }
        pending.extend(
            offsets
                .into_iter()
                .rev()
                .map(|offset| (Arc::clone(key), offset)),
        );
    }

    /// Reads one key and lists it in its parent.
    fn subkey(&mut self, parent: &Arc<Key>, offset: u32) -> Result<(Arc<Key>, Node), Damage> {
        if !self.seen.insert(offset) {
            return Err(format!("the cell at {offset:#x} is used twice"));
        }
        let node = self.cells.node(offset)?;
        let shown = || String::from_utf16_lossy(&node.name);
        check_key_name(&node.name).map_err(|_| format!("{:?} is no key name", shown()))?;
        if parent.depth() >= MAX_DEPTH {
            return Err(format!("{:?} lies deeper than {MAX_DEPTH} levels", shown()));
        }
        if parent.child(&node.name).is_ok() {
            return Err(format!("another one is called {:?}, too", shown()));
        }
        let mut flags = KeyFlags::empty();
        flags.set(KeyFlags::LINK, node.flags & KEY_SYM_LINK != 0);
        flags.set(KeyFlags::VOLATILE, self.volatile);
        let above = match &self.target {
            Some(target) if parent.flags().contains(KeyFlags::HIVE) => Arc::clone(target),
            _ => Arc::clone(parent),
        };
        let key = self.key(&above, &node.name, flags, &node);
        super::attach(parent, Arc::clone(&key)).map_err(|status| status.to_string())?;
        Ok((key, node))
    }

    /// Makes a key with its class, security descriptor and values.
    fn key(&mut self, parent: &Arc<Key>, name: &[u16], flags: KeyFlags, node: &Node) -> Arc<Key> {
        let class = self.cells.class(node);
        let security = self.security(node.security);
        // Nobody gets more than above because of damage.
        let parents = || parent.security().unwrap_or_else(|_| crate::se::hive_root());
        let blueprint = Blueprint {
            name,
            flags,
            class: class.as_deref().unwrap_or_default(),
            security: security.as_ref().map_or_else(|_| parents(), Arc::clone),
            last_write: node.last_write,
        };
        let key = Key::build(Some(parent), blueprint);
        self.report.keys += 1;
        if let Err(damage) = class {
            self.lose(&key, format!("its class name: {damage}"));
        }
        if let Err(damage) = security {
            self.lose(
                &key,
                format!("its security descriptor, so it has its parent's: {damage}"),
            );
        }
        self.values(&key, node);
        key
    }

    fn security(&mut self, offset: u32) -> Result<Arc<[u8]>, Damage> {
        if let Some(known) = self.security.get(&offset) {
            return known
                .clone()
                .ok_or_else(|| format!("the cell at {offset:#x} is damaged"));
        }
        let read = self.cells.security(offset).map(Arc::from);
        self.security.insert(offset, read.as_ref().ok().cloned());
        read
    }

    fn values(&mut self, key: &Key, node: &Node) {
        let offsets = self.cells.values(node).unwrap_or_else(|damage| {
            self.lose(key, format!("its values: {damage}"));
            Vec::new()
        });
        // Names are compared only where two of them have the same hash.
        let mut hashes = HashSet::with_capacity(offsets.len());
        for offset in offsets {
            match self.value(offset) {
                Ok(value) => {
                    let shown = || String::from_utf16_lossy(&value.name);
                    if !hashes.insert(upcase::hash(&value.name)) && key.value(&value.name).is_ok() {
                        self.lose(
                            key,
                            format!("a value: another one is called {:?}, too", shown()),
                        );
                        continue;
                    }
                    // A key that was just made is not deleted.
                    if let Ok(mut state) = key.write() {
                        state.values.append(value);
                        self.report.values += 1;
                    }
                }
                Err(damage) => self.lose(key, format!("a value: {damage}")),
            }
        }
    }

    fn value(&mut self, offset: u32) -> Result<Value, Damage> {
        if !self.seen.insert(offset) {
            return Err(format!("the cell at {offset:#x} is used twice"));
        }
        let raw = self.cells.value(offset)?;
        if raw.name.len() > MAX_VALUE_NAME {
            return Err(format!("its name has {} characters", raw.name.len()));
        }
        Ok(Value {
            name: raw.name.into(),
            kind: raw.kind,
            data: raw.data.into(),
        })
    }

    fn lose(&mut self, key: &Key, what: String) {
        self.report.lost += 1;
        if self.report.losses.len() < MAX_LOSSES_TOLD {
            let name = key.full_name().unwrap_or_default();
            self.report
                .losses
                .push(format!("{}: {what}", String::from_utf16_lossy(&name)));
        }
    }
}
