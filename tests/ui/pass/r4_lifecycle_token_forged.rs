//! R4: a token is a proof because nobody but the entry points makes one.

use wdm_safe::{Init, Lifecycle};

pub fn start(init: &Init<'_>, register: impl FnOnce(&Lifecycle<'_>)) {
    register(init);
}
