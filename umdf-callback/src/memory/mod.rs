//! A request's buffers, memory that the driver has made, and what of them a request is sent with. Header: wudfddi.h, page:
//! nn-wudfddi-iwdfmemory.
//!
//! Bytes are copied in and out: with direct I/O the buffer is shared with the program that made the request, which may change it
//! at any time, so that there is no slice of it.

use core::fmt;
use core::marker::PhantomData;

use crate::Result;
use crate::border::framework::Framework;
use crate::raw::IWDFMemory;

pub use self::made::Memory;
pub(crate) use self::place::Located;
pub use self::place::{InputOf, OutputOf, OwnInput, OwnOutput, Part, Sink, Source};

mod made;
mod place;

/// An input buffer, for as long as its request is there.
pub struct Input<'request> {
    memory: Framework<IWDFMemory>,
    of: PhantomData<&'request ()>,
}

/// An output buffer, for as long as its request is there.
pub struct Output<'request> {
    memory: Framework<IWDFMemory>,
    of: PhantomData<&'request mut ()>,
}

impl Input<'_> {
    pub(crate) fn new(memory: Framework<IWDFMemory>) -> Self {
        Input {
            memory,
            of: PhantomData,
        }
    }

    /// In bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.memory.len()
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads as many bytes as there is room for in `bytes`, from `offset` on. Page: nf-wudfddi-iwdfmemory-copytobuffer.
    ///
    /// # Errors
    /// `ERROR_INSUFFICIENT_BUFFER` if the input ends before.
    pub fn read_at(&self, offset: usize, bytes: &mut [u8]) -> Result<()> {
        self.memory.copy_to(offset, bytes)
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

impl Output<'_> {
    pub(crate) fn new(memory: Framework<IWDFMemory>) -> Self {
        Output {
            memory,
            of: PhantomData,
        }
    }

    /// In bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.memory.len()
    }

    /// Whether it has no room.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes bytes from `offset` on. Page: nf-wudfddi-iwdfmemory-copyfrombuffer.
    ///
    /// # Errors
    /// `ERROR_INSUFFICIENT_BUFFER` if the output ends before.
    pub fn write_at(&mut self, offset: usize, bytes: &[u8]) -> Result<()> {
        self.memory.copy_from(offset, bytes)
    }
}

// So that a buffer that is still in scope keeps its request from being used up: it is released before (page:
// nf-wudfddi-iwdfiorequest2-retrieveinputmemory).
impl Drop for Input<'_> {
    fn drop(&mut self) {}
}

impl Drop for Output<'_> {
    fn drop(&mut self) {}
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Input({} bytes)", self.len())
    }
}

impl fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Output({} bytes)", self.len())
    }
}
