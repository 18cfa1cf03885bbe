//! One thread waits for a watch: the event that tells of a change tells one of them.

use wdm_safe::registry::KeyWatch;
use wdm_safe::{Passive, Result};

pub fn wait(watch: &KeyWatch, at: Passive<'_>) -> Result<bool> {
    watch.wait(None, at) //~ ERROR: cannot borrow `*watch` as mutable
}
