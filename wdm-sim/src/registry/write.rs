//! Writing a hive file.
//!
//! Compared were `regf` 0.2 (whose reader this crate uses), `notatin` 1.0, `nt-hive` 0.3, `nt_hive2`
//! 4.2 and `hivex` 0.2. Only `regf` and `hivex` write. `hivex` binds a C library and both it and
//! `nt-hive` and `nt_hive2` have licences that a crate under MIT cannot take. `regf`'s
//! `HiveBuilder` gives all keys one security descriptor and the time of writing, knows no class
//! names and no symbolic links, takes only names that are Unicode text, builds by recursion, and its
//! time grows with the square of the number of bins. So the layout of the file is made here, and
//! each structure in it is encoded by `regf`.

use std::collections::HashMap;
use std::sync::Arc;

use regf::structures::{
    BaseBlock, BigData, FastLeaf, FastLeafElement, HashLeaf, HashLeafElement, IndexRoot,
    IndexRootElement, KeyNode, KeySecurity, KeyValue,
};

use super::bins::Bins;
use super::snapshot::{Branch, Snapshot};
use super::value::Value;
use super::{byte_len, system_time, to_bytes, upcase};
use crate::status::Status;

/// The offset that stands for "there is none".
const NONE: u32 = u32::MAX;

/// How many subkeys a leaf of their list has at most: as many as fit into one small bin.
const LEAF: usize = 507;

/// What a segment of large data holds. From version 1.4 on, longer data are in segments.
const SEGMENT: usize = 16_344;

/// Set in a value's size if the data are where their offset would be.
const RESIDENT: u32 = 0x8000_0000;

/// Flags of keys: the root of a hive, not to be deleted, a symbolic link, a name of one byte a
/// character.
const KEY_HIVE_ENTRY: u16 = 0x04;
const KEY_NO_DELETE: u16 = 0x08;
const KEY_SYM_LINK: u16 = 0x10;
const KEY_COMP_NAME: u16 = 0x20;

/// Flag of values: a name of one byte a character.
const VALUE_COMP_NAME: u16 = 0x01;

/// The version of a hive file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// 1.3, which Windows 2000 reads (`REG_STANDARD_FORMAT`).
    Standard,
    /// 1.5, which Windows XP and later read (`REG_LATEST_FORMAT`).
    Latest,
}

/// Writes a hive file. A key without a security descriptor gets one that allows everybody
/// everything, since NT wants each key to have one.
///
/// # Errors
/// `STATUS_INSUFFICIENT_RESOURCES` for a hive that would be larger than NT takes.
pub(crate) fn write(snapshot: &Snapshot, version: Version) -> Result<Vec<u8>, Status> {
    let mut writer = Writer {
        keys: &snapshot.keys,
        version,
        bins: Bins::default(),
        nodes: Vec::with_capacity(snapshot.keys.len()),
        security: Security::default(),
    };
    writer.allocate_node(0)?;
    let mut parents = vec![NONE; snapshot.keys.len()];
    for (at, branch) in snapshot.keys.iter().enumerate() {
        parents[branch.subkeys.clone()].fill(writer.nodes[at]);
        writer.key(at, parents[at])?;
    }
    writer.finish()
}

struct Writer<'a> {
    keys: &'a [Branch],
    version: Version,
    bins: Bins,
    /// The cells of the keys so far. Subkeys lie side by side, so these are in order.
    nodes: Vec<u32>,
    security: Security,
}

impl Writer<'_> {
    fn allocate_node(&mut self, at: usize) -> Result<(), Status> {
        let (name, _) = encode_name(&self.keys[at].name);
        let node = self.bins.allocate(KeyNode::FIXED_SIZE + name.len())?;
        self.nodes.push(node);
        Ok(())
    }

    /// Writes a key, whose cell is there already, with its values and the list of its subkeys.
    fn key(&mut self, at: usize, parent: u32) -> Result<(), Status> {
        let branch = &self.keys[at];
        for subkey in branch.subkeys.clone() {
            self.allocate_node(subkey)?;
        }
        let (name, compressed) = encode_name(&branch.name);
        let is_root = at == 0;
        let mut flags = 0;
        for (flag, set) in [
            (KEY_HIVE_ENTRY | KEY_NO_DELETE, is_root),
            (KEY_SYM_LINK, branch.link),
            (KEY_COMP_NAME, compressed),
        ] {
            flags |= if set { flag } else { 0 };
        }
        let subkeys = &self.keys[branch.subkeys.clone()];
        let longest = |lengths: &mut dyn Iterator<Item = u32>| lengths.max().unwrap_or(0);
        let mut node = empty_node();
        node.flags = flags;
        node.last_written = branch.last_write;
        node.parent = if is_root { 0 } else { parent };
        node.num_subkeys = count(subkeys.len());
        node.largest_subkey_name_length =
            longest(&mut subkeys.iter().map(|key| byte_len(&key.name))) as u16;
        node.largest_subkey_class_name_length =
            longest(&mut subkeys.iter().map(|key| byte_len(&key.class)));
        node.num_values = count(branch.values.len());
        node.largest_value_name_length =
            longest(&mut branch.values.iter().map(|value| byte_len(&value.name)));
        node.largest_value_data_size =
            longest(&mut branch.values.iter().map(|value| count(value.data.len())));
        node.key_name_length = name.len() as u16;
        node.key_name = name;
        node.security_offset = self.security.share(&mut self.bins, &branch.security)?;
        if !branch.class.is_empty() {
            node.class_name_length = byte_len(&branch.class) as u16;
            node.class_name_offset = self.bins.add(&to_bytes(&branch.class))?;
        }
        node.values_list_offset = self.values(&branch.values)?;
        node.subkeys_list_offset = self.subkeys_list(branch)?;
        let cell = self.nodes[at];
        self.bins.put(cell, &node.to_bytes());
        Ok(())
    }

    fn values(&mut self, values: &[Value]) -> Result<u32, Status> {
        if values.is_empty() {
            return Ok(NONE);
        }
        let cells: Result<Vec<u32>, Status> =
            values.iter().map(|value| self.value(value)).collect();
        self.offsets(&cells?)
    }

    fn value(&mut self, value: &Value) -> Result<u32, Status> {
        let (name, compressed) = encode_name(&value.name);
        let length = count(value.data.len());
        let (size, offset) = match *value.data {
            [] => (RESIDENT, 0),
            ref data if data.len() <= 4 => {
                let mut resident = [0; 4];
                resident[..data.len()].copy_from_slice(data);
                (length | RESIDENT, u32::from_le_bytes(resident))
            }
            ref data if data.len() > SEGMENT && self.version == Version::Latest => {
                (length, self.segments(data)?)
            }
            ref data => (length, self.bins.add(data)?),
        };
        let cell = KeyValue {
            signature: *b"vk",
            name_length: name.len() as u16,
            data_size: size,
            data_offset: offset,
            data_type: value.kind,
            flags: if compressed { VALUE_COMP_NAME } else { 0 },
            spare: 0,
            value_name: name,
        };
        self.bins.add(&cell.to_bytes())
    }

    /// Writes large data.
    fn segments(&mut self, data: &[u8]) -> Result<u32, Status> {
        let cells: Result<Vec<u32>, Status> = data
            .chunks(SEGMENT)
            .map(|segment| self.bins.add(segment))
            .collect();
        let cells = cells?;
        let number = u16::try_from(cells.len()).map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
        let list = self.offsets(&cells)?;
        self.bins.add(&BigData::new(number, list).to_bytes())
    }

    fn offsets(&mut self, cells: &[u32]) -> Result<u32, Status> {
        let list: Vec<u8> = cells.iter().flat_map(|cell| cell.to_le_bytes()).collect();
        self.bins.add(&list)
    }

    fn subkeys_list(&mut self, branch: &Branch) -> Result<u32, Status> {
        let all: Vec<usize> = branch.subkeys.clone().collect();
        let mut root = IndexRoot::new();
        for part in all.chunks(LEAF) {
            let leaf = self.leaf(part);
            root.elements.push(IndexRootElement {
                subkeys_list_offset: self.bins.add(&leaf)?,
            });
        }
        match root.elements.as_slice() {
            [] => Ok(NONE),
            [only] => Ok(only.subkeys_list_offset),
            leaves => {
                root.num_elements =
                    u16::try_from(leaves.len()).map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
                self.bins.add(&root.to_bytes())
            }
        }
    }

    fn leaf(&self, subkeys: &[usize]) -> Vec<u8> {
        let number = subkeys.len() as u16;
        match self.version {
            Version::Standard => {
                let mut leaf = FastLeaf::new();
                leaf.num_elements = number;
                leaf.elements
                    .extend(subkeys.iter().map(|&at| FastLeafElement {
                        key_node_offset: self.nodes[at],
                        name_hint: name_hint(&self.keys[at].name),
                    }));
                leaf.to_bytes()
            }
            Version::Latest => {
                let mut leaf = HashLeaf::new();
                leaf.num_elements = number;
                leaf.elements
                    .extend(subkeys.iter().map(|&at| HashLeafElement {
                        key_node_offset: self.nodes[at],
                        name_hash: upcase::hash(&self.keys[at].name),
                    }));
                leaf.to_bytes()
            }
        }
    }

    fn finish(mut self) -> Result<Vec<u8>, Status> {
        self.security.write(&mut self.bins);
        let root = self.nodes[0];
        let bins = self.bins.finish();
        let base = BaseBlock {
            minor_version: match self.version {
                Version::Standard => 3,
                Version::Latest => 5,
            },
            last_written: system_time(),
            root_cell_offset: root,
            hive_bins_data_size: count(bins.len()),
            ..BaseBlock::default()
        };
        let mut file = Vec::with_capacity(4096 + bins.len());
        // It writes the checksum, too.
        base.write(&mut file)
            .map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
        file.extend_from_slice(&bins);
        Ok(file)
    }
}

/// Security descriptors: each is in the hive once, in a ring of cells that count their users.
#[derive(Default)]
struct Security {
    cells: Vec<(u32, KeySecurity)>,
    places: HashMap<Arc<[u8]>, usize>,
}

impl Security {
    /// The cell of a descriptor, which has one more user now.
    fn share(&mut self, bins: &mut Bins, descriptor: &Arc<[u8]>) -> Result<u32, Status> {
        let place = match self.places.get(descriptor) {
            Some(&place) => place,
            None => {
                let mut cell = match descriptor.is_empty() {
                    true => KeySecurity::new_default(),
                    false => KeySecurity::new(descriptor.to_vec()),
                };
                cell.reference_count = 0;
                self.cells.push((bins.allocate(cell.total_size())?, cell));
                let place = self.cells.len() - 1;
                self.places.insert(Arc::clone(descriptor), place);
                place
            }
        };
        let (offset, cell) = &mut self.cells[place];
        cell.reference_count += 1;
        Ok(*offset)
    }

    /// Links and writes all cells.
    fn write(&mut self, bins: &mut Bins) {
        let offsets: Vec<u32> = self.cells.iter().map(|&(offset, _)| offset).collect();
        let number = offsets.len();
        for (at, (offset, cell)) in self.cells.iter_mut().enumerate() {
            cell.flink = offsets[(at + 1) % number];
            cell.blink = offsets[(at + number - 1) % number];
            bins.put(*offset, &cell.to_bytes());
        }
    }
}

fn empty_node() -> KeyNode {
    KeyNode {
        signature: *b"nk",
        flags: 0,
        last_written: 0,
        access_bits: 0,
        layered_key_flags: 0,
        access_spare: 0,
        parent: 0,
        num_subkeys: 0,
        num_volatile_subkeys: 0,
        subkeys_list_offset: NONE,
        volatile_subkeys_list_offset: NONE,
        num_values: 0,
        values_list_offset: NONE,
        security_offset: NONE,
        class_name_offset: NONE,
        largest_subkey_name_length: 0,
        virtualization_flags: 0,
        user_flags: 0,
        debug: 0,
        largest_subkey_class_name_length: 0,
        largest_value_name_length: 0,
        largest_value_data_size: 0,
        work_var: 0,
        key_name_length: 0,
        class_name_length: 0,
        key_name: Vec::new(),
    }
}

/// A name's bytes: one a character where that is enough, which the flag says.
fn encode_name(name: &[u16]) -> (Vec<u8>, bool) {
    let narrow: Option<Vec<u8>> = name.iter().map(|&unit| u8::try_from(unit).ok()).collect();
    match narrow {
        Some(narrow) => (narrow, true),
        None => (to_bytes(name), false),
    }
}

/// The first four characters of a name in a leaf of the older format; zeros for one that is not of
/// one byte a character.
fn name_hint(name: &[u16]) -> [u8; 4] {
    let mut hint = [0; 4];
    if let (narrow, true) = encode_name(name) {
        let length = narrow.len().min(4);
        hint[..length].copy_from_slice(&narrow[..length]);
    }
    hint
}

/// A count or length as the structures carry it; hives are too small to overflow it.
fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
