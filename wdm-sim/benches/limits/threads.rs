//! What a second thread that works on another key adds.
//!
//! By the clock this needs a machine with two idle processors. The processor time that each thread
//! spends tells of what threads cost each other, such as caches that they take from one another, on a
//! busy machine, too.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use wdm_sim::{Machine, Process};

use crate::calls::{Callbacks, Key, Name};
use crate::rounds;
use crate::{Figure, Measured};

const TIMES: usize = 20_000;

/// More than elsewhere: both processors have to be idle at once.
const ROUNDS: usize = 400;

/// How long the slowest thread of a round took.
#[derive(Clone, Copy)]
struct Spent {
    clock: Duration,
    /// `None` where the host does not tell.
    processor: Option<Duration>,
}

impl Spent {
    fn most(self, other: Self) -> Self {
        Self {
            clock: self.clock.max(other.clock),
            processor: self.processor.max(other.processor),
        }
    }

    fn least(self, other: Self) -> Self {
        let both = self.processor.zip(other.processor);
        Self {
            clock: self.clock.min(other.clock),
            processor: both.map(|(own, other)| own.min(other)),
        }
    }
}

pub(crate) fn measure() -> Measured {
    let machine = Machine::builder().build()?;
    let system = machine.system_process();
    let _main = system.enter();
    let _callbacks = Callbacks::register(1);
    let mut best = [1, 2].map(|threads| round(&system, threads));
    for _ in 1..ROUNDS {
        for (best, threads) in best.iter_mut().zip(1..) {
            *best = best.least(round(&system, threads));
        }
    }
    let [one, two] = best;
    let adds = |one: Duration, two: Duration| 100.0 * (2.0 * one.div_duration_f64(two) - 1.0);
    let each = rounds::per_time(two.clock, TIMES);
    let by_clock = adds(one.clock, two.clock);
    let mut figures = vec![
        Figure::plain("filtered ZwSetValueKey, each of 2 threads", each, "ns"),
        Figure::at_least("what the second thread adds", by_clock, "%", 80.0),
    ];
    if let Some((one, two)) = one.processor.zip(two.processor) {
        let what = "what it adds, by processor time";
        figures.push(Figure::at_least(what, adds(one, two), "%", 80.0));
    }
    Ok(figures)
}

/// How long so many threads take for the same work each.
fn round(process: &Process, threads: usize) -> Spent {
    let barrier = Barrier::new(threads);
    let work = &|number: usize| {
        let _thread = process.enter();
        let key = Key::create(&format!(r"\REGISTRY\MACHINE\SYSTEM\Bench{number}"));
        let mut name = Name::new("Number");
        let mut name = name.string();
        barrier.wait();
        let before = processor_time();
        let clock = rounds::time(|| {
            for number in 0..TIMES as u32 {
                key.set(&mut name, number);
            }
        });
        let processor = processor_time().zip(before);
        Spent {
            clock,
            processor: processor.map(|(after, before)| after - before),
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|number| scope.spawn(move || work(number)))
            .collect();
        let joined = workers.into_iter().map(|worker| match worker.join() {
            Ok(spent) => spent,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.reduce(Spent::most).expect("there is a thread")
    })
}

/// The processor time that this thread has spent so far.
#[cfg(target_os = "linux")]
fn processor_time() -> Option<Duration> {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the place is live.
    let done = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    (done == 0).then(|| Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

#[cfg(not(target_os = "linux"))]
fn processor_time() -> Option<Duration> {
    None
}
