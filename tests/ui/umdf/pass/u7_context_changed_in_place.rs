//! U7: a context is shared, so that what changes in it is behind a lock.

use umdf_callback::context::WithContext;
use umdf_callback::{File, Result};

pub fn log(file: &File, line: &str) -> Result<()> {
    let lines = file.context::<std::sync::Mutex<Vec<String>>>()?;
    lines.lock().unwrap().push(line.to_owned());
    Ok(())
}
