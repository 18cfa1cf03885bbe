//! N4: a failed open has no key object, so whoever makes a success of it brings one.

use cm_callback::operation::OpenKey;
use cm_callback::{Opened, Post, PostOutcome, RegistryCallback};

pub struct Notes;

impl RegistryCallback for Notes {
    type KeyContext = u32;
    type CallContext = u32;
}

pub fn opened(op: Post<'_, OpenKey, Notes>, ours: Opened) -> PostOutcome<OpenKey, Notes> {
    op.succeed_with(ours)
}
