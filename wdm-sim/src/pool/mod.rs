//! Pool memory: every block is known by its address, with its size, tag, owner and serial number.
//!
//! Blocks are aligned to 16 bytes, those of a page or more to a page. A few bytes behind each block
//! are filled with a pattern, and a freed block stays out of use for a while, filled with another,
//! so that writes past the end and after the free are seen.

mod block;
mod quarantine;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::machine::DriverId;

use block::Block;
use quarantine::Quarantine;

const SHARDS: usize = 64;

/// A pool tag: four characters, the first in the lowest byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Tag(pub(crate) u32);

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for byte in self.0.to_le_bytes() {
            match byte {
                b' '..=b'~' => write!(f, "{}", char::from(byte))?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        Ok(())
    }
}

/// What became of a block that was to be freed.
pub(crate) struct Freed {
    /// The tag that it was allocated with.
    pub(crate) tag: Tag,
    /// Something was written behind its end.
    pub(crate) overrun: bool,
    /// It was a context on this many key objects whose cleanup notification has not come (C4).
    pub(crate) attached: u32,
    /// It was a context on this many key objects, and their cleanup notifications have come.
    pub(crate) detached: u32,
    /// Its size in bytes.
    pub(crate) size: usize,
}

/// Why a pointer could not be freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotFreed {
    /// It was a block's, and the block was freed lately.
    AlreadyFreed,
    /// It points into a block, not to its beginning.
    Inside,
    /// The pool never gave it out, or that is long ago.
    Foreign,
}

/// What a driver did not free, for one tag.
pub(crate) struct Leak {
    /// Whether they are key contexts.
    pub(crate) contexts: bool,
    /// The tag.
    pub(crate) tag: Tag,
    /// How many blocks.
    pub(crate) blocks: usize,
    /// Their size in bytes.
    pub(crate) bytes: usize,
    /// The lowest serial number among them: 1 is the first allocation of the machine.
    pub(crate) first: u64,
}

/// Some of the blocks, by address.
#[derive(Default)]
struct Blocks {
    live: HashMap<usize, Block>,
    freed: Quarantine,
}

/// Blocks on cache lines of their own, so that threads on different shards do not meet.
#[derive(Default)]
#[repr(align(128))]
struct Shard(Mutex<Blocks>);

impl Shard {
    fn lock(&self) -> MutexGuard<'_, Blocks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pool of a machine.
pub(crate) struct Pool {
    shards: Box<[Shard]>,
    serial: AtomicU64,
    /// How many allocations from now the one that fails is; 0 for none.
    fail_in: AtomicU64,
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            serial: AtomicU64::new(0),
            fail_in: AtomicU64::new(0),
        }
    }
}

impl Pool {
    /// Allocates zeroed memory; `None` if there is none.
    pub(crate) fn allocate(&self, owner: DriverId, size: usize, tag: Tag) -> Option<usize> {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed) + 1;
        let block = Block::new(size, tag, owner, serial)?;
        let address = block.address();
        self.shard(address).live.insert(address, block);
        Some(address)
    }

    /// Frees a block.
    pub(crate) fn free(&self, address: usize) -> Result<Freed, NotFreed> {
        let mut shard = self.shard(address);
        let Some(block) = shard.live.remove(&address) else {
            drop(shard);
            return Err(self.why_not(address));
        };
        let freed = Freed {
            tag: block.tag(),
            overrun: block.overrun(),
            attached: block.attached,
            detached: block.detached,
            size: block.size(),
        };
        shard.freed.hold(block);
        Ok(freed)
    }

    /// Notes that the block at `context`, if there is one, became a key object's context; gives its
    /// serial number.
    pub(crate) fn attach(&self, context: usize) -> Option<u64> {
        let mut shard = self.shard(context);
        let block = shard.live.get_mut(&context)?;
        block.attached += 1;
        Some(block.serial())
    }

    /// Notes that the cleanup notification for such a context has come.
    pub(crate) fn detach(&self, context: usize, serial: u64) {
        if let Some(block) = self.shard(context).live.get_mut(&context)
            && block.serial() == serial
        {
            block.attached -= 1;
            block.detached += 1;
        }
    }

    /// Takes away all blocks of a driver that is gone.
    pub(crate) fn take_all_of(&self, owner: DriverId) -> Vec<Leak> {
        let mut leaks = BTreeMap::<(bool, Tag), Leak>::new();
        for shard in &self.shards {
            let mut blocks = shard.lock();
            for (_, block) in blocks.live.extract_if(|_, block| block.owner() == owner) {
                let contexts = block.is_context();
                let leak = leaks.entry((contexts, block.tag())).or_insert(Leak {
                    contexts,
                    tag: block.tag(),
                    blocks: 0,
                    bytes: 0,
                    first: u64::MAX,
                });
                leak.blocks += 1;
                leak.bytes += block.size();
                leak.first = leak.first.min(block.serial());
            }
        }
        leaks.into_values().collect()
    }

    /// Empties the quarantine; gives the tag of each block that was written to after it was freed.
    pub(crate) fn written_after_free(&self) -> Vec<(Tag, DriverId)> {
        let shards = self.shards.iter();
        shards
            .flat_map(|shard| shard.lock().freed.damaged())
            .collect()
    }

    /// Makes the `number`th allocation from now fail, once; 0 for none.
    pub(crate) fn fail_allocation(&self, number: u64) {
        self.fail_in.store(number, Ordering::SeqCst);
    }

    /// Whether the allocation that is being made is the one to fail.
    pub(crate) fn must_fail(&self) -> bool {
        if self.fail_in.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let before = self
            .fail_in
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        before == Ok(1)
    }

    fn why_not(&self, address: usize) -> NotFreed {
        if self.shard(address).freed.contains(address) {
            return NotFreed::AlreadyFreed;
        }
        let inside = self.shards.iter().any(|shard| {
            let blocks = shard.lock();
            blocks.live.values().any(|block| block.contains(address))
        });
        if inside {
            NotFreed::Inside
        } else {
            NotFreed::Foreign
        }
    }

    fn shard(&self, address: usize) -> MutexGuard<'_, Blocks> {
        // Neighbouring blocks are at least 32 bytes apart.
        self.shards[(address >> 5) % SHARDS].lock()
    }
}
