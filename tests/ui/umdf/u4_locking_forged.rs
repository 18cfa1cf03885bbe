//! U4: what a locking constraint serialises is the framework's business.

use std::cell::Cell;

use umdf_callback::lock::{Fits, Unsynchronized};

pub struct Context(pub Cell<u32>);

impl Fits<Unsynchronized> for Context {}
//~^ ERROR: requires an `unsafe impl` declaration
//~| ERROR: conflicting implementations
