//! What a callback decides: the return of its methods.
//!
//! An outcome is made by the notification that it is for ([`Pre::pass`], [`Pre::block`],
//! [`Post::keep`], ...), which is used up by it, and it is carried out after the method has
//! returned. What an outcome owes the kernel (references, outputs) it owns until then.
//!
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/handling-notifications>
//!
//! [`Pre::pass`]: crate::Pre::pass
//! [`Pre::block`]: crate::Pre::block
//! [`Post::keep`]: crate::Post::keep

use wdm_safe::{NtError, PoolBox};

use crate::{Operation, RegistryCallback};

/// What becomes of an operation after its pre-notification. Methods of [`Pre`](crate::Pre) make it.
#[must_use = "an outcome takes effect when the callback returns it"]
pub struct PreOutcome<O: Operation, C: RegistryCallback>(pub(crate) PreAction<O, C>);

pub(crate) enum PreAction<O: Operation, C: RegistryCallback> {
    /// Go on.
    Pass,
    /// Go on, and bring this to the post-notification (C5).
    PassWith(PoolBox<C::CallContext>),
    /// Fail (N2).
    Block(NtError),
    /// Succeed without the kernel having done anything (N2, N4).
    Complete(O::Reply),
}

/// What becomes of an operation's result after its post-notification. Methods of
/// [`Post`](crate::Post) make it.
#[must_use = "an outcome takes effect when the callback returns it"]
pub struct PostOutcome<O: Operation, C: RegistryCallback>(
    pub(crate) PostAction<O>,
    pub(crate) core::marker::PhantomData<fn(C)>,
);

pub(crate) enum PostAction<O: Operation> {
    /// The result stays.
    Keep,
    /// The caller gets this failure (N3, N4).
    Fail(NtError),
    /// The caller gets a success (N3, N4).
    Succeed(O::Reply),
}
