//! The framework queue object. Page: nn-wudfddi-iwdfioqueue.

use core::fmt;
use core::ops::Deref;

use super::ManualQueueCallback;
use crate::Result;
use crate::border::change::Change;
use crate::border::closure;
use crate::border::framework::Framework;
use crate::border::object::Object;
use crate::border::queue::{self, QueueKind};
use crate::callback::RequestCancel;
use crate::file::File;
use crate::once::Once;
use crate::raw::*;
use crate::request::{Other, Request, Retrieved};
use crate::waiting;

/// The framework queue object.
///
/// One change of a queue's state is in progress at a time, or the framework ends the process (page: nf-wudfddi-iwdfioqueue-stop). So
/// stopping, draining and purging fail with `HRESULT_FROM_WIN32(ERROR_BUSY)` until the one before is done: until its
/// notification has come. Without a notification of the driver's own there is one all the same.
///
/// Changes that wait until they are done fail with `HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK)` in a callback of a queue, a file
/// or a request that was sent: the requests that they wait for may be the callback's (page: nf-wdfio-wdfioqueuestopsynchronously, of
/// the later framework).
#[derive(Clone, Debug)]
pub struct IoQueue(pub(crate) Framework<IWDFIoQueue>);

impl IoQueue {
    /// Its state, and how many requests it and the driver have. Page: nf-wudfddi-iwdfioqueue-getstate.
    #[must_use]
    pub fn state(&self) -> QueueState {
        let (state, queued, owned) = self.0.state();
        QueueState {
            bits: state,
            requests: Some((queued, owned)),
        }
    }

    /// Hands out requests again. Page: nf-wudfddi-iwdfioqueue-start.
    pub fn start(&self) {
        self.0.start();
    }

    /// Hands out no more requests, and takes them still. Page: nf-wudfddi-iwdfioqueue-stop.
    ///
    /// # Errors
    /// A change is in progress.
    pub fn stop(&self) -> Result<()> {
        self.stop_then(|_, _| ())
    }

    /// The same, and says when the driver has none of the queue's requests any more.
    ///
    /// ```
    /// # use umdf_callback::{IoQueue, Result};
    /// fn pause(queue: &IoQueue) -> Result<()> {
    ///     queue.stop_then(|queue, state| {
    ///         println!("idle: {}", state.driver_has_no_requests());
    ///         queue.start();
    ///     })
    /// }
    /// # let _ = pause;
    /// ```
    ///
    /// # Errors
    /// A change is in progress.
    pub fn stop_then(
        &self,
        done: impl FnOnce(&IoQueue, QueueState) + Send + 'static,
    ) -> Result<()> {
        self.change(done, Framework::<IWDFIoQueue>::stop)
    }

    /// The same, and waits for that. Page: nf-wudfddi-iwdfioqueue-stopsynchronously.
    ///
    /// # Errors
    /// A change is in progress, or the caller may not wait.
    pub fn stop_synchronously(&self) -> Result<()> {
        self.change_synchronously(Framework::<IWDFIoQueue>::stop_synchronously)
    }

    /// Takes no more requests, and hands out those that it has. Page: nf-wudfddi-iwdfioqueue-drain.
    ///
    /// # Errors
    /// A change is in progress.
    pub fn drain(&self) -> Result<()> {
        self.drain_then(|_, _| ())
    }

    /// The same, and says when all of them are completed.
    ///
    /// # Errors
    /// A change is in progress.
    pub fn drain_then(
        &self,
        done: impl FnOnce(&IoQueue, QueueState) + Send + 'static,
    ) -> Result<()> {
        self.change(done, Framework::<IWDFIoQueue>::drain)
    }

    /// The same, and waits for that. Page: nf-wudfddi-iwdfioqueue-drainsynchronously.
    ///
    /// # Errors
    /// A change is in progress, or the caller may not wait.
    pub fn drain_synchronously(&self) -> Result<()> {
        self.change_synchronously(Framework::<IWDFIoQueue>::drain_synchronously)
    }

    /// Takes no more requests, and cancels those that it has. Page: nf-wudfddi-iwdfioqueue-purge.
    ///
    /// # Errors
    /// A change is in progress.
    pub fn purge(&self) -> Result<()> {
        self.purge_then(|_, _| ())
    }

    /// The same, and says when all of them are completed.
    ///
    /// # Errors
    /// A change is in progress.
    pub fn purge_then(
        &self,
        done: impl FnOnce(&IoQueue, QueueState) + Send + 'static,
    ) -> Result<()> {
        self.change(done, Framework::<IWDFIoQueue>::purge)
    }

    /// The same, and waits for that. Page: nf-wudfddi-iwdfioqueue-purgesynchronously.
    ///
    /// # Errors
    /// A change is in progress, or the caller may not wait.
    pub fn purge_synchronously(&self) -> Result<()> {
        self.change_synchronously(Framework::<IWDFIoQueue>::purge_synchronously)
    }

    /// Begins a change, which ends with its notification.
    fn change(
        &self,
        done: impl FnOnce(&IoQueue, QueueState) + Send + 'static,
        begin: impl FnOnce(&Framework<IWDFIoQueue>, &IQueueCallbackStateChange),
    ) -> Result<()> {
        let once = Once::new((Change::begin(&self.0)?, done));
        let notification = closure::change(move |queue, state| {
            if let Some((change, done)) = once.take() {
                drop(change); // `done` may begin the next one
                done(&IoQueue(queue), QueueState::from_raw(state));
            }
        });
        begin(&self.0, &notification);
        Ok(())
    }

    /// Makes a change and waits for its end.
    fn change_synchronously(&self, make: impl FnOnce(&Framework<IWDFIoQueue>)) -> Result<()> {
        waiting::allowed()?;
        let _change = Change::begin(&self.0)?;
        make(&self.0);
        Ok(())
    }
}

/// A manual queue, which gives a request when asked.
#[derive(Clone, Debug)]
pub struct ManualQueue(pub(crate) IoQueue);

impl Deref for ManualQueue {
    type Target = IoQueue;

    fn deref(&self) -> &IoQueue {
        &self.0
    }
}

impl ManualQueue {
    /// The next request, if there is one. Page: nf-wudfddi-iwdfioqueue-retrievenextrequest.
    ///
    /// # Errors
    /// The queue is stopped; the framework's others.
    pub fn retrieve_next(&self) -> Result<Option<Request<Other, Retrieved>>> {
        Ok(self.0.0.retrieve_next()?.map(Request::new))
    }

    /// The next request that came through an opening of the device, if there is one. Page:
    /// nf-wudfddi-iwdfioqueue-retrievenextrequestbyfileobject.
    ///
    /// # Errors
    /// The queue is stopped; the framework's others.
    pub fn retrieve_next_of(&self, file: &File) -> Result<Option<Request<Other, Retrieved>>> {
        Ok(self.0.0.retrieve_next_of(&file.0)?.map(Request::new))
    }
}

/// A queue, in a callback of its callback object.
pub struct Queue<'callback, Q> {
    queue: IoQueue,
    object: &'callback Object<Q, QueueKind>,
}

impl<'callback, Q: 'static> Queue<'callback, Q> {
    pub(crate) fn new(
        queue: Framework<IWDFIoQueue>,
        object: &'callback Object<Q, QueueKind>,
    ) -> Self {
        Queue {
            queue: IoQueue(queue),
            object,
        }
    }
}

impl<Q: RequestCancel> Queue<'_, Q> {
    /// The callback that all requests of the queue share.
    pub(crate) fn cancel(&self) -> IRequestCallbackCancel {
        queue::cancel(self.object)
    }
}

impl<Q: ManualQueueCallback> Queue<'_, Q> {
    /// The next request, if there is one. Page: nf-wudfddi-iwdfioqueue-retrievenextrequest.
    ///
    /// # Errors
    /// The queue is stopped; the framework's others.
    pub fn retrieve_next(&self) -> Result<Option<Request<Other, Retrieved>>> {
        Ok(self.queue.0.retrieve_next()?.map(Request::new))
    }

    /// The next request that came through an opening of the device, if there is one. Page:
    /// nf-wudfddi-iwdfioqueue-retrievenextrequestbyfileobject.
    ///
    /// # Errors
    /// The queue is stopped; the framework's others.
    pub fn retrieve_next_of(&self, file: &File) -> Result<Option<Request<Other, Retrieved>>> {
        Ok(self.queue.0.retrieve_next_of(&file.0)?.map(Request::new))
    }
}

impl<Q> Deref for Queue<'_, Q> {
    type Target = IoQueue;

    fn deref(&self) -> &IoQueue {
        &self.queue
    }
}

impl<Q> fmt::Debug for Queue<'_, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Queue").field(&self.queue).finish()
    }
}

/// A queue's state (`WDF_IO_QUEUE_STATE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueState {
    bits: i32,
    requests: Option<(u32, u32)>,
}

impl QueueState {
    pub(crate) fn from_raw(bits: WDF_IO_QUEUE_STATE) -> Self {
        QueueState {
            bits,
            requests: None,
        }
    }

    /// It takes requests.
    #[must_use]
    pub fn accepts_requests(self) -> bool {
        self.bits & WdfIoQueueAcceptRequests != 0
    }

    /// It hands them out.
    #[must_use]
    pub fn dispatches_requests(self) -> bool {
        self.bits & WdfIoQueueDispatchRequests != 0
    }

    /// It has none.
    #[must_use]
    pub fn has_no_requests(self) -> bool {
        self.bits & WdfIoQueueNoRequests != 0
    }

    /// The driver has none of it.
    #[must_use]
    pub fn driver_has_no_requests(self) -> bool {
        self.bits & WdfIoQueueDriverNoRequests != 0
    }

    /// It waits for the device to be in its working state.
    #[must_use]
    pub fn is_held(self) -> bool {
        self.bits & WdfIoQueuePnpHeld != 0
    }

    /// How many requests the queue has, and how many of its requests the driver has; not known in
    /// [`QueueStateChange`](crate::callback::QueueStateChange).
    #[must_use]
    pub fn requests(self) -> Option<(u32, u32)> {
        self.requests
    }
}
