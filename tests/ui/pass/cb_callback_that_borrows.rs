//! A callback can be called as long as it is registered, not only as long as this function runs.

use core::sync::atomic::{AtomicU32, Ordering};

use wdm_safe::callback_object::{NotifyObject, NotifyRegistration};
use wdm_safe::{Lifecycle, Result};

pub fn count(object: &NotifyObject, at: &Lifecycle<'_>) -> Result<NotifyRegistration> {
    let calls = AtomicU32::new(0);
    object.register(at, move |_| {
        calls.fetch_add(1, Ordering::Relaxed);
    })
}
