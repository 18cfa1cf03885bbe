//! What a queue is like when it is made. Page: nf-wudfddi-iwdfdevice-createioqueue.

use super::{IoQueue, ManualQueueCallback, QueueCallback};
use crate::Result;
use crate::border::framework::Framework;
use crate::border::queue;
use crate::raw::*;

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
