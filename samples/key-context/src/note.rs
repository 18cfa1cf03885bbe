//! The context.

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};

use wdm_safe::info;

/// What the driver attaches to a key object. It prints as its number.
pub(crate) struct Note {
    number: u32,
    /// In how many notifications it has been seen. Threads share a context, so what changes in it
    /// is atomic.
    seen: AtomicU32,
}

impl Note {
    pub(crate) fn new(number: u32) -> Self {
        Self {
            number,
            seen: AtomicU32::new(0),
        }
    }

    pub(crate) fn count_seen(&self) {
        self.seen.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.number)
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        let seen = *self.seen.get_mut();
        info!("released {self} (seen: {seen})");
    }
}
