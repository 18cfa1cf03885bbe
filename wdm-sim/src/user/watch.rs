//! Change notification for programs.

use std::fmt;
use std::time::{Duration, Instant};

use wdm_sys::KeyChanges;

use super::UserKey;
use crate::cm::ops::{self, Tell};
use crate::machine::{Thread, ThreadGuard};
use crate::object::{Body, EventObject, Handle};
use crate::status::Status;

/// All rights to an event.
const EVENT_ALL_ACCESS: u32 = 0x001F_0003;

/// A program's request to be told of a change of a key: an event that is signalled at the next one.
/// Dropping it closes the event. The request ends when the key's handle is closed, not, as on NT,
/// with the thread that made it.
pub struct UserWatch<'t> {
    guard: &'t ThreadGuard,
    event: Handle,
}

impl<'t> UserKey<'t> {
    /// Waits until the key changes (`NtNotifyChangeKey`); `tree` lets changes of the keys below it
    /// count, too. Gives `STATUS_NOTIFY_ENUM_DIR`, or `STATUS_NOTIFY_CLEANUP` if the key was closed
    /// or deleted meanwhile.
    ///
    /// # Errors
    /// `STATUS_ACCESS_DENIED` without the right [`NOTIFY`](wdm_sys::KeyAccess::NOTIFY),
    /// `STATUS_KEY_DELETED`.
    pub fn wait_for_change(&self, changes: KeyChanges, tree: bool) -> Result<Status, Status> {
        let tell = Tell::Return(std::ptr::null_mut());
        self.guard.system_call(|thread| {
            // SAFETY: there is no status block.
            unsafe { ops::notify_change(thread, self.handle(), changes.bits(), tree, tell) }
        })
    }

    /// Asks to be told of the next change (`NtCreateEvent`, `NtNotifyChangeKey`).
    ///
    /// # Errors
    /// As [`wait_for_change`](Self::wait_for_change).
    pub fn watch(&self, changes: KeyChanges, tree: bool) -> Result<UserWatch<'t>, Status> {
        let guard = self.guard;
        guard.system_call(|thread| {
            let event = create_event(thread)?;
            let watch = UserWatch { guard, event };
            let tell = Tell::Signal(std::ptr::null_mut(), event.as_raw());
            // SAFETY: there is no status block.
            unsafe { ops::notify_change(thread, self.handle(), changes.bits(), tree, tell) }?;
            Ok(watch)
        })
    }
}

impl UserWatch<'_> {
    /// Waits until the event is signalled, for as long as `timeout` (`NtWaitForSingleObject`); says
    /// whether it was.
    pub fn wait(&self, timeout: Duration) -> bool {
        self.guard.system_call(|thread| {
            let Some((object, _)) = thread.reference_handle(self.event) else {
                return false;
            };
            match object.body() {
                Body::Event(event) => {
                    event.wait(thread.kernel(), Instant::now().checked_add(timeout))
                }
                _ => false,
            }
        })
    }

    /// Whether the event is signalled.
    pub fn is_signalled(&self) -> bool {
        self.wait(Duration::ZERO)
    }
}

impl fmt::Debug for UserWatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserWatch({:#x})", self.event.0)
    }
}

impl Drop for UserWatch<'_> {
    fn drop(&mut self) {
        self.guard.system_call(|thread| {
            let table = thread.process().handles();
            drop(table.close(thread.kernel(), self.event));
        });
    }
}

/// Makes an event that stays signalled.
fn create_event(thread: &Thread) -> Result<Handle, Status> {
    let kernel = thread.kernel();
    let event = Body::Event(EventObject::new(false, false));
    let object = kernel.objects.create(kernel, event);
    let table = thread.process().handles();
    table
        .insert(object, EVENT_ALL_ACCESS, thread.caller().driver)
        .ok_or(Status::INSUFFICIENT_RESOURCES)
}
