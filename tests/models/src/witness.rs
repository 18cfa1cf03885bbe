//! Values whose uses and end the checker sees.

use std::cell::RefCell;

use loom::cell::UnsafeCell;

std::thread_local! {
    /// The witnesses of this execution, by number: whether each is alive. loom runs all threads of a
    /// model on one of the system's.
    static ALIVE: RefCell<Vec<bool>> = const { RefCell::new(Vec::new()) };
}

/// A value that fails the model when it is used or dropped after its end, when a use and its end are
/// not ordered by anything, and when it is never dropped.
pub(crate) struct Witness {
    number: usize,
    /// Each use reads it, the end writes to it: loom wants an order between the two.
    memory: UnsafeCell<()>,
}

// SAFETY: the cell is what loom watches for data races; nothing is in it.
unsafe impl Sync for Witness {}

impl Witness {
    pub(crate) fn new() -> Self {
        let number = ALIVE.with_borrow_mut(|alive| {
            alive.push(true);
            alive.len() - 1
        });
        Self {
            number,
            memory: UnsafeCell::new(()),
        }
    }

    /// Which one it is, in the order in which they were made.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Uses it.
    pub(crate) fn look(&self) {
        assert!(self.is_alive(), "a value is used after its end");
        self.memory.with(|_| ());
    }

    fn is_alive(&self) -> bool {
        ALIVE.with_borrow(|alive| alive.get(self.number) == Some(&true))
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        assert!(self.is_alive(), "a value is dropped after its end");
        self.memory.with_mut(|_| ());
        ALIVE.with_borrow_mut(|alive| alive[self.number] = false);
    }
}

/// Ends an execution.
pub(crate) fn settle() {
    let left = ALIVE.take().into_iter().filter(|alive| *alive).count();
    assert_eq!(left, 0, "values were never dropped");
}
