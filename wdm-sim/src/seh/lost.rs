//! Threads that are lost: by a fault in a routine that a driver called, or with the stack used up, where
//! no exception can be dispatched.
//!
//! Such a thread may hold locks, and its own stack may be full. The signal's handler writes down what it
//! knows and sleeps; a thread that waits for this stops the machine, as for an exception that nobody
//! takes. If it cannot, for want of a lock, the process ends with one line all the same.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use super::images;
use crate::machine::{DriverId, Kernel, LostThread, try_current};

/// How long a machine may take to stop, in seconds.
const PATIENCE: u32 = 10;
/// What the handler needs: it walks the stack.
const HANDLERS_STACK: usize = 128 * 1024;

/// The first thread that was lost.
static LOST: Mutex<Option<(Arc<Kernel>, LostThread)>> = Mutex::new(None);
/// Who waits for one.
static WAITING: OnceLock<thread::Thread> = OnceLock::new();

thread_local! {
    /// The alternate stack of this thread.
    static STACK: RefCell<Option<AlternateStack>> = const { RefCell::new(None) };
}

/// Memory that this thread's handlers run on.
struct AlternateStack {
    _memory: Box<[u8]>,
}

impl AlternateStack {
    /// None if the host refuses it.
    fn install() -> Option<Self> {
        let mut memory = vec![0; HANDLERS_STACK].into_boxed_slice();
        let new = libc::stack_t {
            ss_sp: memory.as_mut_ptr().cast(),
            ss_flags: 0,
            ss_size: HANDLERS_STACK,
        };
        // SAFETY: the memory stays until it is no alternate stack any more.
        let result = unsafe { libc::sigaltstack(&raw const new, std::ptr::null_mut()) };
        (result == 0).then_some(Self { _memory: memory })
    }
}

impl Drop for AlternateStack {
    fn drop(&mut self) {
        let none = libc::stack_t {
            ss_sp: std::ptr::null_mut(),
            ss_flags: libc::SS_DISABLE,
            ss_size: HANDLERS_STACK,
        };
        // SAFETY: handlers go back to the thread's own stack.
        unsafe { libc::sigaltstack(&raw const none, std::ptr::null_mut()) };
    }
}

/// Waits for lost threads from now on, if the host has a thread for that.
pub(super) fn wait() {
    if WAITING.get().is_some() {
        return;
    }
    let waiting = thread::Builder::new().spawn(|| {
        loop {
            thread::park();
            let lost = LOST.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some((kernel, lost)) = lost {
                kernel.stop_over(lost);
            }
        }
    });
    if let Ok(waiting) = waiting {
        // Whoever came first waits, too.
        let _ = WAITING.set(waiting.thread().clone());
    }
}

/// Gives this thread an alternate stack on which the stack can be walked, if somebody waits.
pub(super) fn prepare_thread() {
    if WAITING.get().is_none() {
        return;
    }
    // Not while the thread's variables are being destroyed.
    let _ = STACK.try_with(|stack| {
        let mut stack = stack.borrow_mut();
        if stack.is_none() {
            *stack = AlternateStack::install();
        }
    });
}

/// What the fault was.
pub(super) struct Fault {
    /// The exception that it would have been.
    pub(super) status: u32,
    /// Where.
    pub(super) at: u64,
    /// What it did, in words.
    pub(super) what: &'static str,
    /// The address that it touched.
    pub(super) touched: u64,
}

/// Stops the machine over a fault on this thread, if a driver's code is on its stack; else returns.
/// Called by a signal's handler.
pub(super) fn lose(fault: &Fault) {
    let Some(thread) = try_current() else { return };
    let driver = thread.caller().driver;
    let Some(waiting) = WAITING.get().filter(|_| driver != DriverId::NONE) else {
        return;
    };
    // SAFETY: the default action ends the process, should the rest hang.
    unsafe { libc::alarm(2 * PATIENCE) };
    let in_driver = images::contains(fault.at);
    let lost = LostThread {
        driver,
        routine: thread.routine(),
        notification: thread.cm.notification(),
        status: fault.status,
        at: fault.at,
        what: fault.what,
        touched: fault.touched,
        caller: if in_driver {
            fault.at
        } else {
            innermost_frame()
        },
        stack_is_full: in_driver,
    };
    if let Ok(mut place) = LOST.try_lock() {
        *place = Some((Arc::clone(thread.kernel()), lost));
    }
    waiting.unpark();
    // SAFETY: a handler may sleep.
    while unsafe { libc::sleep(PATIENCE) } != 0 {}
}

/// Where the driver goes on that called the routine in which this thread is; 0 if that cannot be seen.
fn innermost_frame() -> u64 {
    let mut found = 0;
    let mut look = |frame: &backtrace::Frame| {
        let address = frame.ip().addr() as u64;
        if images::contains(address) {
            found = address;
        }
        found == 0
    };
    // SAFETY: it is only asked for addresses, for which nothing is shared between threads; the lock
    // that this leaves out might be the interrupted thread's.
    unsafe { backtrace::trace_unsynchronized(&mut look) };
    found
}
