//! Which callbacks stand on this thread's stack.
//!
//! A frame is pushed when a callback gets a pre-notification and popped when the operation has done
//! with it: after its post-notification, or at once if it blocked. In between it *runs* while the
//! callback's code does, and is only *pending* while lower callbacks and the operation itself do.
//! The last running frame is what N7 (nested calls go below it only), C1 (contexts are set inside
//! the callback) and R4 (no unregistering inside the callback) ask for.

use std::cell::RefCell;

use wdm_sys::REG_NOTIFY_CLASS;

use super::callbacks::Cookie;
use super::classes;

/// One callback that an operation of this thread has called.
#[derive(Clone, Copy)]
struct Frame {
    cookie: Cookie,
    class: REG_NOTIFY_CLASS,
    running: bool,
}

/// What the configuration manager remembers of the operations under way on a thread.
#[derive(Default)]
pub(crate) struct ThreadState(RefCell<Vec<Frame>>);

impl ThreadState {
    /// A callback begins to run.
    pub(super) fn enter(&self, cookie: Cookie, class: REG_NOTIFY_CLASS) {
        self.0.borrow_mut().push(Frame {
            cookie,
            class,
            running: true,
        });
    }

    /// The last callback has returned and waits for its post-notification.
    pub(super) fn pend(&self) {
        if let Some(frame) = self.0.borrow_mut().last_mut() {
            frame.running = false;
        }
    }

    /// The last callback runs again, for its post-notification.
    pub(super) fn resume(&self, class: REG_NOTIFY_CLASS) {
        if let Some(frame) = self.0.borrow_mut().last_mut() {
            frame.running = true;
            frame.class = class;
        }
    }

    /// The last callback is done with.
    pub(super) fn leave(&self) {
        self.0.borrow_mut().pop();
    }

    /// The callback that runs on this thread, and what for.
    pub(super) fn running(&self) -> Option<(Cookie, REG_NOTIFY_CLASS)> {
        let frames = self.0.borrow();
        let frame = frames.iter().rev().find(|frame| frame.running)?;
        Some((frame.cookie, frame.class))
    }

    /// The name of the notification that is being handled, if one is. It does not wait or fail, so
    /// that a bug check can ask at any time.
    pub(crate) fn notification(&self) -> Option<&'static str> {
        let frames = self.0.try_borrow().ok()?;
        let frame = frames.iter().rev().find(|frame| frame.running)?;
        Some(classes::name(frame.class))
    }

    /// Whether a callback is on this thread's stack, running or pending.
    pub(super) fn contains(&self, cookie: Cookie) -> bool {
        self.0.borrow().iter().any(|frame| frame.cookie == cookie)
    }
}
