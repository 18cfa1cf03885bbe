//! Timers and deferred procedure calls.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kesettimerex>,
//! `nf-wdm-keinitializedpc` and their neighbours.

use std::sync::Arc;
use std::time::Duration;

use wdm_sys::{BOOLEAN, PVOID};

use super::dispatcher::Header;
use super::wait::deadline;
use crate::call::{self, Code};
use crate::exports::exports;
use crate::machine::{Thread, current, irql};
use crate::verifier::Rule;

/// `TimerNotificationObject`; `TimerSynchronizationObject` follows it.
const TIMER_OBJECT: u8 = 8;
/// `DpcObject`.
const DPC_OBJECT: u8 = 19;
/// The size of a `KTIMER` of 64-bit Windows.
const TIMER_SIZE: usize = 64;

/// The part of a `KDPC` that is used here, as `wdm.h` lays it out.
#[repr(C)]
#[derive(Clone, Copy)]
struct Dpc {
    kind: u8,
    importance: u8,
    number: u16,
    _list: [usize; 2],
    routine: usize,
    context: usize,
    arguments: [usize; 2],
    _data: usize,
}

exports! {
    /// Initialises a notification timer.
    [undeclared]
    fn KeInitializeTimer(timer: PVOID) {
        // SAFETY: the caller gave memory for a timer.
        unsafe { initialize(timer, 0) };
    }

    /// Initialises a timer: 0 a notification timer, 1 a synchronisation timer.
    [undeclared]
    fn KeInitializeTimerEx(timer: PVOID, kind: u32) {
        if kind > 1 {
            let detail = format!("{kind} is no type of timer");
            current(CALL).finding(Rule::Parameter, CALL, detail);
        }
        // SAFETY: the caller gave memory for a timer.
        unsafe { initialize(timer, kind as u8 & 1) };
    }

    /// Sets a timer; says whether it was set already.
    [undeclared]
    fn KeSetTimer(timer: PVOID, due: i64, dpc: PVOID) -> BOOLEAN {
        // SAFETY: the caller gave an initialised timer and an initialised DPC or NULL.
        unsafe { set(&current(CALL), CALL, timer, due, 0, dpc) }
    }

    /// Sets a timer that expires again and again, every `period` milliseconds unless that is 0.
    [undeclared]
    fn KeSetTimerEx(timer: PVOID, due: i64, period: i32, dpc: PVOID) -> BOOLEAN {
        // SAFETY: the caller gave an initialised timer and an initialised DPC or NULL.
        unsafe { set(&current(CALL), CALL, timer, due, period, dpc) }
    }

    /// Cancels a timer; says whether it was set.
    [undeclared]
    fn KeCancelTimer(timer: PVOID) -> BOOLEAN {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        BOOLEAN::from(thread.kernel().dpcs.cancel_timer(timer.addr()))
    }

    /// Whether a timer is signalled.
    [undeclared]
    fn KeReadStateTimer(timer: PVOID) -> BOOLEAN {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let _locked = thread.kernel().dispatcher.lock(timer.addr());
        // SAFETY: the caller gave an initialised timer; the lock orders this with its changes.
        BOOLEAN::from(unsafe { (*timer.cast::<Header>()).state } > 0)
    }

    /// Initialises a deferred procedure call.
    [undeclared]
    fn KeInitializeDpc(dpc: PVOID, routine: PVOID, context: PVOID) {
        let new = Dpc {
            kind: DPC_OBJECT,
            importance: 1,
            number: 0,
            _list: [0; 2],
            routine: routine.expose_provenance(),
            context: context.expose_provenance(),
            arguments: [0; 2],
            _data: 0,
        };
        // SAFETY: the caller gave memory for a DPC.
        unsafe { dpc.cast::<Dpc>().write(new) };
    }

    /// Queues a call with two arguments; 0 if it is queued already.
    [undeclared]
    fn KeInsertQueueDpc(dpc: PVOID, first: PVOID, second: PVOID) -> BOOLEAN {
        let thread = current(CALL);
        let driver = thread.caller().driver;
        let arguments = [first, second].map(|argument| argument.expose_provenance());
        // SAFETY: the caller gave an initialised DPC.
        let Some(body) = (unsafe { deferred(&thread, dpc, arguments) }) else {
            return 0;
        };
        let kernel = thread.kernel();
        let body = Arc::new(body);
        BOOLEAN::from(kernel.dpcs.queue(kernel, driver, dpc.addr(), body))
    }

    /// Takes a call out of the queue; says whether it was there.
    [undeclared]
    fn KeRemoveQueueDpc(dpc: PVOID) -> BOOLEAN {
        BOOLEAN::from(current(CALL).kernel().dpcs.unqueue(dpc.addr()))
    }

    /// Waits until all queued calls have run.
    [undeclared]
    fn KeFlushQueuedDpcs() {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        thread.kernel().dpcs.flush();
    }
}

/// # Safety
/// `timer` leads to memory for a timer.
unsafe fn initialize(timer: PVOID, kind: u8) {
    // SAFETY: by this function's contract.
    unsafe { timer.cast::<u8>().write_bytes(0, TIMER_SIZE) };
    // SAFETY: as above.
    unsafe { timer.cast::<u8>().write(TIMER_OBJECT + kind) };
}

/// What runs a DPC; `None` for NULL.
///
/// # Safety
/// `dpc` is null or leads to an initialised DPC.
unsafe fn deferred(
    thread: &Thread,
    dpc: PVOID,
    arguments: [usize; 2],
) -> Option<impl Fn(&Thread) + Send + Sync + use<>> {
    if dpc.is_null() {
        return None;
    }
    // SAFETY: by this function's contract.
    let Dpc {
        routine, context, ..
    } = unsafe { dpc.cast::<Dpc>().read() };
    let address = dpc.expose_provenance();
    let code = Code {
        address: routine,
        caller: thread.caller(),
    };
    let [first, second] = arguments;
    Some(move |worker: &Thread| {
        let arguments = [address, context, first, second];
        // SAFETY: the driver gave the routine and its context to KeInitializeDpc.
        unsafe { call::deferred_routine(worker, code, arguments) };
    })
}

/// # Safety
/// `timer` leads to an initialised timer, which lives until it has expired or is cancelled, and so
/// does `dpc`, or it is null.
unsafe fn set(
    thread: &Thread,
    call: &'static str,
    timer: PVOID,
    due: i64,
    period: i32,
    dpc: PVOID,
) -> BOOLEAN {
    thread.require_irql(irql::DISPATCH_LEVEL, call);
    let kernel = thread.kernel();
    let address = timer.expose_provenance();
    // SAFETY: by this function's contract.
    unsafe { signal(thread, address, 0) };
    // SAFETY: as above.
    let body = unsafe { deferred(thread, dpc, [0; 2]) };
    let expire = move |worker: &Thread| {
        // SAFETY: as above, the timer lives until it is cancelled.
        unsafe { signal(worker, address, 1) };
        if let Some(body) = &body {
            body(worker);
        }
    };
    let period = u64::try_from(period).ok().filter(|&period| period > 0);
    let period = period.map(Duration::from_millis);
    let driver = thread.caller().driver;
    let dpcs = &kernel.dpcs;
    BOOLEAN::from(dpcs.set_timer(
        kernel,
        driver,
        address,
        deadline(due),
        period,
        Arc::new(expire),
    ))
}

/// # Safety
/// `timer` leads to an initialised timer.
unsafe fn signal(thread: &Thread, timer: usize, state: i32) {
    let locked = thread.kernel().dispatcher.lock(timer);
    let timer = std::ptr::with_exposed_provenance_mut::<Header>(timer);
    // SAFETY: by this function's contract; the lock orders this with the waits.
    unsafe { (*timer).state = state };
    locked.wake();
}
