//! A bounded queue of events: callbacks push without allocating or waiting, a worker drains.
//!
//! What does not fit is counted, never silently lost. [`Worker`](crate::Worker) is a queue with a
//! thread that drains it.
//!
//! ```
//! # let machine = wdm_sim::Machine::builder().build()?;
//! # let process = machine.process("example"); let _thread = process.enter();
//! use wdm_safe::EventQueue;
//!
//! let queue = EventQueue::try_new(2)?;
//! assert_eq!(queue.push("first"), Ok(()));
//! assert_eq!(queue.push("second"), Ok(()));
//! assert_eq!(queue.push("third"), Err("third"), "there is no room");
//! assert_eq!((queue.pop(), queue.dropped()), (Some("first"), 1));
//! # drop(queue);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::fmt;
use core::mem::MaybeUninit;

use crate::sync::UnsafeCell;
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::{NtError, PoolVec, Result};

/// A bounded first-in-first-out queue that any number of threads push to and pop from.
///
/// It is D. Vyukov's ring: each slot has a turn, which says whose it is. Pushing and popping take a
/// few atomic operations at any `IRQL <= DISPATCH_LEVEL`, and neither allocates nor waits. An event
/// whose push is under way hides those behind it until it is done.
///
/// # Invariants
/// For the slot at `position & mask`: with the turn `position` it is empty and belongs to whoever
/// moves `tail` from `position`; with `position + 1` it holds a value and belongs to whoever moves
/// `head` from `position`.
pub struct EventQueue<T> {
    slots: PoolVec<Slot<T>>,
    mask: usize,
    tail: AtomicUsize,
    head: AtomicUsize,
    dropped: AtomicU64,
}

struct Slot<T> {
    turn: AtomicUsize,
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: by the invariant a slot's value belongs to one thread at a time; values move between
// threads, so they must be Send, and nobody shares them.
unsafe impl<T: Send> Sync for EventQueue<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for EventQueue<T> {}

impl<T> EventQueue<T> {
    /// A queue for at least `capacity` events: the next power of two, and no less than two. All
    /// memory is allocated now. IRQL: `<= DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if the pool has no memory.
    pub fn try_new(capacity: usize) -> Result<Self> {
        let capacity = capacity.max(2).checked_next_power_of_two();
        let capacity = capacity.ok_or(NtError::INSUFFICIENT_RESOURCES)?;
        let mut slots = PoolVec::new();
        slots.try_reserve(capacity)?;
        for position in 0..capacity {
            let turn = AtomicUsize::new(position);
            // INVARIANT: empty, for the first round.
            slots.try_push(Slot {
                turn,
                value: UnsafeCell::new(MaybeUninit::uninit()),
            })?;
        }
        Ok(Self {
            slots,
            mask: capacity - 1,
            tail: AtomicUsize::new(0),
            head: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
        })
    }

    /// Appends an event. IRQL: `<= DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// The event comes back if there is no room; it is counted as dropped.
    pub fn push(&self, event: T) -> core::result::Result<(), T> {
        let Some((slot, position)) = self.claim(&self.tail, 0) else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return Err(event);
        };
        slot.value.with_mut(|value| {
            // SAFETY: by the invariant the slot is this thread's alone until its turn changes.
            let value = unsafe { &mut *value };
            value.write(event);
        });
        // INVARIANT: it holds a value.
        slot.turn.store(position.wrapping_add(1), Ordering::Release);
        Ok(())
    }

    /// Takes the oldest event; none if there is none, or if its push is still under way. IRQL:
    /// `<= DISPATCH_LEVEL`.
    pub fn pop(&self) -> Option<T> {
        let (slot, position) = self.claim(&self.head, 1)?;
        let event = slot.value.with_mut(|value| {
            // SAFETY: by the invariant the slot is this thread's alone until its turn changes.
            let value = unsafe { &*value };
            // SAFETY: by the invariant it holds a value, which is read once.
            unsafe { value.assume_init_read() }
        });
        // INVARIANT: it is empty, for the next round.
        slot.turn.store(
            position.wrapping_add(self.mask).wrapping_add(1),
            Ordering::Release,
        );
        Some(event)
    }

    /// How many events found no room so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// How many events there is room for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// Moves `end` past the slot at its position, if that slot's turn is `ahead` of it. None if the
    /// turn is behind: the queue is full, or empty.
    fn claim(&self, end: &AtomicUsize, ahead: usize) -> Option<(&Slot<T>, usize)> {
        let mut position = end.load(Ordering::Relaxed);
        loop {
            let slot = self.slots.get(position & self.mask)?;
            let turn = slot.turn.load(Ordering::Acquire);
            let lead = turn
                .wrapping_sub(position.wrapping_add(ahead))
                .cast_signed();
            if lead < 0 {
                return None;
            }
            if lead > 0 {
                // Another thread has been here in between.
                position = end.load(Ordering::Relaxed);
                continue;
            }
            let next = position.wrapping_add(1);
            // The turn orders the accesses to the value; the ends only have to be unique.
            match end.compare_exchange_weak(position, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some((slot, position)),
                Err(moved) => position = moved,
            }
        }
    }
}

impl<T> Drop for EventQueue<T> {
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}

impl<T> fmt::Debug for EventQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventQueue")
            .field("capacity", &self.capacity())
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}
