//! N1: without `unsafe`, which would be a promise of one's own, a level is proved by whoever knows
//! it.

use wdm_safe::{ApcLevel, Passive};

pub fn raise(at: ApcLevel<'_>) -> Option<Passive<'_>> {
    Some(Passive { apc: at }) //~ ERROR: field `apc` of struct `Passive` is private
}
