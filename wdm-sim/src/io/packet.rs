//! What the I/O manager knows of a request besides its IRP: where it came from, which drivers have
//! it or had it, and how it ended.

use std::collections::{HashMap, VecDeque};
use std::ptr::NonNull;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use wdm_sys::{_IRP as IRP, PIRP};

use super::Manager;
use super::buffer::Buffer;
use super::build::Back;
use super::irp::size_of_irp;
use super::transfer::Transfer;
use crate::machine::{Caller, DriverId};
use crate::object::Object;
use crate::status::Status;

/// How many requests that are over keep their memory, so that one that is used again is known.
const REMEMBERED: usize = 64;

/// The most locations that a request can have.
pub(super) const MAX_LOCATIONS: usize = 126;

/// Whose a request is.
pub(super) enum Origin {
    /// The I/O manager's own, for a program or for itself.
    System {
        /// The file that it is for.
        file: Option<Arc<Object>>,
        /// What its maker gets of it.
        transfer: Transfer,
    },
    /// A driver's, which frees it (`IoAllocateIrp`, `IoBuildAsynchronousFsdRequest`).
    Allocated,
    /// In a driver's memory (`IoInitializeIrp`).
    Initialized,
    /// Made for a driver, and freed by the I/O manager when it is completed
    /// (`IoBuildDeviceIoControlRequest`, `IoBuildSynchronousFsdRequest`).
    Threaded(Back),
}

/// The memory that a request refers to.
#[derive(Default)]
pub(super) struct Buffers {
    /// `AssociatedIrp.SystemBuffer`.
    pub(super) system: Option<Buffer>,
    /// The caller's input, for `Type3InputBuffer`.
    pub(super) input: Option<Buffer>,
    /// The caller's output buffer.
    pub(super) output: Option<Buffer>,
    /// What describes the caller's output buffer.
    pub(super) list: Option<Buffer>,
    /// A status block, and a security context.
    pub(super) more: Option<Buffer>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Completion {
    pub(super) status: Status,
    pub(super) information: usize,
}

/// What is known of a stack location.
#[derive(Clone, Copy)]
pub(super) struct Level {
    /// Who sent the request there: whose completion routine the location has.
    pub(super) sender: Caller,
    /// Whose dispatch routine got it.
    pub(super) holder: Caller,
    /// Its dispatch routine was called.
    pub(super) entered: bool,
    /// Its driver has sent the request on.
    pub(super) passed: bool,
    /// `STATUS_PENDING` was returned, and the location was not marked then.
    pub(super) owes_mark: bool,
    /// The status with which the request went up through it, and whether it was marked pending.
    pub(super) done: Option<(Status, bool)>,
}

impl Level {
    const NEW: Self = Self {
        sender: Caller::NONE,
        holder: Caller::NONE,
        entered: false,
        passed: false,
        owes_mark: false,
        done: None,
    };

    /// Whether a driver has the request there.
    pub(super) fn is_held(&self) -> bool {
        self.entered && self.done.is_none()
    }
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// With its maker.
    Made,
    /// With drivers.
    Sent,
    /// Completed.
    Completed,
    /// Freed.
    Freed,
}

/// What changes of a request.
pub(super) struct State {
    pub(super) stage: Stage,
    /// By location, the first one (which is the lowest driver's) first.
    pub(super) levels: Vec<Level>,
    /// How it ended for its maker.
    pub(super) outcome: Option<Completion>,
    /// Whether the driver that made it is gone, which has been reported.
    pub(super) abandoned: bool,
}

/// A request.
///
/// # Invariants
/// `irp` is the start of an IRP with `count` stack locations and, in memory of the I/O manager's,
/// room for one more. It is shared with drivers and touched through raw pointers only. It lives as
/// long as this; what a driver initialised in its own memory lives as that driver promises.
pub(super) struct Packet {
    irp: NonNull<IRP>,
    count: usize,
    /// The driver that made it; none for the I/O manager.
    pub(super) owner: Caller,
    pub(super) origin: Origin,
    pub(super) buffers: Buffers,
    _memory: Option<Buffer>,
    state: Mutex<State>,
    changed: Condvar,
}

// SAFETY: the memory is the drivers' as much as the kernel's; the rules of requests say whose turn it
// is.
unsafe impl Send for Packet {}
// SAFETY: as above.
unsafe impl Sync for Packet {}

impl Packet {
    /// Makes a request with so many locations; `None` if there can be none.
    pub(super) fn new(
        count: usize,
        owner: Caller,
        origin: Origin,
        buffers: Buffers,
    ) -> Option<Self> {
        if !(1..=MAX_LOCATIONS).contains(&count) {
            return None;
        }
        let memory = Buffer::new(&[], size_of_irp(count + 1), 0)?;
        let irp = NonNull::new(memory.start().cast::<IRP>())?;
        let packet = Self::at(irp, count, owner, origin, buffers, Some(memory));
        packet.initialize();
        Some(packet)
    }

    /// A request in a driver's memory, whose bytes are zero; `None` if it cannot be one.
    ///
    /// # Safety
    /// `irp` is null or leads to [`size_of_irp`] bytes for `count` locations, which live until the
    /// request is initialised again or its driver is gone.
    pub(super) unsafe fn in_memory_of(owner: Caller, irp: PIRP, count: usize) -> Option<Self> {
        if !(1..=MAX_LOCATIONS).contains(&count) {
            return None;
        }
        let irp = NonNull::new(irp)?;
        let buffers = Buffers::default();
        let packet = Self::at(irp, count, owner, Origin::Initialized, buffers, None);
        packet.initialize();
        Some(packet)
    }

    fn at(
        irp: NonNull<IRP>,
        count: usize,
        owner: Caller,
        origin: Origin,
        buffers: Buffers,
        memory: Option<Buffer>,
    ) -> Self {
        Self {
            irp,
            count,
            owner,
            origin,
            buffers,
            _memory: memory,
            state: Mutex::new(State {
                stage: Stage::Made,
                levels: vec![Level::NEW; count],
                outcome: None,
                abandoned: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// The request as drivers know it.
    pub(super) fn irp(&self) -> PIRP {
        self.irp.as_ptr()
    }

    /// How many stack locations it has.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The file that the request is for, if the I/O manager made it for one.
    pub(super) fn file(&self) -> Option<&Arc<Object>> {
        match &self.origin {
            Origin::System { file, .. } => file.as_ref(),
            _ => None,
        }
    }

    /// Whose turn it is: the driver whose location is the current one, or the request's maker.
    pub(super) fn holder(&self) -> Caller {
        let at = self.current();
        let state = self.lock();
        let level = at.checked_sub(1).and_then(|at| state.levels.get(at));
        match level {
            Some(level) if level.entered => level.holder,
            _ => self.owner,
        }
    }

    /// Makes the request as it was when it was new.
    pub(super) fn reset(&self) {
        let mut state = self.lock();
        state.stage = Stage::Made;
        state.levels.fill(Level::NEW);
        state.outcome = None;
    }

    /// Records how the request ended for its maker, unless that is known.
    pub(super) fn settle(&self, completion: Completion) {
        self.lock().outcome.get_or_insert(completion);
        self.changed.notify_all();
    }

    /// How the request ended for its maker, if it has ended.
    pub(super) fn outcome(&self) -> Option<Completion> {
        self.lock().outcome
    }

    /// Waits until the request has ended, or until `deadline`.
    pub(super) fn wait(&self, deadline: Option<Instant>) -> Option<Completion> {
        let mut state = self.lock();
        while state.outcome.is_none() {
            state = match deadline {
                None => {
                    let woken = self.changed.wait(state);
                    woken.unwrap_or_else(PoisonError::into_inner)
                }
                Some(deadline) => {
                    let left = deadline.checked_duration_since(Instant::now())?;
                    let woken = self.changed.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        state.outcome
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The requests of a machine by the address of their IRP. Those that are not completed stay, since
/// their driver may still use them.
#[derive(Default)]
pub(super) struct Requests {
    known: HashMap<usize, Arc<Packet>>,
    over: VecDeque<Arc<Packet>>,
}

impl Manager {
    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a request known.
    pub(super) fn add(&self, packet: Packet) -> Arc<Packet> {
        let packet = Arc::new(packet);
        let known = &mut self.requests().known;
        known.insert(packet.irp().addr(), Arc::clone(&packet));
        packet
    }

    /// The request that a driver names by its address.
    pub(super) fn packet(&self, irp: PIRP) -> Option<Arc<Packet>> {
        self.requests().known.get(&irp.addr()).cloned()
    }

    /// Notes that a request is over. It is forgotten when many others are over.
    pub(super) fn retire(&self, packet: &Arc<Packet>) {
        let mut requests = self.requests();
        requests.over.push_back(Arc::clone(packet));
        if requests.over.len() > REMEMBERED
            && let Some(oldest) = requests.over.pop_front()
        {
            let address = oldest.irp().addr();
            let same = |known: &Arc<Packet>| Arc::ptr_eq(known, &oldest);
            if requests.known.get(&address).is_some_and(same) {
                requests.known.remove(&address);
            }
        }
    }

    /// All requests that drivers have.
    pub(super) fn in_flight(&self) -> Vec<Arc<Packet>> {
        let known: Vec<_> = self.requests().known.values().cloned().collect();
        let sent = |packet: &Arc<Packet>| packet.lock().stage == Stage::Sent;
        known.into_iter().filter(sent).collect()
    }

    /// Takes away the requests that a driver made and that no other driver has; gives those that it
    /// did not free.
    pub(super) fn take_all_of(&self, driver: DriverId) -> Vec<Arc<Packet>> {
        let mut requests = self.requests();
        let taken = requests.known.extract_if(|_, packet| {
            let state = packet.lock();
            packet.owner.driver == driver && !state.levels.iter().any(Level::is_held)
        });
        let taken: Vec<_> = taken.map(|(_, packet)| packet).collect();
        drop(requests);
        let left = |packet: &Arc<Packet>| {
            let freed = packet.lock().stage == Stage::Freed;
            !freed && !matches!(packet.origin, Origin::Initialized)
        };
        taken.into_iter().filter(left).collect()
    }
}
