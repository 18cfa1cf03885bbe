//! Reads and writes: a sequential queue whose one request waits for the timer.
//!
//! A request is marked cancelable while it waits. Who takes it out of [`Pending`] and unmarks it completes it: the timer, or
//! the queue when the device goes. If it is cancelled before, `OnCancel` has it, and unmarking says so.

use std::sync::{Arc, Mutex};

use umdf_callback::callback::{QueueIoResume, QueueIoStop, QueueRead, QueueWrite, RequestCancel};
use umdf_callback::request::{
    CANCELED, Cancelable, Canceled, Other, Read, Request, Resumed, StopAction, Stopped, Write,
};
use umdf_callback::{ManualQueue, Queue, Result, queue_callback};

use crate::lock;
use crate::store::Store;
use crate::waits::wake;

/// A transfer that waits: its request, and how many bytes it has moved.
#[derive(Debug)]
enum Transfer {
    Read(Cancelable<Read>, usize),
    Write(Cancelable<Write>, usize),
}

impl Transfer {
    /// Completes it, unless it is being cancelled.
    fn complete(self) {
        match self {
            Transfer::Read(request, length) => {
                if let Ok(request) = request.unmark() {
                    request.complete_with_information(length);
                }
            }
            Transfer::Write(request, length) => {
                if let Ok(request) = request.unmark() {
                    request.complete_with_information(length);
                }
            }
        }
    }

    /// Keeps it while the device sleeps.
    fn keep(&self, stopped: Stopped<'_>) -> Result<()> {
        match self {
            Transfer::Read(request, _) => stopped.keep(request),
            Transfer::Write(request, _) => stopped.keep(request),
        }
    }

    /// Gives it up, likewise.
    fn abort(self) {
        match self {
            Transfer::Read(request, _) => {
                if let Ok(request) = request.unmark() {
                    request.fail(CANCELED);
                }
            }
            Transfer::Write(request, _) => {
                if let Ok(request) = request.unmark() {
                    request.fail(CANCELED);
                }
            }
        }
    }
}

/// The transfer that waits for the timer, if one does.
#[derive(Debug, Default)]
pub struct Pending(Mutex<Option<Transfer>>);

impl Pending {
    /// One that was cancelled gives its place to the next; it is dropped without the lock.
    fn set(&self, transfer: Transfer) {
        let before = lock(&self.0).replace(transfer);
        drop(before);
    }

    fn take(&self) -> Option<Transfer> {
        lock(&self.0).take()
    }

    /// The timer's tick: the transfer is done. Completing it may deliver the next one, so no lock is held.
    pub fn tick(&self) {
        if let Some(transfer) = self.take() {
            transfer.complete();
        }
    }
}

/// The queue callback object.
pub struct Transfers {
    store: Arc<Store>,
    pending: Arc<Pending>,
    waits: ManualQueue,
}

impl Transfers {
    /// For a device with this store, whose timer completes `pending`, and whose writes end `waits`.
    pub fn new(store: Arc<Store>, pending: Arc<Pending>, waits: ManualQueue) -> Self {
        Transfers {
            store,
            pending,
            waits,
        }
    }

    fn fill(&self, request: &mut Request<Read>, room: usize) -> Result<usize> {
        let bytes = self.store.get(room);
        request.output()?.write_at(0, &bytes)?;
        Ok(bytes.len())
    }

    fn keep(&self, request: &Request<Write>) -> Result<()> {
        self.store.set(request.input()?.to_vec()?)
    }
}

impl QueueRead for Transfers {
    fn on_read(&self, queue: &Queue<'_, Self>, mut request: Request<Read>, length: usize) {
        match self.fill(&mut request, length) {
            Ok(read) => self
                .pending
                .set(Transfer::Read(request.mark_cancelable(queue), read)),
            Err(error) => request.fail(error),
        }
    }
}

impl QueueWrite for Transfers {
    fn on_write(&self, queue: &Queue<'_, Self>, request: Request<Write>, length: usize) {
        if let Err(error) = self.keep(&request) {
            return request.fail(error);
        }
        self.pending
            .set(Transfer::Write(request.mark_cancelable(queue), length));
        wake(&self.waits);
    }
}

impl RequestCancel for Transfers {
    fn on_cancel(&self, request: Request<Other, Canceled>) {
        request.fail(CANCELED);
    }
}

/// While the device sleeps, the transfer waits; the timer, which is stopped, goes on with it afterwards.
impl QueueIoStop for Transfers {
    fn on_io_stop(&self, _queue: &Queue<'_, Self>, stopped: Stopped<'_>, action: StopAction) {
        let mut pending = lock(&self.pending.0);
        let kept = |transfer: &Transfer| !action.is_purge() && transfer.keep(stopped).is_ok();
        if pending.as_ref().is_some_and(kept) {
            return;
        }
        // The device goes, or the framework is older than 1.9, where no request is kept.
        let transfer = pending.take();
        drop(pending);
        if let Some(transfer) = transfer {
            transfer.abort();
        }
    }
}

impl QueueIoResume for Transfers {
    fn on_io_resume(&self, _queue: &Queue<'_, Self>, _resumed: Resumed<'_>) {}
}

queue_callback!(Transfers);
