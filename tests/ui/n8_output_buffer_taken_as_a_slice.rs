//! N8: the buffer of a query is an address in the caller's process that any touch can fault on;
//! only inputs are lent as slices.

use cm_callback::operation::QueryValue as Operation;
use cm_callback::{Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn peek<'n>(op: &Pre<'n, Operation, Notes>) -> &'n [u8] {
    op.data() //~ ERROR: no method named `data` found
}
