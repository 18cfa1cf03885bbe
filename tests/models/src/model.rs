//! Runs a model: each execution of it has a kernel and memory of its own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::faults::Fault;
use crate::kernel::Kernel;
use crate::{pool, witness};

std::thread_local! {
    /// How many executions each thing was seen in, over all of a model.
    static SEEN: RefCell<BTreeMap<&'static str, u64>> = const { RefCell::new(BTreeMap::new()) };
}

/// Takes note that something happened.
pub(crate) fn saw(what: &'static str) {
    SEEN.with_borrow_mut(|seen| *seen.entry(what).or_default() += 1);
}

/// What a model checked.
pub(crate) struct Checked {
    seen: BTreeMap<&'static str, u64>,
}

impl Checked {
    /// Asserts that things happened: a model in which they never do shows nothing about them.
    pub(crate) fn assert_seen(&self, things: &[&'static str]) {
        for what in things {
            assert!(self.seen.contains_key(what), "the model never saw: {what}");
        }
    }
}

/// Runs a model in every order of its threads, or, where those are too many, in those with at most
/// so many switches away from a thread that could go on.
pub(crate) fn check(
    name: &str,
    preemptions: Option<usize>,
    model: impl Fn(&Arc<Kernel>) + Send + Sync + 'static,
) -> Checked {
    let fault = Fault::from_environment();
    let executions = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&executions);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        let kernel = Kernel::boot(fault);
        model(&kernel);
        drop(kernel);
        Kernel::halt();
        witness::settle();
        pool::settle();
    });
    let seen = SEEN.take();
    let executions = executions.load(Ordering::Relaxed);
    println!("{name}: {executions} executions, {seen:?}");
    Checked { seen }
}
