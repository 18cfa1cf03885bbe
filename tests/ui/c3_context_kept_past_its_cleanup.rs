//! C3: after the cleanup notification the contexts are dropped; they can be looked at in it, and
//! not taken out of it.

use cm_callback::{Cleanup, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn remember(op: &Cleanup<'_, Notes>, last: &mut Option<&'static u32>) {
    *last = op.contexts().next(); //~ ERROR: lifetime may not live long enough
}
