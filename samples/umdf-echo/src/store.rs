//! What the device holds.

use std::sync::Mutex;

use umdf_callback::{HRESULT, Result};

use crate::lock;

/// The most that it holds, in bytes.
pub const CAPACITY: usize = 64 * 1024;

/// What was written last.
#[derive(Debug, Default)]
pub struct Store(Mutex<Vec<u8>>);

impl Store {
    /// Replaces it.
    ///
    /// # Errors
    /// `ERROR_INSUFFICIENT_BUFFER` for more than [`CAPACITY`].
    pub fn set(&self, bytes: Vec<u8>) -> Result<()> {
        const INSUFFICIENT_BUFFER: HRESULT = HRESULT::from_win32(122);
        if bytes.len() > CAPACITY {
            return Err(INSUFFICIENT_BUFFER.into());
        }
        *lock(&self.0) = bytes;
        Ok(())
    }

    /// As much of it as fits.
    pub fn get(&self, room: usize) -> Vec<u8> {
        let bytes = lock(&self.0);
        bytes[..bytes.len().min(room)].to_vec()
    }

    /// How many bytes that is in all.
    pub fn len(&self) -> usize {
        lock(&self.0).len()
    }

    /// Whether nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
