//! A request on its way.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use umdf_callback::HRESULT;

use crate::umdf::core::Core;
use crate::umdf::memory_object::Buffer;
use crate::umdf::trace::Name;
use crate::umdf::world::lock;

/// How a request has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The driver's status.
    pub status: HRESULT,
    /// How many bytes were transferred.
    pub information: usize,
}

/// Where a request's sender finds how it has ended.
#[derive(Default)]
pub(crate) struct Slot {
    completion: Mutex<Option<Completion>>,
    done: Condvar,
}

impl Slot {
    pub(crate) fn fill(&self, status: HRESULT, information: usize) {
        *lock(&self.completion) = Some(Completion {
            status,
            information,
        });
        self.done.notify_all();
    }
}

/// A request on its way, or back.
pub struct Sent {
    pub(super) id: u64,
    pub(super) core: Arc<Core>,
    pub(super) output: Arc<Buffer>,
    pub(super) slot: Arc<Slot>,
}

impl Sent {
    /// How it has ended; `None` as long as it has not.
    #[must_use]
    pub fn completion(&self) -> Option<Completion> {
        *lock(&self.slot.completion)
    }

    /// Waits for its end, as long as the framework waits for a driver.
    pub fn wait(&self) -> Option<Completion> {
        self.wait_for(self.core.world.patience)
    }

    /// Waits for its end, and no longer than this.
    pub fn wait_for(&self, time: Duration) -> Option<Completion> {
        let end = Instant::now() + time;
        let mut completion = lock(&self.slot.completion);
        while completion.is_none() {
            let left = end.checked_duration_since(Instant::now())?;
            let waited = self.slot.done.wait_timeout(completion, left);
            completion = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *completion
    }

    /// What the driver has written: as many bytes as it says, once the request has ended; until then all that there is.
    #[must_use]
    pub fn output(&self) -> Vec<u8> {
        let mut bytes = self.output.to_vec();
        if let Some(completion) = self.completion() {
            bytes.truncate(completion.information);
        }
        bytes
    }

    /// Cancels it: it ends at once if it waits in a queue, and the driver is told if it has marked it.
    pub fn cancel(&self) {
        self.core
            .world
            .system(&Name(format!("request {}", self.id).into()), "cancel");
        self.core.change(|io| io.cancel(self.id));
    }

    /// Its name in traces.
    #[must_use]
    pub fn name(&self) -> Name {
        Name(format!("request {}", self.id).into())
    }
}
