//! Queues: how they hand out their requests, and what the queue callback object is made of. Header: wudfddi.h, page:
//! nn-wudfddi-iwdfioqueue.

use core::fmt;
use core::ops::Deref;

use crate::Result;
use crate::border::framework::Framework;
use crate::border::object::Object;
use crate::border::queue::{self, QueueKind, QueueOffers};
use crate::callback::RequestCancel;
use crate::raw::*;
use crate::request::{Other, Request, Retrieved};

/// A queue callback object that requests are delivered to: the context in `self`, and an interface for each trait of
/// [`crate::callback`] that the type implements (U4). [`queue_callback!`](crate::queue_callback!) implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a queue callback object",
    note = "write `queue_callback!({Self});` next to the type"
)]
pub trait QueueCallback: Sized + 'static {
    /// What `QueryInterface` finds.
    #[doc(hidden)]
    const OFFERS: QueueOffers<Self>;
}

/// The queue callback object of a manual queue: no requests are delivered to it.
/// [`manual_queue_callback!`](crate::manual_queue_callback!) implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the callback object of a manual queue",
    note = "write `manual_queue_callback!({Self});` next to the type"
)]
pub trait ManualQueueCallback: Sized + 'static {
    /// What `QueryInterface` finds.
    #[doc(hidden)]
    const OFFERS: QueueOffers<Self>;
}

/// Makes a type a [`QueueCallback`]. Which interfaces the framework finds follows from the traits that the type implements. One of
/// those that deliver requests must be among them, and `QueueStateChange` not: the framework would refuse the queue.
///
/// ```
/// use umdf_callback::callback::QueueRead;
/// use umdf_callback::request::{Read, Request};
/// use umdf_callback::{Queue, queue_callback};
///
/// struct Zeros;
///
/// impl QueueRead for Zeros {
///     fn on_read(&self, _queue: &Queue<'_, Self>, mut request: Request<Read>, length: usize) {
///         let written = request.output().and_then(|mut output| output.write_at(0, &vec![0; length]));
///         match written {
///             Ok(()) => request.complete_with_information(length),
///             Err(error) => request.fail(error),
///         }
///     }
/// }
///
/// queue_callback!(Zeros); // IQueueCallbackRead
/// ```
#[macro_export]
macro_rules! queue_callback {
    ($callback:ty) => {
        impl $crate::QueueCallback for $callback {
            const OFFERS: $crate::__private::QueueOffers<Self> =
                $crate::__queue_offers!($callback);
        }

        const _: () = {
            let offers = &<$callback as $crate::QueueCallback>::OFFERS;
            assert!(
                offers.has_one_of($crate::__private::DELIVERY),
                "a queue callback object implements one of QueueCreate, QueueRead, QueueWrite, QueueDeviceIoControl, QueueDefaultIoHandler"
            );
            assert!(
                !offers.has_one_of($crate::__private::STATE_CHANGE),
                "only the callback object of a manual queue implements QueueStateChange"
            );
        };
    };
}

/// Makes a type a [`ManualQueueCallback`]. None of the traits that deliver requests may be among those that it implements: the
/// framework would refuse the queue.
///
/// ```
/// use umdf_callback::callback::QueueStateChange;
/// use umdf_callback::{Queue, QueueState, manual_queue_callback};
///
/// struct Waiting;
///
/// impl QueueStateChange for Waiting {
///     fn on_state_change(&self, queue: &Queue<'_, Self>, _state: QueueState) {
///         while let Ok(Some(request)) = queue.retrieve_next() {
///             request.complete();
///         }
///     }
/// }
///
/// manual_queue_callback!(Waiting);
/// ```
#[macro_export]
macro_rules! manual_queue_callback {
    ($callback:ty) => {
        impl $crate::ManualQueueCallback for $callback {
            const OFFERS: $crate::__private::QueueOffers<Self> = $crate::__queue_offers!($callback);
        }

        const _: () = {
            let offers = &<$callback as $crate::ManualQueueCallback>::OFFERS;
            assert!(
                !offers.has_one_of($crate::__private::DELIVERY),
                "the callback object of a manual queue gets no requests delivered"
            );
        };
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __queue_offers {
    ($callback:ty) => {{
        #[allow(unused_imports)]
        use $crate::__private::NoQueue as _;
        type Probe = $crate::__private::Probe<$callback, $crate::__private::QueueKind>;
        $crate::__private::QueueOffers::new(
            Probe::CLEANUP,
            Probe::CREATE,
            Probe::READ,
            Probe::WRITE,
            Probe::DEVICE_IO_CONTROL,
            Probe::DEFAULT_IO,
            Probe::STATE_CHANGE,
            Probe::IO_STOP,
            Probe::IO_RESUME,
            Probe::IO_CANCELED,
            Probe::CANCEL,
        )
    }};
}

/// How a queue hands out its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dispatch {
    /// The next one when the driver has completed the one before.
    Sequential,
    /// As they come.
    Parallel,
}

/// What a queue is like. Page: nf-wudfddi-iwdfdevice-createioqueue.
#[derive(Clone, Copy, Debug)]
pub struct QueueConfig {
    default: bool,
    power_managed: bool,
    zero_length: bool,
}

impl QueueConfig {
    /// The device's default queue: it gets what no other queue is configured for. Power-managed, and without
    /// zero-length requests, until it is told otherwise.
    #[must_use]
    pub const fn default_queue() -> Self {
        QueueConfig {
            default: true,
            power_managed: true,
            zero_length: false,
        }
    }

    /// A secondary queue, for what is [dispatched](crate::Device::dispatch) or
    /// [forwarded](crate::request::Request::forward) to it.
    #[must_use]
    pub const fn secondary() -> Self {
        QueueConfig {
            default: false,
            ..Self::default_queue()
        }
    }

    /// Whether it waits while the device is not in its working state.
    #[must_use]
    pub const fn power_managed(mut self, power_managed: bool) -> Self {
        self.power_managed = power_managed;
        self
    }

    /// Whether reads and writes of no bytes are delivered, instead of being completed by the framework.
    #[must_use]
    pub const fn allow_zero_length(mut self, allow: bool) -> Self {
        self.zero_length = allow;
        self
    }

    pub(crate) fn create<Q: QueueCallback>(
        self,
        device: &Framework<IWDFDevice>,
        dispatch: Dispatch,
        callback: Q,
    ) -> Result<IoQueue> {
        let dispatch = match dispatch {
            Dispatch::Sequential => WdfIoQueueDispatchSequential,
            Dispatch::Parallel => WdfIoQueueDispatchParallel,
        };
        let callback = queue::object(callback, &Q::OFFERS);
        device
            .create_queue(
                &callback,
                self.default,
                dispatch,
                self.power_managed,
                self.zero_length,
            )
            .map(IoQueue)
    }

    pub(crate) fn create_manual<Q: ManualQueueCallback>(
        self,
        device: &Framework<IWDFDevice>,
        callback: Q,
    ) -> Result<IoQueue> {
        let dispatch = WdfIoQueueDispatchManual;
        let callback = queue::object(callback, &Q::OFFERS);
        device
            .create_queue(
                &callback,
                self.default,
                dispatch,
                self.power_managed,
                self.zero_length,
            )
            .map(IoQueue)
    }
}

/// The framework queue object.
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
    pub fn stop(&self) {
        self.0.stop();
    }

    /// Takes no more requests, and hands out those that it has. Page: nf-wudfddi-iwdfioqueue-drain.
    pub fn drain(&self) {
        self.0.drain();
    }

    /// Takes no more requests, and cancels those that it has. Page: nf-wudfddi-iwdfioqueue-purge.
    pub fn purge(&self) {
        self.0.purge();
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
