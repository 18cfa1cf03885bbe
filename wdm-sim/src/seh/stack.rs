//! The stack of a host thread.

use std::cell::Cell;
use std::mem::MaybeUninit;

use super::error::UnwindError;
use super::step::Memory;

/// The addresses of this thread's stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stack {
    low: u64,
    high: u64,
}

thread_local! {
    static STACK: Cell<Option<Stack>> = const { Cell::new(None) };
}

/// Finds out what a signal's handler will ask about this thread.
pub(crate) fn prepare_thread() {
    Stack::current();
    super::lost::prepare_thread();
}

impl Stack {
    /// The stack of the thread that asks; empty if the host does not tell.
    pub(super) fn current() -> Self {
        STACK.get().unwrap_or_else(|| {
            let stack = ask().unwrap_or(Self { low: 0, high: 0 });
            STACK.set(Some(stack));
            stack
        })
    }

    /// Whether `length` bytes at an address are on it.
    pub(super) fn holds(&self, address: u64, length: u64) -> bool {
        let end = address.checked_add(length);
        address >= self.low && end.is_some_and(|end| end <= self.high)
    }
}

impl Memory for Stack {
    fn word(&self, address: u64) -> Result<u64, UnwindError> {
        if !self.holds(address, 8) {
            return Err(UnwindError::NotOnStack(address));
        }
        let place = std::ptr::with_exposed_provenance::<u64>(address as usize);
        // SAFETY: it is on the stack of this thread; frames are read above the one that runs, where
        // all pages are there.
        Ok(unsafe { place.read_unaligned() })
    }
}

fn ask() -> Option<Stack> {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    // SAFETY: it can be called at any time.
    let thread = unsafe { libc::pthread_self() };
    // SAFETY: it names this thread; there is room for the attributes.
    let result = unsafe { libc::pthread_getattr_np(thread, attributes.as_mut_ptr()) };
    if result != 0 {
        return None;
    }
    let (mut low, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: the attributes were filled in; there is room for both answers.
    let result =
        unsafe { libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut low, &raw mut size) };
    // SAFETY: filled in, and not used any more.
    unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    let low = low.expose_provenance() as u64;
    (result == 0).then(|| Stack {
        low,
        high: low.saturating_add(size as u64),
    })
}
