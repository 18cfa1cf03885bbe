//! Who does an operation.

use wdm_safe::requestor::{self, PreviousMode};

use super::Operation;
use crate::RegistryCallback;
use crate::notification::{Post, Pre};

/// Who does an operation: a notification comes in the thread that does it (N1).
///
/// A key object is closed by whoever lets its last reference go, so the requestor of
/// [`CloseKey`](super::CloseKey) need not be the one who opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requestor {
    /// The process's id (`PsGetCurrentProcessId`).
    pub process_id: usize,
    /// The thread's id (`PsGetCurrentThreadId`).
    pub thread_id: usize,
    /// Whether an application made the call, or a driver with a `Zw*` routine
    /// (`ExGetPreviousMode`).
    pub mode: PreviousMode,
}

impl Requestor {
    pub(crate) fn current() -> Self {
        Self {
            process_id: requestor::process_id(),
            thread_id: requestor::thread_id(),
            mode: requestor::previous_mode(),
        }
    }
}

impl<O: Operation, C: RegistryCallback> Pre<'_, O, C> {
    /// Who does the operation.
    #[must_use]
    pub fn requestor(&self) -> Requestor {
        Requestor::current()
    }
}

impl<O: Operation, C: RegistryCallback> Post<'_, O, C> {
    /// Who does the operation.
    #[must_use]
    pub fn requestor(&self) -> Requestor {
        Requestor::current()
    }
}
