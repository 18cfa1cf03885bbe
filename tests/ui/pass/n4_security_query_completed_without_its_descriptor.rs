//! N4: a bypassed query for a security descriptor owes one.

use cm_callback::operation::QuerySecurity;
use cm_callback::{Pre, PreOutcome, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn end(op: Pre<'_, QuerySecurity, Notes>) -> PreOutcome<QuerySecurity, Notes> {
    op.answer(&[0; 20]).unwrap_or_else(Pre::pass)
}
