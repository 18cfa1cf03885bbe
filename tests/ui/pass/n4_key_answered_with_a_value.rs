//! N4: a query of a key owes what describes a key.

use cm_callback::operation::{KeyAnswer, QueryKey, ValueAnswer};
use cm_callback::{Pre, PreOutcome, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn end<'n>(
    op: Pre<'n, QueryKey, Notes>,
    _value: &ValueAnswer<'_>,
    key: &KeyAnswer<'_>,
) -> PreOutcome<QueryKey, Notes> {
    op.answer(key).unwrap_or_else(Pre::pass)
}
