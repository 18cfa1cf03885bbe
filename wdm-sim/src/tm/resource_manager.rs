//! Resource managers, and how notifications reach them (T10): through a callback routine, or from a
//! queue.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use uuid::Uuid;

use super::Manager;
use crate::call::Code;
use crate::machine::DriverId;
use crate::status::Status;

/// A resource manager object.
pub(crate) struct ResourceManager {
    id: Uuid,
    manager: Arc<Manager>,
    description: Vec<u16>,
    owner: DriverId,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// What `TmEnableCallbacks` was called with: the routine, and the manager's key.
    callback: Option<(Code, usize)>,
    /// Whether there is, or was, a callback routine.
    has_callback: bool,
    /// How often the callback routine runs now.
    calls: usize,
    queue: VecDeque<Queued>,
    /// Whether a handle is open.
    online: bool,
}

/// A notification that waits for its resource manager.
#[derive(Clone)]
pub(super) struct Queued {
    /// The address of the enlistment object; 0 for a notification of none.
    pub(super) enlistment: usize,
    /// The enlistment's key.
    pub(super) key: usize,
    /// The bit of `TRANSACTION_NOTIFY_*`.
    pub(super) notification: u32,
    /// The virtual clock's value.
    pub(super) clock: i64,
    /// What belongs to the notification.
    pub(super) argument: Vec<u8>,
}

/// Why there is no notification for who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoNotification {
    /// None came in time.
    TimedOut,
    /// The next one is longer than the buffer: this long, in bytes.
    TooLong(usize),
    /// They go to a callback routine.
    HasCallback,
    /// The last handle was closed.
    Offline,
}

impl ResourceManager {
    pub(super) fn new(
        id: Uuid,
        manager: &Arc<Manager>,
        description: &[u16],
        owner: DriverId,
    ) -> Self {
        Self {
            id,
            manager: Arc::clone(manager),
            description: description.to_vec(),
            owner,
            state: Mutex::new(State {
                callback: None,
                has_callback: false,
                calls: 0,
                queue: VecDeque::new(),
                online: true,
            }),
            changed: Condvar::new(),
        }
    }

    /// Its identifier.
    pub(super) fn id(&self) -> Uuid {
        self.id
    }

    /// The transaction manager that it belongs to.
    pub(crate) fn manager(&self) -> &Arc<Manager> {
        &self.manager
    }

    /// What its creator calls it.
    pub(super) fn description(&self) -> &[u16] {
        &self.description
    }

    /// The driver that made it.
    pub(super) fn owner(&self) -> DriverId {
        self.owner
    }

    /// Whether a driver made it, or is called back by it.
    pub(super) fn belongs_to(&self, driver: DriverId) -> bool {
        let callback = self.lock().callback;
        self.owner == driver || callback.is_some_and(|(code, _)| code.caller.driver == driver)
    }

    /// Whether it can enlist: a handle is open.
    pub(super) fn is_online(&self) -> bool {
        self.lock().online
    }

    /// Notes that the last handle is closed.
    pub(super) fn go_offline(&self) {
        self.lock().online = false;
        self.changed.notify_all();
    }

    /// Sets the callback routine, which is called with `key`. Gives the notifications that have
    /// waited for it.
    ///
    /// # Errors
    /// `STATUS_UNSUCCESSFUL` if there is one already.
    pub(super) fn enable(&self, routine: Code, key: usize) -> Result<VecDeque<Queued>, Status> {
        let mut state = self.lock();
        if state.has_callback {
            return Err(Status::UNSUCCESSFUL);
        }
        state.callback = Some((routine, key));
        state.has_callback = true;
        self.changed.notify_all();
        Ok(std::mem::take(&mut state.queue))
    }

    /// Whether notifications go to a callback routine.
    pub(super) fn has_callback(&self) -> bool {
        self.lock().has_callback
    }

    /// Begins a call of the callback routine, if there is one: the routine, and the manager's key.
    /// [`end_call`](Self::end_call) ends it.
    pub(super) fn begin_call(&self) -> Option<(Code, usize)> {
        let mut state = self.lock();
        state.calls += usize::from(state.callback.is_some());
        state.callback
    }

    /// Ends a call of the callback routine.
    pub(super) fn end_call(&self) {
        self.lock().calls -= 1;
        self.changed.notify_all();
    }

    /// Forgets the callback routine of a driver that goes, and waits until it does not run.
    pub(super) fn detach(&self) {
        let mut state = self.lock();
        state.callback = None;
        state.queue.clear();
        while state.calls > 0 {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Puts a notification into the queue.
    pub(super) fn queue(&self, notification: Queued) {
        let mut state = self.lock();
        // The callback routine's driver is gone, and nobody asks.
        if !state.has_callback {
            state.queue.push_back(notification);
        }
        self.changed.notify_all();
    }

    /// Takes the next notification, when there is one, if `room` bytes are enough for what `length`
    /// says it needs.
    pub(super) fn next(
        &self,
        deadline: Option<Instant>,
        room: usize,
        length: impl Fn(&Queued) -> usize,
    ) -> Result<Queued, NoNotification> {
        let mut state = self.lock();
        loop {
            if state.has_callback {
                return Err(NoNotification::HasCallback);
            }
            if let Some(next) = state.queue.front() {
                let needed = length(next);
                if needed > room {
                    return Err(NoNotification::TooLong(needed));
                }
            }
            if let Some(next) = state.queue.pop_front() {
                return Ok(next);
            }
            if !state.online {
                return Err(NoNotification::Offline);
            }
            state = match deadline {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.checked_duration_since(Instant::now());
                    let left = left.filter(|left| !left.is_zero());
                    let left = left.ok_or(NoNotification::TimedOut)?;
                    self.changed
                        .wait_timeout(state, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
