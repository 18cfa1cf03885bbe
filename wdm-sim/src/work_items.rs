//! Work items: routines of drivers that run on threads of the System process.
//!
//! Each runs on a host thread of its own, so that one which waits for another does not stop it.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::machine::{DriverId, Kernel, Machine, Opaque, Thread};

/// A work item that `IoAllocateWorkItem` made.
struct Item {
    driver: DriverId,
    device: usize,
    queued: bool,
    /// What stands at its address.
    _memory: Box<Opaque>,
}

/// Why a work item cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// It is none, or not any more.
    Unknown,
    /// It is queued.
    Queued,
}

#[derive(Default)]
struct State {
    items: HashMap<usize, Item>,
    /// The routines that are queued or run: their drivers, and whether the I/O manager keeps those.
    busy: Vec<(DriverId, bool)>,
}

/// The work items of a machine.
#[derive(Default)]
pub(crate) struct WorkItems {
    state: Mutex<State>,
    done: Condvar,
}

impl WorkItems {
    /// Makes a work item; gives its address.
    pub(crate) fn allocate(&self, driver: DriverId, device: usize) -> usize {
        let memory = Opaque::new();
        let address = memory.address();
        let item = Item {
            driver,
            device,
            queued: false,
            _memory: memory,
        };
        self.lock().items.insert(address, item);
        address
    }

    /// Frees a work item that is not queued.
    pub(crate) fn free(&self, address: usize) -> Result<(), Unusable> {
        let mut state = self.lock();
        match state.items.get(&address) {
            None => return Err(Unusable::Unknown),
            Some(item) if item.queued => return Err(Unusable::Queued),
            Some(_) => {}
        }
        state.items.remove(&address);
        Ok(())
    }

    /// Marks a work item queued; gives its device.
    pub(crate) fn queue(&self, address: usize) -> Result<usize, Unusable> {
        let mut state = self.lock();
        let item = state.items.get_mut(&address).ok_or(Unusable::Unknown)?;
        if std::mem::replace(&mut item.queued, true) {
            return Err(Unusable::Queued);
        }
        Ok(item.device)
    }

    /// Marks a work item that begins to run not queued: it can be freed or queued from now on.
    fn begin(&self, address: usize) {
        if let Some(item) = self.lock().items.get_mut(&address) {
            item.queued = false;
        }
    }

    fn end(&self, driver: DriverId, kept: bool) {
        let mut state = self.lock();
        let busy = &mut state.busy;
        if let Some(at) = busy.iter().position(|&it| it == (driver, kept)) {
            busy.swap_remove(at);
        }
        self.done.notify_all();
    }

    /// Waits until no routine of a driver runs whose driver the I/O manager keeps until then; says
    /// how many others there are, and waits for them as well.
    pub(crate) fn wait_for_all_of(&self, driver: DriverId) -> usize {
        let count = |state: &State, kept| {
            let busy = state.busy.iter();
            busy.filter(|&&it| it == (driver, kept)).count()
        };
        let mut state = self.lock();
        while count(&state, true) > 0 {
            state = self.wait(state);
        }
        let others = count(&state, false);
        while count(&state, false) > 0 {
            state = self.wait(state);
        }
        others
    }

    /// Takes away the work items of a driver that is gone, and says how many there were.
    pub(crate) fn take_all_of(&self, driver: DriverId) -> usize {
        let mut state = self.lock();
        state
            .items
            .extract_if(|_, item| item.driver == driver)
            .count()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.done
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a driver's routine on a thread of the System process. `item` is the work item of the I/O
/// manager that it belongs to, which keeps the driver until the routine is done. Says whether there
/// is such a thread.
pub(crate) fn run(
    kernel: &Arc<Kernel>,
    driver: DriverId,
    item: Option<usize>,
    body: impl FnOnce(&Thread) + Send + 'static,
) -> bool {
    let kept = item.is_some();
    let items = &kernel.work_items;
    items.lock().busy.push((driver, kept));
    let machine = Machine {
        kernel: Arc::clone(kernel),
    };
    let on_its_thread = move || {
        let guard = machine.enter_system();
        let thread = guard.thread();
        let items = &thread.kernel().work_items;
        if let Some(item) = item {
            items.begin(item);
        }
        body(thread);
        items.end(driver, kept);
    };
    let started = std::thread::Builder::new().spawn(on_its_thread).is_ok();
    if !started {
        items.end(driver, kept);
    }
    started
}
