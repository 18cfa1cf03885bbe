//! What programs do while the driver is loaded.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use wdm_sim::{KeyAccess, Process, ThreadGuard, UserKey};

use super::change::{Changes, Names, Plan};
use super::policy::{Policy, Standing};
use super::progress::Phase;
use super::protect::Subtree;
use super::survey::Survey;
use super::tally::Tally;
use super::walk::Walk;

/// How many threads work at once.
const THREADS: usize = 2;

/// How many keys the timed readings open at least: those of a small hive are read repeatedly.
const TIMED_KEYS: usize = 5_000;

/// How many keys of each standing are opened before the driver is loaded.
const OPENED_EARLY: usize = 8;

/// What is done, and with what.
pub(crate) struct Work<'a> {
    process: &'a Process,
    thread: &'a ThreadGuard,
    survey: &'a Survey,
    policy: Policy,
    names: Names,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) tally: Tally,
    /// The time that a call took when one thread read everything.
    pub(crate) one_thread: Pace,
    /// The same for several threads at once: the time that passed, divided by the calls of all.
    pub(crate) threads: Pace,
}

/// Time and calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    pub(crate) time: Duration,
    pub(crate) calls: u64,
}

impl Pace {
    /// Rounded to the nearest; 0 if there was no call.
    pub(crate) fn nanoseconds_per_call(self) -> u64 {
        let calls = u128::from(self.calls.max(1));
        let rounded = (self.time.as_nanos() + calls / 2) / calls;
        u64::try_from(rounded).unwrap_or(u64::MAX)
    }
}

impl<'a> Work<'a> {
    pub(crate) fn new(
        process: &'a Process,
        thread: &'a ThreadGuard,
        survey: &'a Survey,
        protected: &[Subtree],
    ) -> Self {
        let roots = protected.iter().map(|subtree| subtree.path.clone());
        Self {
            process,
            thread,
            survey,
            policy: Policy::new(roots.collect()),
            names: Names {
                first: survey.unused_name("xtask demo"),
                second: survey.unused_name("xtask demo, renamed"),
            },
        }
    }

    /// Opens a few keys of each standing, with all rights: a driver that comes later has to guard
    /// them too, and they stay open until after it is gone.
    ///
    /// # Errors
    /// A key that cannot be opened although no driver is loaded.
    pub(crate) fn open_before_load(&self) -> Result<Vec<(usize, UserKey<'a>)>> {
        let mut open = Vec::new();
        for standing in [Standing::Protected, Standing::Ancestor, Standing::Free] {
            let nodes = self.survey.nodes.iter().enumerate();
            let chosen = nodes.filter(|(_, node)| self.policy.standing(&node.path) == standing);
            for (index, node) in chosen.take(OPENED_EARLY) {
                let key = self
                    .thread
                    .open_key_with(&node.path, KeyAccess::ALL, node.options());
                open.push((
                    index,
                    key.with_context(|| format!("cannot open {}", node.path))?,
                ));
            }
        }
        Ok(open)
    }

    /// Reads everything, with one thread and with two, and tries to change everything.
    pub(crate) fn run(&self, open: &[(usize, UserKey<'_>)]) -> Done {
        let survey = self.survey;
        let nodes = survey.nodes.len();
        let mut tally = Tally::default();
        let one_thread = self.read_timed("reading every key and value, one thread", |phase| {
            Walk::new(self.thread, survey, phase).read(0..nodes)
        });
        let what = format!("reading every key and value, {THREADS} threads");
        let process = self.process;
        let threads = self.read_timed(&what, |phase| {
            in_parallel(process, |number, thread| {
                let part = nodes * number / THREADS..nodes * (number + 1) / THREADS;
                Walk::new(thread, survey, phase).read(part)
            })
        });
        let [one_thread, threads] = [one_thread, threads].map(|(read, pace)| {
            tally.merge(read);
            pace
        });
        tally.merge(Changes::new(self.thread, self.plan()).try_open_keys(open));
        tally.merge(self.change_in_parallel());
        Done {
            tally,
            one_thread,
            threads,
        }
    }

    fn plan(&self) -> Plan<'_> {
        Plan {
            survey: self.survey,
            policy: &self.policy,
            names: &self.names,
        }
    }

    /// Reads everything, as often as it takes for a time worth measuring.
    fn read_timed(&self, what: &str, read: impl Fn(&Phase) -> Tally) -> (Tally, Pace) {
        let nodes = self.survey.nodes.len();
        let rounds = TIMED_KEYS.div_ceil(nodes.max(1));
        let phase = Phase::begin(what, nodes * rounds);
        let mut tally = Tally::default();
        let start = Instant::now();
        for _ in 0..rounds {
            tally.merge(read(&phase));
        }
        let time = start.elapsed();
        let calls = tally.calls;
        (tally, Pace { time, calls })
    }

    /// The threads take turns with the keys, so that they work next to each other all the time.
    fn change_in_parallel(&self) -> Tally {
        let plan = self.plan();
        let nodes = plan.survey.nodes.len();
        let what = format!("trying every change with every key, {THREADS} threads");
        let phase = Phase::begin(&what, nodes);
        in_parallel(self.process, |number, thread| {
            let part = (number..nodes).step_by(THREADS);
            Changes::new(thread, plan).try_keys(&phase, part)
        })
    }
}

/// Runs `body` on several new threads of the process at the same time.
fn in_parallel(process: &Process, body: impl Fn(usize, &ThreadGuard) -> Tally + Sync) -> Tally {
    let body = &body;
    thread::scope(|scope| {
        let run = |number| scope.spawn(move || body(number, &process.enter()));
        let threads: Vec<_> = (0..THREADS).map(run).collect();
        let mut tally = Tally::default();
        for thread in threads {
            match thread.join() {
                Ok(part) => tally.merge(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        tally
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_rounded_and_never_divides_by_zero() {
        let pace = |nanoseconds, calls| Pace {
            time: Duration::from_nanos(nanoseconds),
            calls,
        };
        assert_eq!(pace(1000, 3).nanoseconds_per_call(), 333);
        assert_eq!(pace(1100, 3).nanoseconds_per_call(), 367);
        assert_eq!(pace(0, 0).nanoseconds_per_call(), 0);
    }
}
