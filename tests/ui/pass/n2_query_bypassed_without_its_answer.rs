//! N2: a driver that ends an operation as a success must have supplied its outputs; a query's are
//! in the caller's buffer, which `answer` fills in.

use cm_callback::operation::{QueryValue, ValueAnswer};
use cm_callback::{Pre, PreOutcome, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn query(op: Pre<'_, QueryValue, Notes>, it: ValueAnswer) -> PreOutcome<QueryValue, Notes> {
    op.answer(&it).unwrap_or_else(Pre::pass)
}
