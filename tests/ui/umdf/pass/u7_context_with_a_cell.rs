//! U7: any thread may come for an object's context.

use std::cell::Cell;
use std::sync::atomic::AtomicU32;

use umdf_callback::context::WithContext;
use umdf_callback::{File, Result};

#[derive(Default)]
pub struct Counters {
    pub reads: Cell<u32>,
    pub writes: AtomicU32,
}

pub fn count(file: &File) -> Result<()> {
    file.set_context(Counters::default().writes)?;
    Ok(())
}
