//! N2: an enumeration of subkeys wants a subkey; the structures differ.

use cm_callback::operation::EnumerateKey;
use cm_callback::operation::KeyAnswer as Answer;
use cm_callback::{Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn list(op: Pre<'_, EnumerateKey, Notes>, answer: &Answer<'_>) -> bool {
    op.answer(answer).is_ok()
}
