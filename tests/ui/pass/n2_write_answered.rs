//! N2: an answer is for an operation that asks for something.

use cm_callback::operation::EnumerateValue as Operation;
use cm_callback::operation::ValueAnswer;
use cm_callback::{Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn set(op: Pre<'_, Operation, Notes>, answer: &ValueAnswer<'_>) -> bool {
    op.answer(answer).is_ok()
}
