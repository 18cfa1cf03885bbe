//! Closing a key object: what happens when its last reference goes away (K3, C3).

use std::ptr;
use std::sync::Arc;

use wdm_sys::{PVOID, REG_KEY_HANDLE_CLOSE_INFORMATION};

use super::callbacks::Cookie;
use super::classes::Operation;
use super::key_object::{ClosePhase, KeyObject};
use super::notify::{self, Subject};
use super::register::deliver_cleanup;
use crate::machine::{Kernel, Thread, current};
use crate::object::{Object, ObjectRef};
use crate::status::Status;

/// Sends the pre-notification of the close, the cleanup notifications of all contexts, and the
/// post-notification, on this thread. The object manager calls it when the last reference is gone.
pub(crate) fn close_key_object(kernel: &Kernel, object: &Arc<Object>) {
    let Some(key) = object.key() else {
        return;
    };
    let thread = current("closing a key object");
    let object = ptr::without_provenance_mut(object.address());
    key.set_phase(ClosePhase::PreClose);
    let mut info = REG_KEY_HANDLE_CLOSE_INFORMATION {
        Object: object,
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let mut close = Close {
        thread: &thread,
        object,
        key,
    };
    notify::run(&thread, Operation::KeyHandleClose, &mut info, &mut close);
    if let Some(transaction) = key.transaction() {
        // The reference that the key object held.
        drop(ObjectRef::adopt(kernel, Arc::clone(transaction)));
    }
    crate::hives::unload_if_unused(thread.kernel(), key.key());
}

struct Close<'a> {
    thread: &'a Thread,
    object: PVOID,
    key: &'a KeyObject,
}

impl Subject for Close<'_> {
    type Info = REG_KEY_HANDLE_CLOSE_INFORMATION;

    /// The operation itself is the cleanup, so that it comes between the two notifications.
    fn perform(&mut self, _: &mut Self::Info) -> Status {
        self.key.set_phase(ClosePhase::Cleaned);
        for slot in self.key.contexts().take_all() {
            slot.clean_up(|slot| deliver_cleanup(self.thread, slot));
        }
        Status::SUCCESS
    }

    fn complete_name(&self) -> Vec<u16> {
        self.key.full_name()
    }

    fn post_object(&self, _: Status) -> PVOID {
        self.object
    }

    fn pre_context(&self, cookie: Cookie) -> PVOID {
        self.key.contexts().get(cookie)
    }
}
