//! A driver opens its own keys while it starts, in a system thread, and not wherever a callback runs.

use wdm_safe::registry::{DriverKey, KeyAccess, RegKey};
use wdm_safe::{Init, Passive, Result};

pub fn open(init: &Init<'_>, at: Passive<'_>) -> Result<RegKey> {
    let _ = (init, at);
    RegKey::driver_key(at, DriverKey::Parameters, KeyAccess::READ) //~ ERROR: mismatched types
}
