//! Timers and deferred procedure calls.

use std::cell::UnsafeCell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};

use wdm_sim::Rule;
use wdm_sys::{BOOLEAN, PVOID};

use crate::dispatcher::wait;
use crate::support::{SUCCESS, call, entry, findings_of, in_kernel, machine, only};

unsafe extern "system" {
    fn KeInitializeTimerEx(timer: PVOID, kind: u32);
    fn KeSetTimer(timer: PVOID, due: i64, dpc: PVOID) -> BOOLEAN;
    fn KeSetTimerEx(timer: PVOID, due: i64, period: i32, dpc: PVOID) -> BOOLEAN;
    fn KeCancelTimer(timer: PVOID) -> BOOLEAN;
    fn KeInitializeDpc(dpc: PVOID, routine: PVOID, context: PVOID);
    fn KeInsertQueueDpc(dpc: PVOID, first: PVOID, second: PVOID) -> BOOLEAN;
    fn KeFlushQueuedDpcs();
}

/// Calls a routine that `wdm-sys` does not declare.
macro_rules! nt {
    ($routine:ident($($argument:expr),* $(,)?)) => {{
        // SAFETY: the memory lives as long as the process, or until nothing is set any more.
        unsafe { $routine($($argument),*) }
    }};
}

/// Memory for a timer or a DPC.
#[repr(C, align(16))]
struct Memory(UnsafeCell<[u8; 64]>);

// SAFETY: the kernel's routines order all accesses.
unsafe impl Sync for Memory {}

impl Memory {
    const fn new() -> Self {
        Self(UnsafeCell::new([0; 64]))
    }

    fn as_ptr(&self) -> PVOID {
        self.0.get().cast()
    }
}

unsafe extern "system" fn counts(_dpc: PVOID, context: PVOID, first: PVOID, second: PVOID) {
    assert_eq!(call!(KeGetCurrentIrql()), 2, "DISPATCH_LEVEL");
    // SAFETY: the context is a counter that outlives the call.
    let counter = unsafe { &*context.cast::<AtomicUsize>() };
    counter.fetch_add(1 + first.addr() + second.addr(), Ordering::SeqCst);
}

fn dpc(memory: &Memory, counter: &AtomicUsize) -> PVOID {
    let context = (&raw const *counter).cast_mut().cast();
    nt!(KeInitializeDpc(
        memory.as_ptr(),
        counts as *const () as PVOID,
        context
    ));
    memory.as_ptr()
}

#[test]
fn a_timer_is_waited_for_and_runs_its_dpc() {
    let machine = machine();
    in_kernel(&machine, || {
        let (memory, timer, counter) = (Memory::new(), Memory::new(), AtomicUsize::new(0));
        nt!(KeInitializeTimerEx(timer.as_ptr(), 1));
        nt!(KeSetTimer(timer.as_ptr(), -1, dpc(&memory, &counter)));
        assert_eq!(wait(timer.as_ptr(), None), SUCCESS);
        nt!(KeFlushQueuedDpcs());
        assert_eq!(counter.load(Ordering::SeqCst), 1);
        assert_eq!(wait(timer.as_ptr(), Some(0)), 0x102, "the wait reset it");
        assert_eq!(nt!(KeCancelTimer(timer.as_ptr())), 0);
    });
    assert!(machine.report().findings.is_empty());
}

#[test]
fn a_timer_can_be_cancelled_and_set_again() {
    let machine = machine();
    in_kernel(&machine, || {
        let timer = Memory::new();
        let hour = -36_000_000_000;
        nt!(KeInitializeTimerEx(timer.as_ptr(), 0));
        assert_eq!(nt!(KeSetTimer(timer.as_ptr(), hour, null_mut())), 0);
        assert_eq!(nt!(KeSetTimer(timer.as_ptr(), hour, null_mut())), 1);
        assert_eq!(nt!(KeCancelTimer(timer.as_ptr())), 1);
        assert_eq!(nt!(KeCancelTimer(timer.as_ptr())), 0);
        nt!(KeSetTimerEx(timer.as_ptr(), -1, 1, null_mut()));
        assert_eq!(wait(timer.as_ptr(), None), SUCCESS);
        assert_eq!(nt!(KeCancelTimer(timer.as_ptr())), 1, "it is periodic");
    });
}

#[test]
fn a_queued_dpc_runs_with_its_arguments() {
    let machine = machine();
    in_kernel(&machine, || {
        let (memory, counter) = (Memory::new(), AtomicUsize::new(0));
        let dpc = dpc(&memory, &counter);
        let [four, five] = [4, 5].map(std::ptr::without_provenance_mut);
        assert_eq!(nt!(KeInsertQueueDpc(dpc, four, five)), 1);
        nt!(KeFlushQueuedDpcs());
        assert_eq!(counter.load(Ordering::SeqCst), 10);
    });
}

static LEFT: Memory = Memory::new();

entry! {
    fn leaves_a_timer(_driver) {
        nt!(KeInitializeTimerEx(LEFT.as_ptr(), 0));
        nt!(KeSetTimer(LEFT.as_ptr(), -36_000_000_000, null_mut()));
        SUCCESS
    }
}

#[test]
fn a_timer_that_is_not_cancelled_is_found() {
    only(&findings_of(leaves_a_timer), Rule::Timer, "DriverUnload");
}
