//! Queues: how they hand out their requests, and what the queue callback object is made of. Header: wudfddi.h, page:
//! nn-wudfddi-iwdfioqueue.

use crate::border::queue::QueueOffers;

pub use self::config::{Dispatch, QueueConfig};
pub use self::io_queue::{IoQueue, ManualQueue, Queue, QueueState};

mod config;
mod io_queue;

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
