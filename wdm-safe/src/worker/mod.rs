//! Sharing the work: callbacks push records, a system thread of the driver's own handles them.
//!
//! A registry callback holds up whoever uses the registry, and can run at `APC_LEVEL`. What takes
//! longer, or needs `PASSIVE_LEVEL`, goes to a [`Worker`]: pushing takes a few atomic operations,
//! and the worker's thread sleeps until there is something to do.
//!
//! ```
//! # use wdm_sim::Machine;
//! use wdm_safe::{Delivery, Driver, Init, Lifecycle, Result, Worker};
//!
//! struct Audit {
//!     writes: Worker<u32>,
//! }
//!
//! impl Driver for Audit {
//!     fn init(init: &Init<'_>) -> Result<Self> {
//!         let writes = Worker::start(init, 1024, |delivery, _at| match delivery {
//!             Delivery::Record(process) => wdm_safe::info!("process {process} has written"),
//!             Delivery::Dropped(count) => wdm_safe::warn!("{count} writes were not noted"),
//!         })?;
//!         // A callback would do this.
//!         let noted = writes.push(1000);
//!         assert_eq!(noted, Ok(()));
//!         Ok(Audit { writes })
//!     }
//!
//!     fn unload(self, _at: &Lifecycle<'_>) {
//!         // Handles what is left, and waits for that.
//!         drop(self.writes);
//!     }
//! }
//!
//! wdm_safe::driver!(Audit);
//! # fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
//! # let machine = Machine::builder().build()?;
//! # let driver = unsafe { machine.load_linked("audit", driver_entry)? };
//! # machine.unload(driver)?;
//! # let report = machine.report();
//! # assert!(report.findings.is_empty());
//! # assert!(report.debug_print.iter().any(|line| line.contains("process 1000 has written")));
//! # Ok(())
//! # }
//! ```
//!
//! # Every record is accounted for
//! A record that finds no room comes back to whoever pushed it and is counted; the handler hears of
//! it as [`Delivery::Dropped`]. When a worker has been dropped, the records that its handler got and
//! those that it was told were dropped are all that were ever pushed.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-pscreatesystemthread>,
//! `nf-wdm-kesetevent`, `nf-wdm-kewaitforsingleobject` there. A work item (`IoQueueWorkItem`) would
//! want a device object, which a registry filter need not have.

mod signal;
mod thread;

use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal::Signal;
use thread::Thread;

use crate::bug_check::{self, Bug};
use crate::{EventQueue, Lifecycle, Obligation, Passive, PoolBox, Result};

/// What a worker's handler gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery<T> {
    /// A record that was pushed. Records of one thread come in the order in which it pushed them.
    Record(T),
    /// So many records found no room since the handler was last told.
    Dropped(u64),
}

/// A system thread that handles records which any number of threads push.
///
/// Dropping it lets the handler have what is left, ends the thread and waits for that. Inside its
/// own handler the wait would be for ever: whoever drops it there, which takes a `static`, stops the
/// machine with [`Bug::StoppedInsideHandler`].
pub struct Worker<T> {
    /// Dropped first: the thread has ended when the rest goes.
    _thread: Thread,
    shared: PoolBox<Shared<T>>,
    /// Last: the thread runs the driver's code.
    _obligation: Obligation,
}

/// What the worker and its thread have in common.
struct Shared<T> {
    queue: EventQueue<T>,
    signal: Signal,
    stop: AtomicBool,
    /// Of the worker's thread, from when that runs.
    thread_id: AtomicUsize,
}

impl<T: Send + 'static> Worker<T> {
    /// Starts a worker with room for at least `capacity` records: the next power of two. `handler`
    /// runs on the worker's thread, in the System process at `PASSIVE_LEVEL`, and is dropped there.
    ///
    /// All memory is allocated now. IRQL: `PASSIVE_LEVEL`, by the token (`PsCreateSystemThread`).
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if there is no memory, or what the kernel says of the thread.
    pub fn start<H>(at: &Lifecycle<'_>, capacity: usize, handler: H) -> Result<Self>
    where
        H: FnMut(Delivery<T>, Passive<'_>) + Send + 'static,
    {
        let shared = PoolBox::try_new(Shared {
            queue: EventQueue::try_new(capacity)?,
            signal: Signal::new(),
            stop: AtomicBool::new(false),
            thread_id: AtomicUsize::new(0),
        })?;
        shared.signal.init();
        let thread = thread::start(&shared, handler, at.passive())?;
        Ok(Self {
            _thread: thread,
            shared,
            _obligation: at.obligation(),
        })
    }

    /// Hands a record to the worker. It neither allocates nor waits. IRQL: `<= DISPATCH_LEVEL`
    /// (`KeSetEvent`).
    ///
    /// # Errors
    /// The record comes back if there is no room; it is counted as dropped.
    pub fn push(&self, record: T) -> core::result::Result<(), T> {
        let pushed = self.shared.queue.push(record);
        // Also if it was dropped: the handler is to hear of it.
        self.shared.signal.set();
        pushed
    }

    /// How many records found no room so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.queue.dropped()
    }

    /// How many records there is room for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.shared.queue.capacity()
    }
}

impl<T> Drop for Worker<T> {
    fn drop(&mut self) {
        let id = thread::current_id();
        if id == self.shared.thread_id.load(Ordering::Relaxed) {
            bug_check::stop(Bug::StoppedInsideHandler, [id, 0, 0, 0]);
        }
        self.shared.tell_to_stop();
        // Dropping the thread, which is next, waits for it.
    }
}

impl<T> Shared<T> {
    /// Lets the thread end when it has delivered what is left.
    fn tell_to_stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.signal.set_always();
    }

    /// Delivers until the worker is to stop, and then what is left.
    fn run(&self, handler: &mut impl FnMut(Delivery<T>, Passive<'_>), at: Passive<'_>) {
        let mut told = 0;
        loop {
            self.signal.wait(at);
            // Before the queue is looked at: nobody pushes any more once this is set.
            let last = self.stop.load(Ordering::Acquire);
            while let Some(record) = self.queue.pop() {
                handler(Delivery::Record(record), at);
            }
            let dropped = self.queue.dropped();
            if dropped != told {
                handler(Delivery::Dropped(dropped.wrapping_sub(told)), at);
                told = dropped;
            }
            if last {
                return;
            }
        }
    }
}

impl<T> fmt::Debug for Worker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("queue", &self.shared.queue)
            .finish_non_exhaustive()
    }
}
