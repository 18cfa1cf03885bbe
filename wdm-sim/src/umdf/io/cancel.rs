//! Cancellation (U20), and the closing of openings. Page: wdf/canceling-i-o-requests-umdf.

use super::*;

impl Io {
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
    pub(super) fn cancel_owned(&mut self, id: RequestId) {
        let Some(request) = self.requests.get_mut(&id) else {
            return;
        };
        if let Some(callback) = request.cancel.clone().filter(|_| !request.canceling) {
            request.canceling = true;
            self.steps.push(Step::Cancel(id, callback));
        }
    }

    /// Page: wdf/canceling-i-o-requests-umdf.
    pub(super) fn cancel_waiting(&mut self, id: RequestId) {
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

    pub(super) fn of_queue(&self, queue: QueueId, owners: &[Owner]) -> Vec<RequestId> {
        let fits = |entry: &(&RequestId, &RequestState)| {
            entry.1.queue == queue && owners.contains(&entry.1.owner)
        };
        self.requests
            .iter()
            .filter(fits)
            .map(|entry| *entry.0)
            .collect()
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

    pub(super) fn try_close(&mut self, file: FileId) {
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
