//! Freed blocks that are kept for a while.

use std::collections::VecDeque;

use super::Tag;
use super::block::Block;
use crate::machine::DriverId;

/// How many blocks one shard of the pool keeps.
const MAX_BLOCKS: usize = 32;
/// How many bytes it keeps. A block larger than this is forgotten at once.
const MAX_BYTES: usize = 128 << 10;

/// Freed blocks, the oldest first.
#[derive(Default)]
pub(super) struct Quarantine {
    blocks: VecDeque<Block>,
    bytes: usize,
    /// Blocks that had been written to when they left.
    damaged: Vec<(Tag, DriverId)>,
}

impl Quarantine {
    /// Keeps a block that was just freed.
    pub(super) fn hold(&mut self, mut block: Block) {
        if block.size() > MAX_BYTES {
            return;
        }
        block.poison();
        self.bytes += block.size();
        self.blocks.push_back(block);
        while self.blocks.len() > MAX_BLOCKS || self.bytes > MAX_BYTES {
            self.release();
        }
    }

    /// Whether a block that is kept begins at an address.
    pub(super) fn contains(&self, address: usize) -> bool {
        self.blocks.iter().any(|block| block.address() == address)
    }

    /// Lets all blocks go and tells which were written to after they were freed.
    pub(super) fn damaged(&mut self) -> Vec<(Tag, DriverId)> {
        while !self.blocks.is_empty() {
            self.release();
        }
        std::mem::take(&mut self.damaged)
    }

    fn release(&mut self) {
        if let Some(block) = self.blocks.pop_front() {
            self.bytes -= block.size();
            if block.written() {
                self.damaged.push((block.tag(), block.owner()));
            }
        }
    }
}
