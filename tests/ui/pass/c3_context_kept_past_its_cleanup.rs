//! C3: after the cleanup notification the contexts are dropped; they can be looked at in it, and
//! not taken out of it.

use cm_callback::{Cleanup, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn remember<'n>(op: &Cleanup<'n, Notes>, last: &mut Option<&'n u32>) {
    *last = op.contexts().next();
}
