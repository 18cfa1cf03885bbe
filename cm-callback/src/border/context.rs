//! Key contexts on their way through the kernel.
//!
//! The kernel keeps one pointer for each pair of key object and cookie. It points to a [`Node`]:
//! the driver's value, and the node that it replaced. A replaced value can still be seen by a
//! notification on another thread, so it stays where it is; the cleanup notification names the
//! newest node only, and the chain leads to all the others (C4).

use core::ffi::c_void;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use wdm_safe::{NtError, PoolBox, PoolTag};

use crate::sync::atomic::{AtomicPtr, Ordering};

/// One key context.
///
/// # Invariants
/// `older` is null or a node of the same chain that [`PoolBox::into_raw`] gave up. Once the kernel
/// has the node's address, the node is freed by [`Chain`] only.
pub(crate) struct Node<T> {
    value: T,
    older: AtomicPtr<Node<T>>,
}

impl<T> Node<T> {
    /// A node for the kernel to keep.
    pub(crate) fn try_new(value: T, tag: PoolTag) -> Result<NonNull<Self>, (NtError, T)> {
        let node = Self {
            value,
            older: AtomicPtr::new(ptr::null_mut()),
        };
        match PoolBox::try_new_tagged(node, tag) {
            Ok(node) => Ok(PoolBox::into_raw(node)),
            Err((error, node)) => Err((error, node.value)),
        }
    }

    /// Takes back a node that the kernel refused.
    ///
    /// # Safety
    /// `node` came from [`try_new`](Self::try_new) and the kernel does not have its address.
    pub(crate) unsafe fn take_back(node: NonNull<Self>) -> T {
        // SAFETY: given up by `try_new`, and the caller vouches that nobody else has it.
        PoolBox::into_inner(unsafe { PoolBox::from_raw(node) }).value
    }

    /// Chains the node that `newer` has replaced behind it, and gives access to it.
    ///
    /// The kernel exchanges the pointers one call at a time, so each node is replaced by exactly
    /// one other: no two calls chain the same node, and no chain closes on itself. The node is
    /// chained before the notification that replaced it ends, and so before any cleanup: that
    /// comes when the object's last reference goes, and a notification under way holds one (C3),
    /// or when the cookie is unregistered, which waits for it (R4).
    ///
    /// # Safety
    /// `newer` is the node that the kernel has just taken, and `replaced` what it gave for it:
    /// null or a node of this type. The notification of `'n` is under way.
    pub(crate) unsafe fn chain<'n>(newer: NonNull<Self>, replaced: *mut c_void) -> Option<&'n T> {
        let replaced = NonNull::new(replaced.cast::<Self>())?;
        // SAFETY: the kernel holds the node, so it lives until cleanup, which is after 'n.
        let newer = unsafe { newer.as_ref() };
        newer.older.store(replaced.as_ptr(), Ordering::Release);
        // SAFETY: as above: a replaced node lives until cleanup (C4).
        let replaced = unsafe { replaced.as_ref() };
        Some(&replaced.value)
    }

    /// The value behind a context pointer that a notification carries.
    ///
    /// # Safety
    /// `context` is what the kernel put into a structure of the notification of `'n`: null, or a
    /// node of this type. Nodes live until cleanup, which is after `'n` (C3, C4).
    pub(crate) unsafe fn value<'n>(context: *mut c_void) -> Option<&'n T> {
        // SAFETY: null or a live node, says the caller.
        let node = unsafe { context.cast::<Self>().as_ref() };
        node.map(|node| &node.value)
    }
}

/// All the contexts that a key object ever had from one cookie, the newest first. Dropping it frees
/// them in that order.
///
/// # Invariants
/// The chain from `newest` on is this value's alone.
pub(crate) struct Chain<T> {
    newest: *mut Node<T>,
    _owns: PhantomData<T>,
}

impl<T> Chain<T> {
    /// The chain whose newest node a cleanup notification names.
    ///
    /// # Safety
    /// `context` is the context pointer of a cleanup notification: null or the newest node of a
    /// chain, which nothing uses any more but the caller (C3).
    pub(crate) unsafe fn new(context: *mut c_void) -> Self {
        // INVARIANT: the caller hands it over.
        Self {
            newest: context.cast(),
            _owns: PhantomData,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        // SAFETY: by the invariant null or a node of ours.
        let mut next = unsafe { self.newest.as_ref() };
        core::iter::from_fn(move || {
            let node = next?;
            // SAFETY: by the node's invariant null or a node of the same chain.
            next = unsafe { node.older.load(Ordering::Acquire).as_ref() };
            Some(&node.value)
        })
    }
}

impl<T> Drop for Chain<T> {
    fn drop(&mut self) {
        while let Some(newest) = NonNull::new(self.newest) {
            // SAFETY: by the invariant a node that was given to the kernel and is ours now.
            let node = unsafe { PoolBox::from_raw(newest) };
            // INVARIANT: the rest of the chain stays ours.
            self.newest = node.older.load(Ordering::Acquire);
        }
    }
}
