//! Change notification (`ZwNotifyChangeKey`): requests that wait for a key to change.
//!
//! A request is made for one key object. It ends at the first change that its filter names, with
//! `STATUS_NOTIFY_ENUM_DIR`; or, with `STATUS_NOTIFY_CLEANUP`, when the last handle to its key
//! object is closed or the key is deleted. What happens between two requests is not remembered:
//! NT may tell of it, but does not say that it does.
//!
//! Creating, renaming and deleting a key changes the key above it. What is done in a transaction is
//! told of when that is committed. What changes without an operation, such as by
//! [`Machine::install`](crate::Machine::install), is told to nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use wdm_sys::{
    _IO_STATUS_BLOCK__bindgen_ty_1 as STATUS_OR_POINTER, IO_STATUS_BLOCK, PIO_STATUS_BLOCK,
    REG_NOTIFY_CHANGE_ATTRIBUTES, REG_NOTIFY_CHANGE_LAST_SET, REG_NOTIFY_CHANGE_NAME,
    REG_NOTIFY_CHANGE_SECURITY,
};

use super::capture;
use super::view::View;
use crate::machine::Kernel;
use crate::object::{Body, EventObject, Object, ObjectRef};
use crate::registry::{Key, Value};
use crate::status::Status;

/// What has changed of a key: bits of `REG_NOTIFY_CHANGE_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change(u32);

impl Change {
    /// A subkey was made, renamed or deleted.
    pub(crate) const NAME: Self = Self(REG_NOTIFY_CHANGE_NAME);
    /// A value was set to something else, or deleted.
    pub(crate) const VALUE: Self = Self(REG_NOTIFY_CHANGE_LAST_SET);
    /// The security descriptor was set, which is one of the key's attributes.
    pub(crate) const SECURITY: Self =
        Self(REG_NOTIFY_CHANGE_SECURITY | REG_NOTIFY_CHANGE_ATTRIBUTES);
}

/// What is told of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Something of it has changed.
    Changed(Change),
    /// It was made or renamed.
    Named,
    /// It was deleted.
    Deleted,
}

/// What a request waits for.
pub(crate) struct Wanted {
    /// Bits of `REG_NOTIFY_CHANGE_*`.
    pub(crate) filter: u32,
    /// Whether keys below count too.
    pub(crate) subtree: bool,
}

/// What is done when a request ends.
enum End {
    /// A thread that waits for it goes on.
    Wake(Arc<Waiting>),
    /// The caller's block is written to and its event signalled. The event is referenced.
    Signal {
        block: Block,
        event: Option<Arc<Object>>,
    },
}

/// A thread's wait for the end of its request.
struct Waiting {
    ended: EventObject,
    status: AtomicI32,
}

/// A caller's `IO_STATUS_BLOCK`, or NULL.
struct Block(PIO_STATUS_BLOCK);

// SAFETY: the caller keeps the block for the kernel to write to from any thread, once.
unsafe impl Send for Block {}

struct Request {
    /// The address of the key object.
    object: usize,
    key: Arc<Key>,
    wanted: Wanted,
    end: End,
}

/// The requests of a machine.
#[derive(Default)]
pub(crate) struct Watches {
    /// How many there are: all that an operation looks at while nobody watches.
    count: AtomicUsize,
    requests: Mutex<Vec<Request>>,
}

impl Watches {
    /// Waits for a change of the key of a referenced key object.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`.
    pub(crate) fn wait(
        &self,
        kernel: &Kernel,
        object: &ObjectRef<'_>,
        key: &Arc<Key>,
        wanted: Wanted,
    ) -> Result<Status, Status> {
        let waiting = Arc::new(Waiting {
            ended: EventObject::new(false, false),
            status: AtomicI32::new(Status::PENDING.0),
        });
        self.add(kernel, object, key, wanted, End::Wake(Arc::clone(&waiting)))?;
        waiting.ended.wait(kernel, None);
        Ok(Status(waiting.status.load(Ordering::Acquire)))
    }

    /// Has a block written to and an event signalled when the key of a key object changes.
    ///
    /// # Safety
    /// `block` is NULL or stays valid for writes until the request has ended.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`; nothing is written or signalled then.
    pub(crate) unsafe fn signal(
        &self,
        kernel: &Kernel,
        object: &ObjectRef<'_>,
        key: &Arc<Key>,
        wanted: Wanted,
        block: PIO_STATUS_BLOCK,
        event: Option<ObjectRef<'_>>,
    ) -> Result<Status, Status> {
        let end = End::Signal {
            block: Block(block),
            event: event.map(ObjectRef::into_counted),
        };
        self.add(kernel, object, key, wanted, end)?;
        Ok(Status::PENDING)
    }

    fn add(
        &self,
        kernel: &Kernel,
        object: &Object,
        key: &Arc<Key>,
        wanted: Wanted,
        end: End,
    ) -> Result<(), Status> {
        let mut requests = self.lock();
        // Counted before the key is looked at: a deletion that this does not see sees the request.
        self.count.fetch_add(1, Ordering::SeqCst);
        requests.push(Request {
            object: object.address(),
            key: Arc::clone(key),
            wanted,
            end,
        });
        if key.is_deleted()
            && let Some(request) = requests.pop()
        {
            self.count.fetch_sub(1, Ordering::SeqCst);
            drop(requests);
            request.end.release(kernel);
            return Err(Status::KEY_DELETED);
        }
        Ok(())
    }

    /// Whether anybody watches any key.
    pub(crate) fn any(&self) -> bool {
        self.count.load(Ordering::Relaxed) != 0
    }

    /// Tells what an operation has done to a key; if it was done in a transaction, when that is
    /// committed.
    pub(crate) fn tell(&self, kernel: &Kernel, view: View<'_>, news: News) {
        match view.transaction() {
            Some(transaction) => transaction.tell_later(view.key(), news),
            None => self.tell_now(kernel, view.key(), news),
        }
    }

    /// Tells what has happened to a key.
    pub(crate) fn tell_now(&self, kernel: &Kernel, key: &Arc<Key>, news: News) {
        match news {
            News::Changed(change) => self.report(kernel, key, change),
            News::Named => self.report_name(kernel, key),
            News::Deleted => {
                self.report_name(kernel, key);
                self.end_deleted(kernel);
            }
        }
    }

    /// Tells of a change of a key.
    fn report(&self, kernel: &Kernel, key: &Arc<Key>, change: Change) {
        if !self.any() {
            return;
        }
        let mut above = vec![key.id()];
        let mut parent = key.parent();
        while let Some(key) = parent {
            above.push(key.id());
            parent = key.parent();
        }
        self.end(kernel, Status::NOTIFY_ENUM_DIR, |request| {
            let depth = above.iter().position(|&id| id == request.key.id());
            let here = depth.is_some_and(|depth| depth == 0 || request.wanted.subtree);
            here && request.wanted.filter & change.0 != 0
        });
    }

    /// Tells that a subkey of a key's parent came, went or was renamed.
    fn report_name(&self, kernel: &Kernel, key: &Key) {
        if self.any()
            && let Some(parent) = key.parent()
        {
            self.report(kernel, &parent, Change::NAME);
        }
    }

    /// The value that is about to be set, if anybody could want to know whether it changes. Until
    /// a transaction is committed anybody could begin to.
    pub(crate) fn before(&self, key: View<'_>, name: &[u16]) -> Option<Value> {
        let wanted = self.any() || key.transaction().is_some();
        wanted.then(|| key.value(name).ok()).flatten()
    }

    /// Ends the requests of a key object whose last handle was closed.
    pub(crate) fn end_of(&self, kernel: &Kernel, object: &Object) {
        if self.any() {
            let address = object.address();
            self.end(kernel, Status::NOTIFY_CLEANUP, |request| {
                request.object == address
            });
        }
    }

    /// Ends the requests for keys that are deleted.
    fn end_deleted(&self, kernel: &Kernel) {
        if self.any() {
            self.end(kernel, Status::NOTIFY_CLEANUP, |request| {
                request.key.is_deleted()
            });
        }
    }

    fn end(&self, kernel: &Kernel, status: Status, which: impl Fn(&Request) -> bool) {
        let ended: Vec<_> = self
            .lock()
            .extract_if(.., |request| which(request))
            .collect();
        self.count.fetch_sub(ended.len(), Ordering::SeqCst);
        for request in ended {
            request.end.run(kernel, status);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl End {
    fn run(self, kernel: &Kernel, status: Status) {
        match self {
            Self::Wake(waiting) => {
                waiting.status.store(status.0, Ordering::Release);
                waiting.ended.set(kernel, true);
            }
            Self::Signal { block, event } => {
                // SAFETY: the caller keeps the block until its request ends, which is now.
                unsafe { write_block(block.0, status) };
                // Last: whoever waits for the event may free the block.
                if let Some(event) = event {
                    let event = ObjectRef::adopt(kernel, event);
                    if let Body::Event(event) = event.body() {
                        event.set(kernel, true);
                    }
                }
            }
        }
    }

    /// Gives the event back without telling anybody.
    fn release(self, kernel: &Kernel) {
        if let Self::Signal {
            event: Some(event), ..
        } = self
        {
            drop(ObjectRef::adopt(kernel, event));
        }
    }
}

/// Writes how a request ended.
///
/// # Safety
/// `block` is NULL or valid for writes.
pub(super) unsafe fn write_block(block: PIO_STATUS_BLOCK, status: Status) {
    let written = IO_STATUS_BLOCK {
        __bindgen_anon_1: STATUS_OR_POINTER { Status: status.0 },
        Information: 0,
    };
    // SAFETY: by this function's contract.
    unsafe { capture::write(block, written) };
}
