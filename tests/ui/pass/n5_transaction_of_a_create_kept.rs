//! N5: the transaction of a create is lent for the notification; its address may be remembered.

use cm_callback::operation::CreateKey;
use cm_callback::{Pre, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn remember(op: &Pre<'_, CreateKey, Notes>, last: &mut Option<usize>) {
    *last = op.transaction().map(|transaction| transaction.address());
}
