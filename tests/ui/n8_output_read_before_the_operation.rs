//! N8: before the operation there is nothing in the output to be read.

use cm_callback::operation::QueryValue;
use cm_callback::{Post, Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn size(op: &Pre<'_, QueryValue, Notes>, _post: &Post<'_, QueryValue, Notes>) -> bool {
    op.output().is_some() //~ ERROR: no method named `output`
}
