//! U7: a context lives as long as its object, which is as long as the framework likes.

use umdf_callback::context::WithContext;
use umdf_callback::{File, Result};

pub fn name(file: &File, name: &str) -> Result<()> {
    file.set_context(name)?; //~ ERROR: borrowed data escapes
    Ok(())
}
