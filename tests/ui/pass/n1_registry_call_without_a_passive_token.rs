//! N1: callbacks have been seen at APC_LEVEL, and the Zw* routines are for PASSIVE_LEVEL; a
//! callback asks before it calls one.

use cm_callback::operation::SetValue;
use cm_callback::{Pre, RegistryCallback};
use wdm_safe::registry::{KeyAccess, RegKey};
use wdm_safe::{Result, unicode};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn set(op: &Pre<'_, SetValue, Notes>) -> Option<Result<RegKey>> {
    let path = unicode!(r"\Registry\Machine");
    let at = op.passive()?;
    Some(RegKey::open(path, KeyAccess::READ, at))
}
