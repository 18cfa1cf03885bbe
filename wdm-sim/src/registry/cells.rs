//! Reading the cells of a hive file, trusting none of it.
//!
//! The crate `regf` knows the structures; its own reader refuses a hive as a whole at the first
//! flaw, while a damaged hive should load as far as it can. So this module finds the cells itself
//! and hands each to `regf`'s structure parsers.
//!
//! No amount of sharing or overlapping between cells makes the result larger than the file: every
//! byte that is read out of a cell is charged against the file's size, which an honest hive never
//! exceeds, since there each cell has one owner.

use regf::{BaseBlock, BigData, KeyNode, KeySecurity, KeyValue, SubkeysList};

/// The size of the base block, which the hive bins follow.
const BASE_BLOCK_SIZE: usize = 4096;

/// The offset that stands for "there is none".
const NO_CELL: u32 = u32::MAX;

/// What a big data segment holds, and so the size from which data are stored in segments.
const SEGMENT_SIZE: usize = 16_344;

/// Where a key's flags are in its cell, and the one for a name of one byte a character.
const KEY_FLAGS_AT: usize = 2;
const KEY_COMPRESSED_NAME: u8 = 0x20;

/// Where a value's flags are in its cell, and the one for a name of one byte a character.
const VALUE_FLAGS_AT: usize = 16;
const VALUE_COMPRESSED_NAME: u8 = 0x01;

/// Set in a value's size if the data are in the offset field.
const RESIDENT: u32 = 0x8000_0000;

/// Set in a key's flags if its value count is a predefined handle instead.
const KEY_PREDEFINED_HANDLE: u16 = 0x40;

/// Why a part of a hive could not be read, as the end of a sentence.
pub(super) type Damage = String;

/// A hive file, held in memory.
pub(super) struct Cells<'a> {
    bins: &'a [u8],
    base: BaseBlock,
    /// Bytes that may still be read before some must have been read twice.
    budget: usize,
}

/// A key's description; its parts are elsewhere in the file.
pub(super) struct Node {
    pub(super) name: Vec<u16>,
    pub(super) flags: u16,
    pub(super) last_write: u64,
    pub(super) security: u32,
    class: (u32, usize),
    subkeys: (u32, usize),
    values: (u32, usize),
}

/// One value's description and data.
pub(super) struct RawValue {
    pub(super) name: Vec<u16>,
    pub(super) kind: u32,
    pub(super) data: Vec<u8>,
}

impl<'a> Cells<'a> {
    /// Reads the base block.
    pub(super) fn new(file: &'a [u8]) -> Result<Self, Damage> {
        let base = BaseBlock::parse(file).map_err(|error| error.to_string())?;
        if base.major_version != 1 || !(3..=6).contains(&base.minor_version) {
            let (major, minor) = (base.major_version, base.minor_version);
            return Err(format!(
                "its format version is {major}.{minor}, not 1.3 to 1.6"
            ));
        }
        let bins = &file[BASE_BLOCK_SIZE..];
        let declared = base.hive_bins_data_size as usize;
        let bins = &bins[..declared.min(bins.len())];
        Ok(Self {
            bins,
            base,
            budget: bins.len(),
        })
    }

    /// Whether the hive was not closed properly, so that its transaction log may hold later
    /// changes.
    pub(super) fn is_dirty(&self) -> bool {
        self.base.is_dirty()
    }

    /// How many bytes the hive bins should have, and have.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.base.hive_bins_data_size as usize, self.bins.len())
    }

    pub(super) fn root(&self) -> u32 {
        self.base.root_cell_offset
    }

    /// Reads a key.
    pub(super) fn node(&mut self, offset: u32) -> Result<Node, Damage> {
        let cell = self.cell(offset)?;
        let node = parse_any_name(cell, KEY_FLAGS_AT, KEY_COMPRESSED_NAME, KeyNode::parse)
            .map_err(|error| format!("the cell at {offset:#x} is no key ({error})"))?;
        self.charge(node.key_name.len())?;
        let values = match node.flags & KEY_PREDEFINED_HANDLE {
            0 => (node.values_list_offset, node.num_values as usize),
            _ => (NO_CELL, 0),
        };
        Ok(Node {
            name: decode_name(
                &node.key_name,
                cell[KEY_FLAGS_AT] & KEY_COMPRESSED_NAME != 0,
            ),
            flags: node.flags,
            last_write: node.last_written,
            security: node.security_offset,
            class: (node.class_name_offset, usize::from(node.class_name_length)),
            subkeys: (node.subkeys_list_offset, node.num_subkeys as usize),
            values,
        })
    }

    /// Reads a key's class name.
    pub(super) fn class(&mut self, node: &Node) -> Result<Vec<u16>, Damage> {
        let (offset, len) = node.class;
        if offset == NO_CELL || len == 0 {
            return Ok(Vec::new());
        }
        self.data(offset, len).map(super::from_bytes)
    }

    /// Reads a security descriptor.
    pub(super) fn security(&mut self, offset: u32) -> Result<Vec<u8>, Damage> {
        let item = KeySecurity::parse(self.cell(offset)?).map_err(|error| {
            format!("the cell at {offset:#x} is no security descriptor ({error})")
        })?;
        self.charge(item.security_descriptor.len())?;
        Ok(item.security_descriptor)
    }

    /// Reads the offsets of a key's subkeys. What can be read of a damaged list is in `found`.
    pub(super) fn subkeys(&mut self, node: &Node, found: &mut Vec<u32>) -> Result<(), Damage> {
        let (offset, count) = node.subkeys;
        if count == 0 {
            return Ok(());
        }
        match self.subkeys_list(offset)? {
            SubkeysList::IndexRoot(root) => {
                for element in root.elements {
                    let leaf = self.subkeys_list(element.subkeys_list_offset)?;
                    if leaf.is_index_root() {
                        return Err("its list of subkeys is nested too deep".into());
                    }
                    found.extend(leaf.get_offsets());
                }
            }
            leaf => found.extend(leaf.get_offsets()),
        }
        match found.len() {
            listed if listed == count => Ok(()),
            listed => Err(format!(
                "its list holds {listed} subkeys instead of {count}"
            )),
        }
    }

    /// Reads the offsets of a key's values.
    pub(super) fn values(&mut self, node: &Node) -> Result<Vec<u32>, Damage> {
        let (offset, count) = node.values;
        if count == 0 {
            return Ok(Vec::new());
        }
        let list = self.data(offset, count.saturating_mul(4))?;
        Ok(list
            .chunks_exact(4)
            .map(|at| u32::from_le_bytes([at[0], at[1], at[2], at[3]]))
            .collect())
    }

    /// Reads a value and its data.
    pub(super) fn value(&mut self, offset: u32) -> Result<RawValue, Damage> {
        let cell = self.cell(offset)?;
        let value = parse_any_name(cell, VALUE_FLAGS_AT, VALUE_COMPRESSED_NAME, KeyValue::parse)
            .map_err(|error| format!("the cell at {offset:#x} is no value ({error})"))?;
        self.charge(value.value_name.len())?;
        let name = decode_name(
            &value.value_name,
            cell[VALUE_FLAGS_AT] & VALUE_COMPRESSED_NAME != 0,
        );
        let len = (value.data_size & !RESIDENT) as usize;
        let data = if value.data_size & RESIDENT != 0 {
            value
                .data_offset
                .to_le_bytes()
                .get(..len)
                .unwrap_or_default()
                .to_vec()
        } else if len == 0 {
            Vec::new()
        } else if len > SEGMENT_SIZE && self.base.minor_version > 3 {
            self.big_data(value.data_offset, len)
                .map_err(|damage| format!("its data: {damage}"))?
        } else {
            self.data(value.data_offset, len)
                .map_err(|damage| format!("its data: {damage}"))?
                .to_vec()
        };
        Ok(RawValue {
            name,
            kind: value.data_type,
            data,
        })
    }

    fn big_data(&mut self, offset: u32, len: usize) -> Result<Vec<u8>, Damage> {
        let header = BigData::parse(self.cell(offset)?)
            .map_err(|error| format!("the cell at {offset:#x} is no segment list ({error})"))?;
        let segments = usize::from(header.num_segments);
        if segments != len.div_ceil(SEGMENT_SIZE) {
            return Err(format!("{segments} segments cannot hold {len} bytes"));
        }
        let list = self.data(header.segments_list_offset, segments * 4)?;
        let mut data = Vec::with_capacity(len.min(self.budget));
        for at in list.chunks_exact(4) {
            let segment = u32::from_le_bytes([at[0], at[1], at[2], at[3]]);
            let wanted = SEGMENT_SIZE.min(len - data.len());
            data.extend_from_slice(self.data(segment, wanted)?);
        }
        Ok(data)
    }

    fn subkeys_list(&mut self, offset: u32) -> Result<SubkeysList, Damage> {
        let list = SubkeysList::parse(self.cell(offset)?)
            .map_err(|error| format!("the cell at {offset:#x} is no list of subkeys ({error})"))?;
        self.charge(4 * list.get_offsets().len())?;
        Ok(list)
    }

    /// The first `len` bytes of a cell.
    fn data(&mut self, offset: u32, len: usize) -> Result<&'a [u8], Damage> {
        let cell = self.cell(offset)?;
        let data = cell.get(..len).ok_or_else(|| {
            format!(
                "the cell at {offset:#x} has {} bytes instead of {len}",
                cell.len()
            )
        })?;
        self.charge(len)?;
        Ok(data)
    }

    /// What an allocated cell holds behind its size field.
    fn cell(&self, offset: u32) -> Result<&'a [u8], Damage> {
        self.check_budget()?;
        let outside = || format!("there is no cell at {offset:#x}");
        let rest = self.bins.get(offset as usize..).ok_or_else(outside)?;
        let (size, rest) = rest.split_first_chunk().ok_or_else(outside)?;
        // The size is negative for a cell in use, positive for a free one.
        let size = i32::from_le_bytes(*size);
        if size >= 0 {
            return Err(format!("the cell at {offset:#x} is free"));
        }
        (size.unsigned_abs() as usize)
            .checked_sub(4)
            .and_then(|len| rest.get(..len))
            .ok_or_else(|| format!("the cell at {offset:#x} does not fit into the file"))
    }

    /// Counts bytes that were read. Once there were too many, nothing more is read.
    fn charge(&mut self, bytes: usize) -> Result<(), Damage> {
        self.budget = self.budget.saturating_sub(bytes);
        self.check_budget()
    }

    /// An honest hive never gets there, as each cell has a size field that is not counted.
    fn check_budget(&self) -> Result<(), Damage> {
        match self.budget {
            0 => Err("its cells are shared, so that the hive is larger than its file".into()),
            _ => Ok(()),
        }
    }
}

/// Parses a structure whose name may be any UTF-16 units, as NT allows. `regf` insists on
/// well-formed text, so for other names it is told (in the flags at `flags_at`) that they have one
/// byte a character, which it hands over as they are.
fn parse_any_name<T>(
    cell: &[u8],
    flags_at: usize,
    compressed: u8,
    parse: fn(&[u8]) -> regf::Result<T>,
) -> regf::Result<T> {
    match parse(cell) {
        Err(regf::Error::InvalidUtf16String) => {
            let mut copy = cell.to_vec();
            copy[flags_at] |= compressed;
            parse(&copy)
        }
        parsed => parsed,
    }
}

fn decode_name(name: &[u8], compressed: bool) -> Vec<u16> {
    if compressed {
        name.iter().map(|&byte| u16::from(byte)).collect()
    } else {
        super::from_bytes(name)
    }
}
