//! Sorting, searching and random numbers in the C runtime. Drivers that are linked in use the host's.
//!
//! Pages: <https://learn.microsoft.com/cpp/c-runtime-library/reference/qsort> and its neighbours.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicU32, Ordering as Atomic};

use wdm_sys::PVOID;

use crate::call::{self, Code};
use crate::exports::exports;
use crate::machine::{Thread, current};

/// The largest number that `rand` gives (`RAND_MAX`).
const RAND_MAX: u32 = 0x7FFF;
/// What `rand` goes on from; one for all, as in the kernel.
static SEED: AtomicU32 = AtomicU32::new(1);

exports! {
    /// Sorts `count` elements of `size` bytes. Equal ones come in any order.
    [sys_only]
    fn qsort(elements: PVOID, count: usize, size: usize, compare: PVOID) {
        let thread = current(CALL);
        // SAFETY: the caller gave such elements, and a function that compares two of them.
        let elements = unsafe { Elements::new(&thread, elements, count, size, compare) };
        // A heap, whose greatest element goes to its end time and again.
        for root in (0..count / 2).rev() {
            elements.sink(root, count);
        }
        for end in (1..count).rev() {
            elements.swap(0, end);
            elements.sink(0, end);
        }
    }

    /// The element of a sorted array that equals a key, or NULL.
    [sys_only]
    fn bsearch(key: PVOID, elements: PVOID, count: usize, size: usize, compare: PVOID) -> PVOID {
        let thread = current(CALL);
        // SAFETY: as above.
        let elements = unsafe { Elements::new(&thread, elements, count, size, compare) };
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low + (high - low) / 2;
            let element = elements.at(middle);
            match elements.compare(key, element) {
                Ordering::Less => high = middle,
                Ordering::Equal => return element,
                Ordering::Greater => low = middle + 1,
            }
        }
        std::ptr::null_mut()
    }

    /// Sets where the numbers of `rand` begin.
    [sys_only]
    fn srand(seed: u32) {
        SEED.store(seed, Atomic::Relaxed);
    }

    /// A number from 0 to 32767 that looks random.
    [sys_only]
    fn rand() -> i32 {
        let mut drawn = 0;
        let next = |seed: u32| {
            let seed = seed.wrapping_mul(214_013).wrapping_add(2_531_011);
            drawn = seed >> 16 & RAND_MAX;
            Some(seed)
        };
        // It always has a next one.
        let _ = SEED.fetch_update(Atomic::Relaxed, Atomic::Relaxed, next);
        drawn as i32
    }
}

/// A driver's array, and the function that compares its elements.
struct Elements<'t> {
    thread: &'t Thread,
    first: PVOID,
    size: usize,
    compare: Code,
}

impl<'t> Elements<'t> {
    /// # Safety
    /// There are `count` elements of `size` bytes at `first` as long as this lives, and `compare` is a
    /// function of the running driver that compares two of them. Only indexes below `count` are used.
    unsafe fn new(
        thread: &'t Thread,
        first: PVOID,
        _count: usize,
        size: usize,
        compare: PVOID,
    ) -> Self {
        let compare = Code {
            address: compare.expose_provenance(),
            caller: thread.caller(),
        };
        Self {
            thread,
            first,
            size,
            compare,
        }
    }

    fn at(&self, index: usize) -> PVOID {
        let first = self.first.cast::<u8>();
        first.wrapping_add(index * self.size).cast()
    }

    fn compare(&self, a: PVOID, b: PVOID) -> Ordering {
        // SAFETY: by the contract of `new`.
        unsafe { call::comparison(self.thread, self.compare, a, b) }.cmp(&0)
    }

    fn swap(&self, a: usize, b: usize) {
        let (a, b) = (self.at(a).cast::<u8>(), self.at(b).cast::<u8>());
        if a != b {
            // SAFETY: by the contract of `new`, two different elements.
            unsafe { std::ptr::swap_nonoverlapping(a, b, self.size) };
        }
    }

    /// Moves an element of a heap of `count` down to where no child is greater.
    fn sink(&self, mut root: usize, count: usize) {
        loop {
            let greater = |a: usize, b: usize| self.compare(self.at(a), self.at(b)).is_gt();
            let mut child = root * 2 + 1;
            if child >= count {
                return;
            }
            if child + 1 < count && greater(child + 1, child) {
                child += 1;
            }
            if !greater(child, root) {
                return;
            }
            self.swap(root, child);
            root = child;
        }
    }
}
