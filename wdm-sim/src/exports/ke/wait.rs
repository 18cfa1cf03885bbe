//! Mutexes and semaphores, and waiting for one of several objects, or for all of them.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kewaitformultipleobjects>,
//! `nf-wdm-kereleasemutex`, `nf-wdm-kereleasesemaphore` and their neighbours.

use std::mem::offset_of;

use wdm_sys::{BOOLEAN, KPRIORITY, KPROCESSOR_MODE, KWAIT_REASON, NTSTATUS, PLARGE_INTEGER, PVOID};

use super::event::{STATUS_TIMEOUT, deadline};
use crate::exports::exports;
use crate::machine::{Kernel, Thread, ThreadObject, current, irql};
use crate::object::{Body, EventObject, ObjectRef};
use crate::status::Status;
use crate::verifier::Rule;

/// Types of dispatcher objects in drivers' memory, as their first byte has them.
mod kind {
    pub(super) const SYNCHRONIZATION_EVENT: u8 = 1;
    pub(super) const MUTANT: u8 = 2;
    pub(super) const SEMAPHORE: u8 = 5;
    pub(super) const SYNCHRONIZATION_TIMER: u8 = 9;
}

/// What all dispatcher objects begin with (`DISPATCHER_HEADER`); a list of waiters follows, which is not
/// used here.
#[repr(C)]
pub(super) struct Header {
    pub(super) kind: u8,
    _reserved: [u8; 3],
    /// Greater than zero if signalled.
    pub(super) state: i32,
}

impl Header {
    fn new(kind: u8, state: i32) -> Self {
        Self {
            kind,
            _reserved: [0; 3],
            state,
        }
    }
}

/// `KMUTEX`.
#[repr(C)]
pub(super) struct Mutex {
    header: Header,
    _waiters: [usize; 2],
    _list: [usize; 2],
    owner: usize,
    _abandoned: u8,
    /// Whether its owner is in a critical region.
    disables_apcs: u8,
}

/// `KSEMAPHORE`.
#[repr(C)]
pub(super) struct Semaphore {
    header: Header,
    _waiters: [usize; 2],
    limit: i32,
}

const _: () = {
    assert!(offset_of!(Mutex, owner) == 0x28);
    assert!(offset_of!(Mutex, disables_apcs) == 0x31);
    assert!(size_of::<Mutex>() == 0x38);
    assert!(offset_of!(Semaphore, limit) == 0x18);
    assert!(size_of::<Semaphore>() == 0x20);
};

/// `WaitAll`, `WaitAny`.
const WAIT_ALL: u32 = 0;
const WAIT_ANY: u32 = 1;
/// How many objects a thread can wait for at once, and without wait blocks of the caller's.
const MOST_OBJECTS: u32 = 64;
const MOST_WITHOUT_BLOCKS: u32 = 3;
/// Bug check `MAXIMUM_WAIT_OBJECTS_EXCEEDED`.
const MAXIMUM_WAIT_OBJECTS_EXCEEDED: u32 = 0xC;

exports! {
    /// Initialises a mutex, which nobody owns.
    [undeclared]
    fn KeInitializeMutex(mutex: *mut Mutex, _level: u32) {
        let new = Mutex {
            header: Header::new(kind::MUTANT, 1),
            _waiters: [0; 2],
            _list: [0; 2],
            owner: 0,
            _abandoned: 0,
            disables_apcs: 1,
        };
        // SAFETY: the caller gave memory for a mutex, which nobody uses yet.
        unsafe { mutex.write(new) };
    }

    /// Releases a mutex once; 0 if it is free now.
    [undeclared]
    fn KeReleaseMutex(mutex: *mut Mutex, _wait: BOOLEAN) -> i32 {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let locked = thread.kernel().dispatcher.lock(mutex.addr());
        // SAFETY: the caller gave an initialised mutex; the lock orders this with other accesses.
        let mutex = unsafe { &mut *mutex };
        if mutex.owner != thread.address() {
            drop(locked);
            let detail = "a mutex is released by a thread that does not own it";
            thread.finding(Rule::Lock, CALL, detail);
            return 1;
        }
        let before = mutex.header.state;
        mutex.header.state += 1;
        if mutex.header.state == 1 {
            mutex.owner = 0;
            locked.wake();
            if mutex.disables_apcs != 0 {
                thread.set_critical_regions(thread.critical_regions().saturating_sub(1));
            }
        }
        before
    }

    /// The state of a mutex: 1 if nobody owns it.
    [undeclared]
    fn KeReadStateMutex(mutex: *mut Mutex) -> i32 {
        // SAFETY: the caller gave an initialised mutex.
        unsafe { read_state(CALL, mutex.cast()) }
    }

    /// Initialises a semaphore.
    [undeclared]
    fn KeInitializeSemaphore(semaphore: *mut Semaphore, count: i32, limit: i32) {
        if count < 0 || limit <= 0 || count > limit {
            let detail = format!("a count of {count} and a limit of {limit} do not go together");
            current(CALL).finding(Rule::Parameter, CALL, detail);
        }
        let new = Semaphore {
            header: Header::new(kind::SEMAPHORE, count),
            _waiters: [0; 2],
            limit,
        };
        // SAFETY: the caller gave memory for a semaphore, which nobody uses yet.
        unsafe { semaphore.write(new) };
    }

    /// Adds to the count of a semaphore; gives the one before.
    [undeclared]
    fn KeReleaseSemaphore(
        semaphore: *mut Semaphore,
        _increment: KPRIORITY,
        adjustment: i32,
        _wait: BOOLEAN,
    ) -> i32 {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let locked = thread.kernel().dispatcher.lock(semaphore.addr());
        // SAFETY: the caller gave an initialised semaphore; the lock orders this with other accesses.
        let semaphore = unsafe { &mut *semaphore };
        let (before, limit) = (semaphore.header.state, semaphore.limit);
        let after = before.checked_add(adjustment).filter(|&it| it <= limit && it > before);
        let Some(after) = after else {
            drop(locked);
            let detail = format!(
                "{adjustment} cannot be added to a count of {before} with the limit {limit}; NT \
                 raises STATUS_SEMAPHORE_LIMIT_EXCEEDED"
            );
            thread.finding(Rule::Parameter, CALL, detail);
            return before;
        };
        semaphore.header.state = after;
        locked.wake();
        before
    }

    /// The count of a semaphore.
    [undeclared]
    fn KeReadStateSemaphore(semaphore: *mut Semaphore) -> i32 {
        // SAFETY: the caller gave an initialised semaphore.
        unsafe { read_state(CALL, semaphore.cast()) }
    }

    /// Waits for all of several objects (0) or for any of them (1), or until the time is over. Of
    /// several that are signalled, the first counts.
    [undeclared]
    fn KeWaitForMultipleObjects(
        count: u32,
        objects: *const PVOID,
        kind: u32,
        _reason: KWAIT_REASON,
        _mode: KPROCESSOR_MODE,
        _alertable: BOOLEAN,
        timeout: PLARGE_INTEGER,
        blocks: PVOID,
    ) -> NTSTATUS {
        let thread = current(CALL);
        // SAFETY: the caller gave a time, or null.
        let timeout = unsafe { timeout.as_ref() };
        // SAFETY: all the union's members are made of the same 64 bits.
        let timeout = timeout.map(|time| unsafe { time.QuadPart });
        // A thread that does not wait may ask at DISPATCH_LEVEL.
        let highest = if timeout == Some(0) { irql::DISPATCH_LEVEL } else { irql::APC_LEVEL };
        thread.require_irql(highest, CALL);
        let most = if blocks.is_null() { MOST_WITHOUT_BLOCKS } else { MOST_OBJECTS };
        if count > most {
            let reason = format!("{count} objects are more than the {most} that are allowed");
            thread.bug_check(CALL, MAXIMUM_WAIT_OBJECTS_EXCEEDED, [0; 4], reason);
        }
        if kind > WAIT_ANY || count == 0 {
            thread.finding(Rule::Parameter, CALL, format!("{count} objects, wait type {kind}"));
            return Status::INVALID_PARAMETER.0;
        }
        let kernel = thread.kernel();
        let address = |at: usize| {
            // SAFETY: the caller gave that many objects.
            unsafe { objects.wrapping_add(at).read() }
        };
        let found: Vec<Object<'_>> = (0..count as usize)
            .map(|at| Object::find(kernel, address(at)))
            .collect();
        let Some(waited) = found.iter().map(Object::waitable).collect::<Option<Vec<_>>>() else {
            let detail = "one of the objects cannot be waited for";
            thread.finding(Rule::Parameter, CALL, detail);
            return Status::OBJECT_TYPE_MISMATCH.0;
        };
        let deadline = timeout.map(deadline);
        kernel.dispatcher.wait_for_any_change(deadline, || {
            // SAFETY: what is in drivers' memory are initialised objects that outlive the wait.
            unsafe { try_to_take(&thread, &waited, kind == WAIT_ALL) }
        })
        .map_or(STATUS_TIMEOUT, |index| index as NTSTATUS)
    }
}

/// An object that a driver waits for, referenced if it is one of the object manager's.
enum Object<'k> {
    Managed(ObjectRef<'k>),
    Memory(PVOID),
}

impl<'k> Object<'k> {
    fn find(kernel: &'k Kernel, address: PVOID) -> Self {
        match kernel.objects.reference(kernel, address.addr()) {
            Some(object) => Self::Managed(object),
            None => Self::Memory(address),
        }
    }

    fn waitable(&self) -> Option<Waitable<'_>> {
        match self {
            Self::Memory(address) => Some(Waitable::Memory(address.cast())),
            Self::Managed(object) => match object.body() {
                Body::Event(event) => Some(Waitable::Event(event)),
                Body::Thread(thread) => Some(Waitable::Thread(thread)),
                _ => None,
            },
        }
    }
}

/// What can be waited for.
enum Waitable<'o> {
    Memory(*mut Header),
    Event(&'o EventObject),
    Thread(&'o ThreadObject),
}

impl Waitable<'_> {
    /// What its state is locked by.
    fn address(&self) -> usize {
        match self {
            Self::Memory(header) => header.addr(),
            Self::Event(event) => event.address(),
            Self::Thread(thread) => thread.address(),
        }
    }

    /// # Safety
    /// What is in a driver's memory is an initialised object, and its lock is held.
    unsafe fn is_ready(&self, thread: &Thread) -> bool {
        match self {
            // SAFETY: by this function's contract.
            Self::Memory(header) => unsafe { is_ready(*header, thread) },
            Self::Event(event) => event.is_set(),
            Self::Thread(thread) => thread.is_done(),
        }
    }

    /// # Safety
    /// As for [`is_ready`](Self::is_ready), and it is ready.
    unsafe fn take(&self, thread: &Thread) {
        match self {
            // SAFETY: by this function's contract.
            Self::Memory(header) => unsafe { take(*header, thread) },
            Self::Event(event) => event.take(),
            Self::Thread(_) => {}
        }
    }
}

/// Ends a wait for all or any of some objects if that is possible now: gives the index of the one that
/// was taken, 0 if all were.
///
/// # Safety
/// What is in drivers' memory are initialised objects.
unsafe fn try_to_take(thread: &Thread, waited: &[Waitable<'_>], all: bool) -> Option<usize> {
    let addresses = waited.iter().map(Waitable::address);
    let _locked = thread.kernel().dispatcher.lock_all(addresses);
    // SAFETY: by this function's contract; all are locked.
    let is_ready = |object: &Waitable<'_>| unsafe { object.is_ready(thread) };
    let taken = match all {
        true if waited.iter().all(is_ready) => waited,
        true => return None,
        false => std::slice::from_ref(&waited[waited.iter().position(is_ready)?]),
    };
    for object in taken {
        // SAFETY: as above; it is ready.
        unsafe { object.take(thread) };
    }
    let is_taken = |object: &Waitable<'_>| std::ptr::eq(object, &taken[0]);
    waited.iter().position(is_taken)
}

/// Whether a wait of this thread for an object in a driver's memory is over.
///
/// # Safety
/// `header` leads to an initialised object, and its lock is held.
pub(super) unsafe fn is_ready(header: *mut Header, thread: &Thread) -> bool {
    // SAFETY: by this function's contract.
    let Header { kind, state, .. } = unsafe { header.read() };
    let owns = || {
        // SAFETY: as above; it is a mutex.
        unsafe { (*header.cast::<Mutex>()).owner == thread.address() }
    };
    state > 0 || kind == kind::MUTANT && owns()
}

/// Does what the end of a wait does to an object: some are reset, a mutex has an owner now.
///
/// # Safety
/// As for [`is_ready`], and it is ready.
pub(super) unsafe fn take(header: *mut Header, thread: &Thread) {
    // SAFETY: by this function's contract.
    let object = unsafe { &mut *header };
    match object.kind {
        kind::SYNCHRONIZATION_EVENT | kind::SYNCHRONIZATION_TIMER => object.state = 0,
        kind::SEMAPHORE => object.state -= 1,
        kind::MUTANT => {
            // SAFETY: as above; it is a mutex.
            let mutex = unsafe { &mut *header.cast::<Mutex>() };
            mutex.header.state -= 1;
            if mutex.owner == 0 && mutex.disables_apcs != 0 {
                thread.set_critical_regions(thread.critical_regions() + 1);
            }
            mutex.owner = thread.address();
        }
        _ => {}
    }
}

/// # Safety
/// `header` leads to an initialised object.
unsafe fn read_state(call: &'static str, header: *mut Header) -> i32 {
    let thread = current(call);
    let _locked = thread.kernel().dispatcher.lock(header.addr());
    // SAFETY: by this function's contract; the lock orders this with its changes.
    unsafe { (*header).state }
}
