//! What there is of queues and requests, and what is to be done about them.

use std::collections::VecDeque;
use std::thread::ThreadId;

use umdf_callback::HRESULT;
use umdf_callback::raw::*;

use crate::umdf::world::Agile;

pub(crate) type QueueId = usize;
pub(crate) type RequestId = u64;
pub(crate) type FileId = u64;

/// What is to be done.
pub(crate) enum Step {
    /// Hand a request to the driver.
    Deliver(QueueId, RequestId),
    /// Tell the driver that a cancelable request is cancelled.
    Cancel(RequestId, Agile<IRequestCallbackCancel>),
    /// Tell it that one was cancelled in a queue that it had put it into.
    CanceledOnQueue(QueueId, RequestId),
    /// Tell it that a queue's state has changed, through this callback or the queue's own.
    StateChange(QueueId, Option<Agile<IQueueCallbackStateChange>>),
    /// Tell it to stop with a request.
    Stop(QueueId, RequestId, u32),
    /// Tell it to go on with one.
    Resume(QueueId, RequestId),
    /// A request has ended.
    End(RequestId, HRESULT, usize),
    /// An opening is closed, and has no requests left.
    Close(FileId),
    /// Ask the I/O target that has a request to cancel it.
    CancelSent(RequestId),
}

/// Who has a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A queue.
    Queue,
    /// Nobody yet: it is on its way from its queue to the driver, whose turn to be called has not come.
    Delivery,
    /// The driver, from a delivery or a retrieval.
    Driver,
    /// An I/O target.
    Target,
    /// Nobody: it has ended.
    Ended,
}

impl Owner {
    /// Whether a queue has given it out, and it has not ended.
    pub(super) fn is_outside(self) -> bool {
        matches!(self, Owner::Delivery | Owner::Driver | Owner::Target)
    }
}

/// A request.
pub(crate) struct RequestState {
    pub(crate) file: Option<FileId>,
    pub(crate) owner: Owner,
    pub(crate) queue: QueueId,
    /// The driver took it from a manual queue.
    pub(crate) retrieved: bool,
    /// The driver has had it before.
    pub(super) seen: bool,
    /// The thread whose callback hands it to the driver, until that returns.
    pub(super) presented: Option<ThreadId>,
    /// By whom it is cancelled.
    pub(super) cancel: Option<Agile<IRequestCallbackCancel>>,
    /// `OnCancel` has it, or is about to.
    pub(super) canceling: bool,
    /// `OnCancel` has it.
    pub(super) in_on_cancel: bool,
    pub(crate) cancel_requested: bool,
    pub(crate) stop: Stopping,
}

/// Whether a request is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopping {
    No,
    /// `OnIoStop` was called, or would be.
    Asked,
    /// The driver keeps it while the device sleeps.
    Kept,
}

impl RequestState {
    pub(crate) fn is_cancelable(&self) -> bool {
        self.cancel.is_some()
    }
}

/// What a queue is on the way to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Stop,
    Drain,
    Purge,
}

/// A queue.
pub(crate) struct QueueState {
    pub(crate) dispatch: WDF_IO_QUEUE_DISPATCH_TYPE,
    pub(crate) power_managed: bool,
    pub(crate) zero_length: bool,
    /// The driver wants to be told about what is cancelled in it.
    pub(crate) tells_canceled: bool,
    /// The driver wants to be told when there is something in it.
    pub(crate) tells_state: bool,
    pub(super) accepts: bool,
    pub(super) dispatches: bool,
    pub(super) waiting: VecDeque<RequestId>,
    pub(super) ending: Option<(Ending, Option<Agile<IQueueCallbackStateChange>>)>,
    /// The one callback by which requests of the queue are cancelled.
    pub(super) cancel: Option<usize>,
}

impl QueueState {
    pub(crate) fn new(
        dispatch: WDF_IO_QUEUE_DISPATCH_TYPE,
        power_managed: bool,
        zero_length: bool,
    ) -> Self {
        QueueState {
            dispatch,
            power_managed,
            zero_length,
            tells_canceled: false,
            tells_state: false,
            accepts: true,
            dispatches: true,
            waiting: VecDeque::new(),
            ending: None,
            cancel: None,
        }
    }
}

/// Why a driver may not do what it does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Ended,
    NotOwned,
    Sent,
    Cancelable,
}

impl Wrong {
    /// For a finding.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Wrong::Ended => "it was completed already; use it once",
            Wrong::NotOwned => "it is in a queue; the driver does not own it",
            Wrong::Sent => "it was sent to an I/O target, which has not completed it",
            Wrong::Cancelable => "it is marked cancelable; call UnmarkCancelable first",
        }
    }
}
