//! Waiting: for one object, for one of several or all of them, and for a time.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kewaitforsingleobject>,
//! `nf-wdm-kewaitformultipleobjects`, `nf-wdm-kedelayexecutionthread`.

use std::time::{Duration, Instant};

use wdm_sys::{BOOLEAN, KPROCESSOR_MODE, KWAIT_REASON, NTSTATUS, PLARGE_INTEGER, PVOID};

use super::dispatcher::{Header, is_ready, take};
use crate::exports::exports;
use crate::machine::{Kernel, Thread, ThreadObject, current, irql};
use crate::object::{Body, EventObject, ObjectRef};
use crate::registry::system_time;
use crate::status::Status;
use crate::verifier::Rule;

/// The waiting time has passed (`STATUS_TIMEOUT`, a success).
pub(in crate::exports) const STATUS_TIMEOUT: NTSTATUS = 0x102;
/// 100 ns units in a second.
const UNITS_PER_SECOND: u64 = 10_000_000;
/// `WaitAll`, `WaitAny`.
const WAIT_ALL: u32 = 0;
const WAIT_ANY: u32 = 1;
/// How many objects a thread can wait for at once, and without wait blocks of the caller's.
const MOST_OBJECTS: u32 = 64;
const MOST_WITHOUT_BLOCKS: u32 = 3;
/// Bug check `MAXIMUM_WAIT_OBJECTS_EXCEEDED`.
const MAXIMUM_WAIT_OBJECTS_EXCEEDED: u32 = 0xC;

exports! {
    /// Waits until an object is signalled or a thread has ended, or until the time is over.
    fn KeWaitForSingleObject(
        object: PVOID,
        _reason: KWAIT_REASON,
        _mode: KPROCESSOR_MODE,
        _alertable: BOOLEAN,
        timeout: PLARGE_INTEGER,
    ) -> NTSTATUS {
        let thread = current(CALL);
        // SAFETY: the caller gave a time, or null.
        let deadline = unsafe { begin(&thread, CALL, timeout) };
        let kernel = thread.kernel();
        let signalled = match kernel.objects.reference(kernel, object.addr()) {
            Some(object) => match object.body() {
                Body::Thread(other) => other.wait(kernel, deadline),
                Body::Event(event) => event.wait(kernel, deadline),
                _ => {
                    let detail = format!("a {} cannot be waited for here", object.object_type());
                    thread.finding(Rule::Parameter, CALL, detail);
                    return Status::OBJECT_TYPE_MISMATCH.0;
                }
            },
            // SAFETY: what is no object of the object manager is one in the driver's memory.
            None => unsafe { wait_for(&thread, object.cast(), deadline) },
        };
        if signalled { Status::SUCCESS.0 } else { STATUS_TIMEOUT }
    }

    /// Waits for a while.
    fn KeDelayExecutionThread(
        _mode: KPROCESSOR_MODE,
        _alertable: BOOLEAN,
        interval: PLARGE_INTEGER,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: the caller gave a time.
        let interval = unsafe { interval.as_ref() };
        // SAFETY: all the union's members are made of the same 64 bits.
        let Some(interval) = interval.map(|time| unsafe { time.QuadPart }) else {
            thread.finding(Rule::Parameter, CALL, "the interval is NULL");
            return Status::INVALID_PARAMETER.0;
        };
        if let Some(left) = deadline(interval).checked_duration_since(Instant::now()) {
            std::thread::sleep(left);
        }
        Status::SUCCESS.0
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
        let deadline = unsafe { begin(&thread, CALL, timeout) };
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
        kernel.dispatcher.wait_for_any_change(deadline, || {
            // SAFETY: what is in drivers' memory are initialised objects that outlive the wait.
            unsafe { try_to_take(&thread, &waited, kind == WAIT_ALL) }
        })
        .map_or(STATUS_TIMEOUT, |index| index as NTSTATUS)
    }
}

/// Begins a wait: checks the level, and gives when the wait is over, if it ever is.
///
/// # Safety
/// `timeout` is null or leads to a time.
pub(in crate::exports) unsafe fn begin(
    thread: &Thread,
    call: &'static str,
    timeout: PLARGE_INTEGER,
) -> Option<Instant> {
    // SAFETY: by this function's contract.
    let timeout = unsafe { timeout.as_ref() };
    // SAFETY: all the union's members are made of the same 64 bits.
    let timeout = timeout.map(|time| unsafe { time.QuadPart });
    // A thread that does not wait may ask at DISPATCH_LEVEL.
    let highest = match timeout {
        Some(0) => irql::DISPATCH_LEVEL,
        _ => irql::APC_LEVEL,
    };
    thread.require_irql(highest, call);
    timeout.map(deadline)
}

/// When a waiting time is over: negative is relative, in 100 ns units, positive a system time.
pub(in crate::exports) fn deadline(timeout: i64) -> Instant {
    let units = match timeout {
        ..=0 => timeout.unsigned_abs(),
        _ => timeout.unsigned_abs().saturating_sub(system_time()),
    };
    let seconds = units / UNITS_PER_SECOND;
    let nanoseconds = (units % UNITS_PER_SECOND) as u32 * 100;
    let now = Instant::now();
    // What is too far away for the host's clock never comes.
    now.checked_add(Duration::new(seconds, nanoseconds))
        .unwrap_or_else(|| now + Duration::from_secs(u64::from(u32::MAX)))
}

/// Waits for an object in a driver's memory; says whether it was signalled in time.
///
/// # Safety
/// `object` leads to an initialised object that outlives the wait.
unsafe fn wait_for(thread: &Thread, object: *mut Header, deadline: Option<Instant>) -> bool {
    let locked = thread.kernel().dispatcher.lock(object.addr());
    // SAFETY: by this function's contract; the lock is held whenever this runs.
    let is_ready = || unsafe { is_ready(object, thread) };
    let Some(_locked) = locked.wait_until(deadline, is_ready) else {
        return false;
    };
    // SAFETY: as above.
    unsafe { take(object, thread) };
    true
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
