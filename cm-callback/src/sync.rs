//! What threads share: the core library's atomics. Under `--cfg loom` they are those of the model
//! checker loom, so that the models in `tests/models` run this crate's own code.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic;

#[cfg(loom)]
pub(crate) use loom::sync::atomic;

use atomic::AtomicI64;

/// Where the kernel writes a number that is read as an atomic.
///
/// loom's atomics have no memory of their own: a model's kernel gets the atomic's address, and
/// stores through it.
pub(crate) fn place(number: &AtomicI64) -> *mut i64 {
    #[cfg(not(loom))]
    return number.as_ptr();
    #[cfg(loom)]
    return core::ptr::from_ref(number).cast_mut().cast();
}
