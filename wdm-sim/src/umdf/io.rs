//! Which queue has which request, and what happens to it next: the state of a device's I/O, without any calls.
//!
//! Each change says by [`Step`]s what is to be done about it; [`Core`](super::core::Core) does that when the state is unlocked.

use std::collections::{BTreeMap, VecDeque};
use std::thread::{self, ThreadId};

use umdf_callback::HRESULT;
use umdf_callback::raw::*;

use super::codes::*;
use super::world::Agile;

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
    fn is_outside(self) -> bool {
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
    seen: bool,
    /// The thread whose callback hands it to the driver, until that returns.
    presented: Option<ThreadId>,
    /// By whom it is cancelled.
    cancel: Option<Agile<IRequestCallbackCancel>>,
    /// `OnCancel` has it, or is about to.
    canceling: bool,
    /// `OnCancel` has it.
    in_on_cancel: bool,
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
    accepts: bool,
    dispatches: bool,
    waiting: VecDeque<RequestId>,
    ending: Option<(Ending, Option<Agile<IQueueCallbackStateChange>>)>,
    /// The one callback by which requests of the queue are cancelled.
    cancel: Option<usize>,
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

/// A device's I/O.
#[derive(Default)]
pub(crate) struct Io {
    pub(crate) queues: Vec<QueueState>,
    pub(crate) requests: BTreeMap<RequestId, RequestState>,
    pub(crate) default: Option<QueueId>,
    /// Which queue gets which requests, besides the default one.
    pub(crate) dispatched: BTreeMap<WDF_REQUEST_TYPE, QueueId>,
    /// The device works: power-managed queues hand out requests.
    pub(crate) powered: bool,
    /// The device is on its way out: no request gets in.
    pub(crate) removed: bool,
    /// Openings that are closed when their last request has ended.
    closing: Vec<FileId>,
    pub(crate) steps: Vec<Step>,
}

impl Io {
    /// The queue for a kind of request.
    pub(crate) fn queue_for(&self, kind: WDF_REQUEST_TYPE) -> Option<QueueId> {
        self.dispatched.get(&kind).copied().or(self.default)
    }

    /// Whether a queue hands out requests now.
    fn runs(&self, queue: &QueueState) -> bool {
        queue.dispatches && (self.powered || !queue.power_managed)
    }

    /// How many requests of a queue the driver has, or has sent.
    pub(crate) fn owned(&self, queue: QueueId) -> usize {
        let owned = |request: &&RequestState| request.queue == queue && request.owner.is_outside();
        self.requests.values().filter(owned).count()
    }

    /// How many wait in it.
    pub(crate) fn waiting(&self, queue: QueueId) -> usize {
        self.queues[queue].waiting.len()
    }

    /// `WDF_IO_QUEUE_STATE`.
    pub(crate) fn bits(&self, id: QueueId) -> WDF_IO_QUEUE_STATE {
        let queue = &self.queues[id];
        let held = queue.power_managed && !self.powered;
        [
            (queue.accepts, WdfIoQueueAcceptRequests),
            (queue.dispatches, WdfIoQueueDispatchRequests),
            (queue.waiting.is_empty(), WdfIoQueueNoRequests),
            (self.owned(id) == 0, WdfIoQueueDriverNoRequests),
            (held, WdfIoQueuePnpHeld),
        ]
        .into_iter()
        .filter_map(|(is, bit)| is.then_some(bit))
        .sum()
    }

    /// A request arrives at a queue.
    pub(crate) fn arrive(&mut self, id: RequestId, file: Option<FileId>, queue: QueueId) {
        let request = RequestState {
            file,
            owner: Owner::Queue,
            queue,
            retrieved: false,
            seen: false,
            presented: None,
            cancel: None,
            canceling: false,
            in_on_cancel: false,
            cancel_requested: false,
            stop: Stopping::No,
        };
        self.requests.insert(id, request);
        if self.removed {
            self.end(id, NO_SUCH_DEVICE, 0);
        } else if !self.queues[queue].accepts {
            // Page: nf-wdfio-wdfioqueuedrain.
            self.end(id, INVALID_DEVICE_STATE, 0);
        } else {
            self.enqueue(queue, id, false);
        }
    }

    fn enqueue(&mut self, queue: QueueId, id: RequestId, first: bool) {
        if let Some(request) = self.requests.get_mut(&id) {
            request.owner = Owner::Queue;
            request.queue = queue;
            request.stop = Stopping::No;
        }
        let state = &mut self.queues[queue];
        match first {
            true => state.waiting.push_front(id),
            false => state.waiting.push_back(id),
        }
        let manual = state.dispatch == WdfIoQueueDispatchManual;
        let canceled = self.requests[&id].cancel_requested;
        if canceled {
            self.cancel_waiting(id);
        } else if manual && self.queues[queue].tells_state && self.waiting(queue) == 1 && !first {
            self.steps.push(Step::StateChange(queue, None));
        }
        self.pump(queue);
    }

    /// Hands out what a queue may hand out.
    pub(crate) fn pump(&mut self, queue: QueueId) {
        loop {
            let state = &self.queues[queue];
            let ready = match state.dispatch {
                WdfIoQueueDispatchParallel => true,
                WdfIoQueueDispatchSequential => self.owned(queue) == 0,
                _ => false,
            };
            if !ready || !self.runs(state) {
                break;
            }
            let Some(id) = self.queues[queue].waiting.pop_front() else {
                break;
            };
            if let Some(request) = self.requests.get_mut(&id) {
                request.owner = Owner::Delivery;
            }
            self.steps.push(Step::Deliver(queue, id));
        }
        self.check_ending(queue);
    }

    /// The driver is about to be called with a request; `false` if it is no longer on its way to it.
    pub(crate) fn delivers(&mut self, queue: QueueId, id: RequestId) -> bool {
        let request = self.requests.get(&id);
        let delivers = request
            .is_some_and(|request| request.owner == Owner::Delivery && request.queue == queue);
        if delivers {
            self.hand_out(id, false);
        }
        if let Some(request) = self.requests.get_mut(&id).filter(|_| delivers) {
            request.presented = Some(thread::current().id());
        }
        delivers
    }

    /// The callback that has handed a request to the driver has returned.
    pub(crate) fn delivered(&mut self, id: RequestId) {
        let own = Some(thread::current().id());
        if let Some(request) = self.requests.get_mut(&id).filter(|of| of.presented == own) {
            request.presented = None;
        }
    }

    /// Whether another thread is in a callback that hands a request of one of these queues to the driver.
    pub(crate) fn is_presenting(&self, queues: &[QueueId]) -> bool {
        let own = thread::current().id();
        self.requests.values().any(|request| {
            let other = request.presented.is_some_and(|thread| thread != own);
            other && queues.contains(&request.queue)
        })
    }

    fn hand_out(&mut self, id: RequestId, retrieved: bool) {
        if let Some(request) = self.requests.get_mut(&id) {
            request.owner = Owner::Driver;
            request.retrieved = retrieved;
            request.seen = true;
        }
    }

    /// Tells whoever waits for a queue to stop, drain or purge, if it has.
    fn check_ending(&mut self, id: QueueId) {
        let (owned, waiting) = (self.owned(id), self.waiting(id));
        let queue = &mut self.queues[id];
        let Some((ending, _)) = &queue.ending else {
            return;
        };
        let ended = owned == 0 && (*ending == Ending::Stop || waiting == 0);
        if !ended {
            return;
        }
        if let Some((_, Some(callback))) = queue.ending.take() {
            self.steps.push(Step::StateChange(id, Some(callback)));
        }
    }

    /// Whether a queue has stopped, drained or been purged.
    pub(crate) fn has_ended(&self, queue: QueueId) -> bool {
        self.queues[queue].ending.is_none()
    }

    /// A request ends, whoever had it.
    pub(crate) fn end(&mut self, id: RequestId, status: HRESULT, information: usize) {
        let Some(request) = self.requests.get_mut(&id) else {
            return;
        };
        if request.owner == Owner::Ended {
            return;
        }
        request.owner = Owner::Ended;
        request.cancel = None;
        let (queue, file) = (request.queue, request.file);
        self.requests.remove(&id);
        self.queues[queue].waiting.retain(|&other| other != id);
        self.steps.push(Step::End(id, status, information));
        self.pump(queue);
        if let Some(file) = file.filter(|file| self.closing.contains(file)) {
            self.try_close(file);
        }
    }

    /// The driver's own request, which has no queue.
    pub(crate) fn owner(&self, id: RequestId) -> Owner {
        self.requests
            .get(&id)
            .map_or(Owner::Ended, |request| request.owner)
    }

    /// The driver completes a request.
    ///
    /// # Errors
    /// What is wrong with that, and whether the request ends all the same.
    pub(crate) fn complete(
        &mut self,
        id: RequestId,
        status: HRESULT,
        information: usize,
    ) -> Result<(), Wrong> {
        let request = self.requests.get(&id).ok_or(Wrong::Ended)?;
        match request.owner {
            Owner::Driver => {}
            Owner::Target => return Err(Wrong::Sent),
            Owner::Queue | Owner::Delivery | Owner::Ended => return Err(Wrong::NotOwned),
        }
        let cancelable = request.is_cancelable() && !request.in_on_cancel;
        self.end(id, status, information);
        if cancelable {
            return Err(Wrong::Cancelable);
        }
        Ok(())
    }

    /// What keeps the driver from giving a request away.
    pub(crate) fn may_give(&self, id: RequestId) -> Result<(), Wrong> {
        let request = self.requests.get(&id).ok_or(Wrong::Ended)?;
        match request.owner {
            Owner::Driver if request.is_cancelable() => Err(Wrong::Cancelable),
            Owner::Driver => Ok(()),
            Owner::Target => Err(Wrong::Sent),
            _ => Err(Wrong::NotOwned),
        }
    }

    /// A request is sent to an I/O target; says whether it was cancelled before.
    pub(crate) fn sent(&mut self, id: RequestId) -> bool {
        self.requests.get_mut(&id).is_some_and(|request| {
            request.owner = Owner::Target;
            request.cancel_requested
        })
    }

    /// It is the driver's again.
    pub(crate) fn back(&mut self, id: RequestId) {
        if let Some(request) = self.requests.get_mut(&id) {
            request.owner = Owner::Driver;
        }
    }

    /// `ForwardToIoQueue`; the caller has checked that it may be given away.
    pub(crate) fn forward(&mut self, id: RequestId, to: QueueId) -> Result<(), HRESULT> {
        let Some(request) = self.requests.get(&id) else {
            return Err(INVALID_OPERATION);
        };
        let from = request.queue;
        if request.retrieved || from == to {
            return Err(INVALID_OPERATION);
        }
        if !self.queues[to].accepts {
            return Err(INVALID_DEVICE_STATE);
        }
        self.enqueue(to, id, false);
        self.pump(from);
        Ok(())
    }

    /// `Requeue`, likewise.
    pub(crate) fn requeue(&mut self, id: RequestId) -> Result<(), HRESULT> {
        let Some(request) = self.requests.get(&id) else {
            return Err(INVALID_OPERATION);
        };
        let queue = request.queue;
        if !request.retrieved || self.queues[queue].dispatch != WdfIoQueueDispatchManual {
            return Err(INVALID_OPERATION);
        }
        self.enqueue(queue, id, true);
        Ok(())
    }

    /// `RetrieveNextRequest`, for one opening or all.
    pub(crate) fn retrieve(
        &mut self,
        queue: QueueId,
        file: Option<FileId>,
    ) -> Result<RequestId, HRESULT> {
        let state = &self.queues[queue];
        if state.dispatch == WdfIoQueueDispatchParallel {
            return Err(INVALID_DEVICE_STATE);
        }
        if !self.runs(state) {
            return Err(WDF_PAUSED);
        }
        let fits = |id: &RequestId| file.is_none() || self.requests[id].file == file;
        let place = state.waiting.iter().position(fits).ok_or(NO_MORE_ITEMS)?;
        let id = self.queues[queue]
            .waiting
            .remove(place)
            .ok_or(NO_MORE_ITEMS)?;
        self.hand_out(id, true);
        Ok(id)
    }

    /// `MarkCancelable`; `false` if another callback is the queue's already.
    pub(crate) fn mark(&mut self, id: RequestId, callback: Agile<IRequestCallbackCancel>) -> bool {
        use windows_core::Interface;
        let Some(request) = self.requests.get_mut(&id) else {
            return true;
        };
        let address = callback.0.as_raw().addr();
        let first = *self.queues[request.queue].cancel.get_or_insert(address);
        if request.cancel_requested {
            request.canceling = true;
            self.steps.push(Step::Cancel(id, callback.clone()));
        }
        request.cancel = Some(callback);
        first == address
    }

    /// `UnmarkCancelable`.
    pub(crate) fn unmark(&mut self, id: RequestId) -> HRESULT {
        match self.requests.get_mut(&id) {
            Some(request) if request.canceling => OPERATION_ABORTED,
            Some(request) => {
                request.cancel = None;
                S_OK
            }
            None => OPERATION_ABORTED,
        }
    }

    /// The sender, or the system, cancels a request.
    pub(crate) fn cancel(&mut self, id: RequestId) {
        let Some(request) = self.requests.get_mut(&id) else {
            return;
        };
        request.cancel_requested = true;
        match request.owner {
            Owner::Queue | Owner::Delivery => self.cancel_waiting(id),
            Owner::Target => self.steps.push(Step::CancelSent(id)),
            _ => self.cancel_owned(id),
        }
    }

    /// `OnCancel` is about to be called; `false` if the request has ended before.
    pub(crate) fn enter_on_cancel(&mut self, id: RequestId) -> bool {
        let request = self.requests.get_mut(&id);
        request.is_some_and(|request| {
            request.in_on_cancel = true;
            true
        })
    }

    /// Tells the driver, if the request is marked.
    fn cancel_owned(&mut self, id: RequestId) {
        let Some(request) = self.requests.get_mut(&id) else {
            return;
        };
        if let Some(callback) = request.cancel.clone().filter(|_| !request.canceling) {
            request.canceling = true;
            self.steps.push(Step::Cancel(id, callback));
        }
    }

    /// Page: wdf/canceling-i-o-requests-umdf.
    fn cancel_waiting(&mut self, id: RequestId) {
        let request = &self.requests[&id];
        let queue = request.queue;
        if request.seen && self.queues[queue].tells_canceled {
            self.queues[queue].waiting.retain(|&other| other != id);
            self.hand_out(id, false);
            self.steps.push(Step::CanceledOnQueue(queue, id));
        } else {
            self.end(id, OPERATION_ABORTED, 0);
        }
    }

    /// `Start`.
    pub(crate) fn start(&mut self, id: QueueId) {
        self.queues[id].accepts = true;
        self.queues[id].dispatches = true;
        self.pump(id);
    }

    /// `Stop`, `Drain`, `Purge`; `false` if another of them is under way.
    pub(crate) fn stop(
        &mut self,
        id: QueueId,
        ending: Ending,
        callback: Option<Agile<IQueueCallbackStateChange>>,
    ) -> bool {
        let queue = &mut self.queues[id];
        let idle = queue.ending.is_none();
        queue.accepts = ending == Ending::Stop;
        match ending {
            Ending::Stop => queue.dispatches = false,
            Ending::Drain => queue.dispatches = true,
            Ending::Purge => {}
        }
        queue.ending = Some((ending, callback));
        if ending == Ending::Purge {
            self.cancel_all(id);
        }
        self.pump(id);
        idle
    }

    /// Cancels all that a queue and the driver have of it.
    pub(crate) fn cancel_all(&mut self, queue: QueueId) {
        self.cancel_queued(queue);
        for id in self.with_driver(queue) {
            self.cancel(id);
        }
    }

    /// The requests of a queue that the driver has, has sent, or is about to get.
    pub(crate) fn with_driver(&self, queue: QueueId) -> Vec<RequestId> {
        self.of_queue(queue, &[Owner::Delivery, Owner::Driver, Owner::Target])
    }

    /// What is on its way from a queue to the driver goes back.
    pub(crate) fn take_back(&mut self, queue: QueueId) {
        for id in self.of_queue(queue, &[Owner::Delivery]).into_iter().rev() {
            self.enqueue(queue, id, true);
        }
    }

    /// Cancels what the driver does not have of a queue.
    pub(crate) fn cancel_queued(&mut self, queue: QueueId) {
        for id in self.of_queue(queue, &[Owner::Queue, Owner::Delivery]) {
            self.cancel(id);
        }
    }

    fn of_queue(&self, queue: QueueId, owners: &[Owner]) -> Vec<RequestId> {
        let fits = |entry: &(&RequestId, &RequestState)| {
            entry.1.queue == queue && owners.contains(&entry.1.owner)
        };
        self.requests
            .iter()
            .filter(fits)
            .map(|entry| *entry.0)
            .collect()
    }

    /// Asks the driver to stop with what it has of a queue.
    pub(crate) fn ask_to_stop(&mut self, queue: QueueId, action: WDF_REQUEST_STOP_ACTION_FLAGS) {
        for id in self.of_queue(queue, &[Owner::Driver, Owner::Target]) {
            let Some(request) = self.requests.get_mut(&id) else {
                continue;
            };
            request.stop = Stopping::Asked;
            let mut flags = action;
            if request.is_cancelable() {
                flags |= WdfRequestStopRequestCancelable;
            }
            self.steps
                .push(Step::Stop(queue, id, flags.cast_unsigned()));
        }
    }

    /// `StopAcknowledge`; `false` if nobody has asked.
    pub(crate) fn acknowledge(&mut self, id: RequestId, requeue: bool) -> bool {
        let Some(request) = self.requests.get_mut(&id) else {
            return false;
        };
        if request.stop != Stopping::Asked {
            return false;
        }
        let queue = request.queue;
        if requeue {
            self.enqueue(queue, id, true);
        } else {
            request.stop = Stopping::Kept;
        }
        true
    }

    /// Whether the driver has stopped with all that it has of the power-managed queues.
    pub(crate) fn has_stopped(&self) -> bool {
        self.requests
            .values()
            .all(|request| request.stop != Stopping::Asked)
    }

    /// The device works again.
    pub(crate) fn power_up(&mut self) {
        self.powered = true;
        let kept = |entry: &(&RequestId, &RequestState)| entry.1.stop == Stopping::Kept;
        let ids: Vec<RequestId> = self
            .requests
            .iter()
            .filter(kept)
            .map(|entry| *entry.0)
            .collect();
        for id in ids {
            if let Some(request) = self.requests.get_mut(&id) {
                request.stop = Stopping::No;
                self.steps.push(Step::Resume(request.queue, id));
            }
        }
        for queue in 0..self.queues.len() {
            self.pump(queue);
        }
    }

    /// An opening is closed: what waits of it is cancelled, and it is released after its last request.
    pub(crate) fn close(&mut self, file: FileId) {
        let of_file = |entry: &(&RequestId, &RequestState)| entry.1.file == Some(file);
        let ids: Vec<RequestId> = self
            .requests
            .iter()
            .filter(of_file)
            .map(|entry| *entry.0)
            .collect();
        for id in ids {
            self.cancel(id);
        }
        self.closing.push(file);
        self.try_close(file);
    }

    fn try_close(&mut self, file: FileId) {
        if self
            .requests
            .values()
            .all(|request| request.file != Some(file))
        {
            self.closing.retain(|&other| other != file);
            self.steps.push(Step::Close(file));
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

#[cfg(test)]
mod tests;
