//! Queues that start, stop, drain and are purged, and the device's working state (U14, U19).

use super::*;

impl Io {
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
}
