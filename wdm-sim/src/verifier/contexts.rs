//! Which contexts are attached to which key objects, and whether their memory lives long enough
//! (C3, C4).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Rule;
use crate::machine::{Counter, DriverId, Kernel};

const SHARDS: usize = 64;

/// A context that was set and whose cleanup notification has not come.
struct Attached {
    /// The driver whose callback it belongs to.
    driver: DriverId,
    /// The serial number of the pool block that it is, if it is one.
    block: Option<u64>,
    /// Its address.
    context: usize,
}

type Shard = HashMap<(usize, i64), Vec<Attached>>;

/// The contexts of a machine, by (object, cookie). A pair has more than one if some were replaced.
pub(super) struct Contexts {
    shards: Box<[Mutex<Shard>]>,
}

impl Default for Contexts {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
        }
    }
}

impl Contexts {
    fn shard(&self, object: usize) -> MutexGuard<'_, Shard> {
        let shard = &self.shards[(object >> 4) % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kernel {
    /// Notes a successful `CmSetCallbackObjectContext` with a context that is not NULL.
    pub(crate) fn context_set(&self, driver: DriverId, object: usize, cookie: i64, context: usize) {
        self.counters.count(Counter::ContextsSet);
        let attached = Attached {
            driver,
            block: self.pool.attach(context),
            context,
        };
        self.verifier
            .contexts
            .shard(object)
            .entry((object, cookie))
            .or_default()
            .push(attached);
    }

    /// Notes that the cleanup notification of (object, cookie) is about to be delivered: from now on
    /// the driver may release the newest context and all that it replaced (C4).
    pub(crate) fn contexts_cleaned(&self, object: usize, cookie: i64) {
        let attached = self
            .verifier
            .contexts
            .shard(object)
            .remove(&(object, cookie));
        for attached in attached.into_iter().flatten() {
            match attached.block {
                // Counted when the block is freed.
                Some(block) => self.pool.detach(attached.context, block),
                None => self.counters.count(Counter::ContextsReleased),
            }
        }
    }

    /// Reports the contexts of a driver that is gone whose cleanup notification never came (C3).
    pub(super) fn report_lost_contexts(&self, driver: DriverId, call: &'static str) {
        let mut lost = 0;
        for shard in &self.verifier.contexts.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.retain(|_, attached| {
                let before = attached.len();
                attached.retain(|attached| attached.driver != driver);
                lost += before - attached.len();
                !attached.is_empty()
            });
        }
        if lost > 0 {
            self.finding(
                driver,
                Rule::C3,
                call,
                format!(
                    "{lost} key contexts never got their cleanup notification; unregister the \
                     callback, and let it return, before the driver unloads"
                ),
            );
        }
    }
}
