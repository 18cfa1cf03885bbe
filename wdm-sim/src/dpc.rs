//! Timers and deferred procedure calls.
//!
//! One host thread of a machine runs both, one call at a time and at DISPATCH_LEVEL. It is there while
//! a timer is set or a call is queued.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::machine::{DriverId, Kernel, Machine, Thread, irql};

/// What runs when a timer expires, or a queued call.
type Work = Arc<dyn Fn(&Thread) + Send + Sync>;

/// A timer that is set.
struct Timer {
    address: usize,
    driver: DriverId,
    due: Instant,
    period: Option<Duration>,
    expire: Work,
}

/// A call that is queued.
struct Queued {
    address: usize,
    driver: DriverId,
    body: Work,
}

#[derive(Default)]
struct State {
    timers: Vec<Timer>,
    queue: VecDeque<Queued>,
    /// A call runs.
    busy: bool,
    /// The thread is there.
    alive: bool,
}

/// The timers and the DPC queue of a machine.
#[derive(Default)]
pub(crate) struct Dpcs {
    state: Mutex<State>,
    changed: Condvar,
}

impl Dpcs {
    /// Sets a timer; says whether it was set already.
    pub(crate) fn set_timer(
        &self,
        kernel: &Arc<Kernel>,
        driver: DriverId,
        address: usize,
        due: Instant,
        period: Option<Duration>,
        expire: Work,
    ) -> bool {
        let mut state = self.lock();
        let was_set = remove_timer(&mut state, address);
        state.timers.push(Timer {
            address,
            driver,
            due,
            period,
            expire,
        });
        self.wake(kernel, state);
        was_set
    }

    /// Cancels a timer; says whether it was set.
    pub(crate) fn cancel_timer(&self, address: usize) -> bool {
        remove_timer(&mut self.lock(), address)
    }

    /// Queues a call, unless it is queued already; says whether it did.
    pub(crate) fn queue(
        &self,
        kernel: &Arc<Kernel>,
        driver: DriverId,
        address: usize,
        body: Work,
    ) -> bool {
        let mut state = self.lock();
        if state.queue.iter().any(|queued| queued.address == address) {
            return false;
        }
        state.queue.push_back(Queued {
            address,
            driver,
            body,
        });
        self.wake(kernel, state);
        true
    }

    /// Takes a call out of the queue; says whether it was there.
    pub(crate) fn unqueue(&self, address: usize) -> bool {
        let mut state = self.lock();
        let before = state.queue.len();
        state.queue.retain(|queued| queued.address != address);
        state.queue.len() < before
    }

    /// Waits until no call is queued or runs.
    pub(crate) fn flush(&self) {
        let mut state = self.lock();
        while state.busy || !state.queue.is_empty() {
            state = self.wait(state, None);
        }
    }

    /// Takes away the timers of a driver that is gone, after its calls have run; says how many there
    /// were.
    pub(crate) fn take_all_of(&self, driver: DriverId) -> usize {
        let mut state = self.lock();
        let before = state.timers.len();
        state.timers.retain(|timer| timer.driver != driver);
        let left = before - state.timers.len();
        while state.busy || state.queue.iter().any(|queued| queued.driver == driver) {
            state = self.wait(state, None);
        }
        left
    }

    /// Tells the thread of a change, or starts it.
    fn wake(&self, kernel: &Arc<Kernel>, mut state: MutexGuard<'_, State>) {
        self.changed.notify_all();
        if state.alive {
            return;
        }
        let machine = Machine {
            kernel: Arc::clone(kernel),
        };
        let body = move || {
            let guard = machine.enter_system();
            guard.thread().kernel().dpcs.run(guard.thread());
        };
        // Without a thread nothing expires, as on a machine whose processors are all taken.
        state.alive = std::thread::Builder::new().spawn(body).is_ok();
    }

    fn run(&self, thread: &Thread) {
        thread.set_irql(irql::DISPATCH_LEVEL);
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            if let Some(work) = next(&mut state, now) {
                state.busy = true;
                drop(state);
                work(thread);
                state = self.lock();
                state.busy = false;
                self.changed.notify_all();
                continue;
            }
            let Some(due) = state.timers.iter().map(|timer| timer.due).min() else {
                state.alive = false;
                return;
            };
            state = self.wait(state, Some(due.saturating_duration_since(now)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        time: Option<Duration>,
    ) -> MutexGuard<'a, State> {
        match time {
            None => self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner),
            Some(time) => {
                let waited = self.changed.wait_timeout(state, time);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }
}

fn remove_timer(state: &mut State, address: usize) -> bool {
    let before = state.timers.len();
    state.timers.retain(|timer| timer.address != address);
    state.timers.len() < before
}

/// What is to run now: a queued call, or an expired timer, which is set again if it is periodic.
fn next(state: &mut State, now: Instant) -> Option<Work> {
    if let Some(queued) = state.queue.pop_front() {
        return Some(queued.body);
    }
    let at = state.timers.iter().position(|timer| timer.due <= now)?;
    let timer = &mut state.timers[at];
    let work = Arc::clone(&timer.expire);
    match timer.period.and_then(|period| now.checked_add(period)) {
        Some(again) => timer.due = again,
        None => {
            state.timers.swap_remove(at);
        }
    }
    Some(work)
}
