//! N1: claiming a level is `unsafe`, and a driver that forbids that cannot.

#![forbid(unsafe_code)]

use wdm_safe::{ApcLevel, Passive};

pub fn claim(at: ApcLevel<'_>) -> Option<Passive<'_>> {
    at.passive()
}
