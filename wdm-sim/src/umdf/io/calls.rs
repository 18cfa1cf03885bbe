//! What the driver does with requests, by the methods of requests and queues.

use super::*;

impl Io {
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
}
