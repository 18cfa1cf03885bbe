//! U4: no locking constraint serialises Plug and Play callbacks.

use std::cell::Cell as Counter;

use umdf_callback::callback::PnpCallback;

pub struct Context(pub Counter<u32>);

impl PnpCallback for Context {} //~ ERROR: cannot be shared between threads safely
