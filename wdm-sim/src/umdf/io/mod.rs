//! Which queue has which request, and what happens to it next: the state of a device's I/O, without any calls.
//!
//! Each change says by [`Step`]s what is to be done about it; [`Core`](super::core::Core) does that when the state is unlocked.

use std::collections::BTreeMap;
use std::thread;

use umdf_callback::HRESULT;
use umdf_callback::raw::*;

use super::codes::*;
use super::world::Agile;

mod calls;
mod cancel;
mod state;
mod stop;

pub(crate) use state::*;

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
}

#[cfg(test)]
mod tests;
