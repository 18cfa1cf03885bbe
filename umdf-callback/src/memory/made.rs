//! Memory that the driver has made. Page: nf-wudfddi-iwdfdriver-createwdfmemory.

use core::fmt;

use crate::Result;
use crate::border::framework::Framework;
use crate::raw::IWDFMemory;

/// Memory that the driver has made: [`DriverObject::create_memory`](crate::DriverObject::create_memory). A request that it is sent
/// with has it until the request is back. It is deleted when it is dropped.
pub struct Memory(Framework<IWDFMemory>);

impl Memory {
    pub(crate) fn new(memory: Framework<IWDFMemory>) -> Self {
        Memory(memory)
    }

    pub(super) fn framework(&self) -> &Framework<IWDFMemory> {
        &self.0
    }

    /// In bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is none of no bytes")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Reads as many bytes as there is room for in `bytes`, from `offset` on. Page: nf-wudfddi-iwdfmemory-copytobuffer.
    ///
    /// # Errors
    /// `ERROR_INSUFFICIENT_BUFFER` if the memory ends before.
    pub fn read_at(&self, offset: usize, bytes: &mut [u8]) -> Result<()> {
        self.0.copy_to(offset, bytes)
    }

    /// Writes bytes from `offset` on. Page: nf-wudfddi-iwdfmemory-copyfrombuffer.
    ///
    /// # Errors
    /// `ERROR_INSUFFICIENT_BUFFER` if the memory ends before.
    pub fn write_at(&mut self, offset: usize, bytes: &[u8]) -> Result<()> {
        self.0.copy_from(offset, bytes)
    }

    /// All of it.
    ///
    /// # Errors
    /// The framework's.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.len()];
        self.read_at(0, &mut bytes)?;
        Ok(bytes)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.0.delete();
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} bytes)", self.len())
    }
}
