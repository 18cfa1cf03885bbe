//! What threads share: the core library's atomics and cells. Under `--cfg loom` they are those of the
//! model checker loom, so that the models in `tests/models` run this crate's own code.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic;

#[cfg(loom)]
pub(crate) use loom::{cell::UnsafeCell, sync::atomic};

/// [`core::cell::UnsafeCell`] as loom has it, which sees where an access begins and ends.
#[cfg(not(loom))]
pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    #[inline]
    pub(crate) fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
        access(self.0.get())
    }
}
