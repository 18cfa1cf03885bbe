//! A watch that was dropped is closed, and its memory gone.

use wdm_safe::registry::{KeyChanges, RegKey, WatchScope};
use wdm_safe::{Passive, Result};

pub fn changed(key: &RegKey, at: Passive<'_>) -> Result<bool> {
    let mut watch = key.watch(KeyChanges::VALUES, WatchScope::Key, at)?;
    drop(watch);
    watch.has_changed(at) //~ ERROR: borrow of moved value: `watch`
}
