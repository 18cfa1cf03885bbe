//! The bins of a hive file that is being written: memory in which cells are allocated.

use regf::structures::HiveBinHeader;

use crate::status::Status;

/// Bins are multiples of this.
const BIN: usize = 4096;
const BIN_HEADER: usize = 32;
/// A cell's size field, which counts itself.
const CELL_HEADER: usize = 4;
/// Cells are multiples of this.
const CELL: usize = 8;
/// What NT takes at most.
const MAX_HIVE: usize = i32::MAX as usize;

/// Bins that grow at their end. Cells are not given back.
#[derive(Default)]
pub(super) struct Bins {
    bytes: Vec<u8>,
    /// Where the unused rest of the last bin begins.
    free: usize,
}

impl Bins {
    /// Allocates a cell for `length` bytes, all zero, and gives its offset.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` for a hive that would be larger than NT takes.
    pub(super) fn allocate(&mut self, length: usize) -> Result<u32, Status> {
        let size = (length + CELL_HEADER).next_multiple_of(CELL);
        if size > self.bytes.len() - self.free {
            self.begin_bin(size)?;
        }
        let at = self.free;
        self.free += size;
        // The size is negative for a cell in use.
        self.set_size(at, -(size as i64));
        Ok(at as u32)
    }

    /// Fills a cell.
    pub(super) fn put(&mut self, cell: u32, data: &[u8]) {
        let at = cell as usize + CELL_HEADER;
        self.bytes[at..at + data.len()].copy_from_slice(data);
    }

    /// Allocates a cell and fills it.
    ///
    /// # Errors
    /// As [`allocate`](Self::allocate).
    pub(super) fn add(&mut self, data: &[u8]) -> Result<u32, Status> {
        let cell = self.allocate(data.len())?;
        self.put(cell, data);
        Ok(cell)
    }

    /// The finished bins.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.end_bin();
        self.bytes
    }

    /// Begins a bin that has room for a cell of `size` bytes.
    fn begin_bin(&mut self, size: usize) -> Result<(), Status> {
        self.end_bin();
        let begin = self.bytes.len();
        let length = (BIN_HEADER + size).next_multiple_of(BIN);
        if begin + length > MAX_HIVE {
            return Err(Status::INSUFFICIENT_RESOURCES);
        }
        let header = HiveBinHeader::new(begin as u32, length as u32)
            .map_err(|_| Status::REGISTRY_IO_FAILED)?;
        header
            .write(&mut self.bytes)
            .map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
        self.bytes.resize(begin + length, 0);
        self.free = begin + BIN_HEADER;
        Ok(())
    }

    /// Makes the rest of the last bin a free cell, whose size is positive.
    fn end_bin(&mut self) {
        let rest = self.bytes.len() - self.free;
        if rest > 0 {
            self.set_size(self.free, rest as i64);
            self.free = self.bytes.len();
        }
    }

    fn set_size(&mut self, at: usize, size: i64) {
        // No hive is larger than an `i32` can say.
        self.bytes[at..at + CELL_HEADER].copy_from_slice(&(size as i32).to_le_bytes());
    }
}
