//! A callback runs on any number of threads at once.

use core::cell::Cell;
use core::sync::atomic::{AtomicU32, Ordering};

use wdm_safe::callback_object::{NotifyObject, NotifyRegistration};
use wdm_safe::{Lifecycle, Result};

pub fn count(object: &NotifyObject, at: &Lifecycle<'_>) -> Result<NotifyRegistration> {
    let calls = Cell::new(0);
    object.register(at, move |_| { //~ ERROR: cannot be shared between threads safely
        calls.set(calls.get() + 1);
    })
}
