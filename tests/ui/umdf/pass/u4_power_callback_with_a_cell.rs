//! U4: no locking constraint serialises Plug and Play callbacks.

use std::sync::atomic::AtomicU32 as Counter;

use umdf_callback::callback::PnpCallback;

pub struct Context(pub Counter);

impl PnpCallback for Context {}
