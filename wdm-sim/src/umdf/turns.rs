//! Whose turn it is to call the driver: the device's locking constraint (F4, page:
//! wdf/specifying-a-callback-synchronization-mode).
//!
//! With `WdfDeviceLevel`, one callback runs at a time: who has the turn also makes the calls that come meanwhile, so that nobody
//! waits for a callback but who asks for the lock. Without a constraint each thread makes its own calls. In both, what a
//! callback brings about is called when it has returned, not inside of it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// A call of the driver.
pub(crate) type Call = Box<dyn FnOnce() + Send>;

/// The turns of a device.
pub(crate) struct Turns {
    one_at_a_time: bool,
    state: Mutex<State>,
    free: Condvar,
}

#[derive(Default)]
struct State {
    /// What each thread that has a turn is still to call; with one turn at a time there is one such thread.
    turns: HashMap<ThreadId, Turn>,
}

#[derive(Default)]
struct Turn {
    calls: VecDeque<Call>,
    /// Whether it is making them.
    calling: bool,
    /// How often the thread has taken the lock.
    locked: u32,
}

impl Turns {
    pub(crate) fn new(one_at_a_time: bool) -> Self {
        Turns {
            one_at_a_time,
            state: Mutex::default(),
            free: Condvar::new(),
        }
    }

    /// Makes a call: now, or in the turn that is under way.
    pub(crate) fn call(&self, call: Call) {
        let mut state = self.state();
        let own = thread::current().id();
        let under_way = match self.one_at_a_time {
            true => state.turns.values_mut().next(),
            false => state.turns.get_mut(&own),
        };
        if let Some(turn) = under_way {
            turn.calls.push_back(call);
            return;
        }
        let turn = state.turns.entry(own).or_default();
        turn.calls.push_back(call);
        self.finish(state, own);
    }

    /// Makes the calls of a thread's turn, until there are none.
    fn finish<'a>(&'a self, mut state: MutexGuard<'a, State>, own: ThreadId) {
        let next = |turn: &mut Turn| {
            turn.calling = true;
            turn.calls.pop_front()
        };
        while let Some(call) = state.turns.get_mut(&own).and_then(next) {
            drop(state);
            call();
            state = self.state();
        }
        state.turns.remove(&own);
        self.free.notify_all();
    }

    /// `AcquireLock`: no callback runs until the thread releases it. A thread may take it again.
    pub(crate) fn lock(&self) {
        let own = thread::current().id();
        let mut state = self.state();
        while self.one_at_a_time && !state.turns.is_empty() && !state.turns.contains_key(&own) {
            state = self
                .free
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.turns.entry(own).or_default().locked += 1;
    }

    /// Waits until no other thread makes a call, whatever the constraint is, and takes the lock then; `false` if that takes too long.
    pub(crate) fn quiet(&self, patience: Duration) -> bool {
        let own = thread::current().id();
        let others = |state: &mut State| state.turns.keys().any(|thread| *thread != own);
        let waited = self.free.wait_timeout_while(self.state(), patience, others);
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if !waited.timed_out() {
            state.turns.entry(own).or_default().locked += 1;
        }
        !waited.timed_out()
    }

    /// `ReleaseLock`; says whether the thread had it.
    pub(crate) fn unlock(&self) -> bool {
        let own = thread::current().id();
        let mut state = self.state();
        let Some(turn) = state.turns.get_mut(&own).filter(|turn| turn.locked > 0) else {
            return false;
        };
        turn.locked -= 1;
        if turn.locked == 0 && !turn.calling {
            self.finish(state, own);
        }
        true
    }

    /// Whether this thread is in a callback, or has the lock.
    pub(crate) fn is_mine(&self) -> bool {
        self.state().turns.contains_key(&thread::current().id())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
