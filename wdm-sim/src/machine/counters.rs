//! What a machine counts, cheaply from any number of threads.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::running::thread_number;

/// How many notify classes there are (`MaxRegNtNotifyClass`).
const CLASSES: usize = wdm_sys::MaxRegNtNotifyClass as usize;
const SHARDS: usize = 16;

/// Things that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counter {
    /// Operations that a callback blocked in the pre-notification (N2).
    Blocked,
    /// Operations that a callback did itself (`STATUS_CALLBACK_BYPASS` from a pre-notification, N2).
    Bypassed,
    /// Results that a post-notification changed (N3).
    Overridden,
    /// Successful `CmSetCallbackObjectContext` calls with a context that is not NULL.
    ContextsSet,
    /// Contexts that a newer one replaced (C4).
    ContextsReplaced,
    /// Contexts that are gone in order: see [`CounterReport::contexts_released`].
    ContextsReleased,
    /// Pool allocations that succeeded.
    PoolAllocations,
    /// Pool allocations that succeeded, of executable memory.
    PoolExecutable,
    /// Pool blocks that were freed.
    PoolFrees,
    /// Calls that failed because a test asked for it.
    InjectedFailures,
}

const COUNTERS: usize = Counter::InjectedFailures as usize + 1;

/// One thread's share, on cache lines of its own.
#[repr(align(128))]
struct Shard {
    named: [AtomicU64; COUNTERS],
    operations: [AtomicU64; CLASSES],
    notifications: [AtomicU64; CLASSES],
}

/// A machine's counters: each host thread adds to one of a few shards, a report sums them.
pub(crate) struct Counters {
    shards: Box<[Shard]>,
}

impl Default for Counters {
    fn default() -> Self {
        let zero = || AtomicU64::new(0);
        let shard = |_| Shard {
            named: std::array::from_fn(|_| zero()),
            operations: std::array::from_fn(|_| zero()),
            notifications: std::array::from_fn(|_| zero()),
        };
        Self {
            shards: (0..SHARDS).map(shard).collect(),
        }
    }
}

impl Counters {
    /// Counts one.
    pub(crate) fn count(&self, counter: Counter) {
        self.add(counter, 1);
    }

    /// Counts several.
    pub(crate) fn add(&self, counter: Counter, number: u64) {
        self.shard().named[counter as usize].fetch_add(number, Ordering::Relaxed);
    }

    /// Counts a registry operation by its pre-notification's class (`REG_NOTIFY_CLASS`).
    pub(crate) fn operation(&self, class: u32) {
        if let Some(count) = self.shard().operations.get(class as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a call of a registry callback by its class (`REG_NOTIFY_CLASS`).
    pub(crate) fn notification(&self, class: u32) {
        if let Some(count) = self.shard().notifications.get(class as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The sum of one counter.
    pub(crate) fn get(&self, counter: Counter) -> u64 {
        self.sum(|shard| &shard.named[counter as usize])
    }

    /// Everything counted so far. While other threads work, the numbers are each right but not all
    /// from one moment.
    pub(crate) fn report(&self) -> CounterReport {
        let classes = |pick: fn(&Shard) -> &[AtomicU64; CLASSES]| {
            (0..CLASSES)
                .map(|class| (class, self.sum(|shard| &pick(shard)[class])))
                .filter(|&(_, count)| count > 0)
                .map(|(class, count)| ClassCount {
                    class: crate::cm::classes::name(class as u32),
                    count,
                })
                .collect::<Vec<_>>()
        };
        let operations_by_class = classes(|shard| &shard.operations);
        let notifications_by_class = classes(|shard| &shard.notifications);
        let total = |counts: &[ClassCount]| counts.iter().map(|count| count.count).sum();
        CounterReport {
            operations: total(&operations_by_class),
            notifications: total(&notifications_by_class),
            blocked: self.get(Counter::Blocked),
            bypassed: self.get(Counter::Bypassed),
            overridden: self.get(Counter::Overridden),
            contexts_set: self.get(Counter::ContextsSet),
            contexts_replaced: self.get(Counter::ContextsReplaced),
            contexts_released: self.get(Counter::ContextsReleased),
            pool_allocations: self.get(Counter::PoolAllocations),
            pool_executable: self.get(Counter::PoolExecutable),
            pool_frees: self.get(Counter::PoolFrees),
            injected_failures: self.get(Counter::InjectedFailures),
            operations_by_class,
            notifications_by_class,
        }
    }

    fn shard(&self) -> &Shard {
        &self.shards[thread_number() % SHARDS]
    }

    fn sum(&self, pick: impl Fn(&Shard) -> &AtomicU64) -> u64 {
        let counts = self.shards.iter().map(pick);
        counts.map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

/// How often something happened with one notify class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// The class's name in `REG_NOTIFY_CLASS`.
    pub class: &'static str,
    /// How often.
    pub count: u64,
}

/// What a machine counted since it was built.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CounterReport {
    /// Registry operations, those that callbacks did included.
    pub operations: u64,
    /// Calls of registry callbacks.
    pub notifications: u64,
    /// Operations that a callback blocked (N2).
    pub blocked: u64,
    /// Operations that a callback did itself (N2).
    pub bypassed: u64,
    /// Results that a post-notification changed (N3).
    pub overridden: u64,
    /// Contexts that were set on key objects.
    pub contexts_set: u64,
    /// Contexts that a newer one replaced (C4).
    pub contexts_replaced: u64,
    /// Contexts that are gone in order: one in pool memory when its block is freed at or after its
    /// cleanup notification, any other when that notification was delivered. When all key objects
    /// are closed, or all callbacks gone, this equals `contexts_set`.
    pub contexts_released: u64,
    /// Pool allocations that succeeded.
    pub pool_allocations: u64,
    /// How many of them were of executable memory: from non-paged pool without `NonPagedPoolNx`.
    pub pool_executable: u64,
    /// Pool blocks that were freed.
    pub pool_frees: u64,
    /// Pool allocations that failed because [`Machine::fail_allocation`](super::Machine::fail_allocation)
    /// asked for it.
    pub injected_failures: u64,
    /// Operations by the class of their pre-notification.
    pub operations_by_class: Vec<ClassCount>,
    /// Notifications by class.
    pub notifications_by_class: Vec<ClassCount>,
}
