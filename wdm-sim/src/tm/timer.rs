//! Rolling a transaction back when its time is up.

use std::sync::Weak;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use super::Transaction;
use crate::registry::system_time;
use crate::status::Status;

/// A host thread that waits for a transaction's deadline. Dropping it ends the wait.
pub(super) struct Timer {
    _waited_for: Sender<()>,
}

impl Timer {
    /// Waits until `deadline`: 100 ns units since 1601, UTC.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if the host has no thread left.
    pub(super) fn start(deadline: u64, transaction: Weak<Transaction>) -> Result<Self, Status> {
        let (sender, receiver) = channel::<()>();
        let rest = deadline.saturating_sub(system_time());
        let rest = Duration::from_micros(rest.div_ceil(10));
        let wait = move || {
            if receiver.recv_timeout(rest) == Err(RecvTimeoutError::Timeout)
                && let Some(transaction) = transaction.upgrade()
            {
                transaction.abandon();
            }
        };
        thread::Builder::new()
            .name("transaction timer".to_owned())
            .spawn(wait)
            .map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
        Ok(Self {
            _waited_for: sender,
        })
    }
}

/// The system time that a time-out names: a negative one counts from now, 0 is none.
pub(super) fn deadline(timeout: i64) -> Option<u64> {
    match timeout {
        0 => None,
        1.. => Some(timeout.unsigned_abs()),
        ..0 => Some(system_time().saturating_add(timeout.unsigned_abs())),
    }
}
