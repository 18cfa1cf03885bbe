//! What a second thread that works on another key adds.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use wdm_sim::{Machine, Process};

use crate::calls::{Callbacks, Key, Name};
use crate::rounds::{self, ROUNDS};
use crate::{Figure, Measured};

const TIMES: usize = 100_000;

pub(crate) fn measure() -> Measured {
    let machine = Machine::builder().build()?;
    let system = machine.system_process();
    let _main = system.enter();
    let _callbacks = Callbacks::register(1);
    let mut best = [Duration::MAX; 2];
    for _ in 0..ROUNDS {
        for (best, threads) in best.iter_mut().zip(1..) {
            *best = (*best).min(round(&system, threads));
        }
    }
    let [one, two] = best.map(|time| rounds::per_time(time, TIMES));
    let adds = 100.0 * (2.0 * one / two - 1.0);
    Ok(vec![
        Figure::plain("filtered ZwSetValueKey, each of 2 threads", two, "ns"),
        Figure::at_least("what the second thread adds", adds, "%", 80.0),
    ])
}

/// How long so many threads take for the same work each.
fn round(process: &Process, threads: usize) -> Duration {
    let barrier = Barrier::new(threads);
    let work = &|number: usize| {
        let _thread = process.enter();
        let key = Key::create(&format!(r"\REGISTRY\MACHINE\SYSTEM\Bench{number}"));
        let mut name = Name::new("Number");
        let mut name = name.string();
        barrier.wait();
        rounds::time(|| {
            for number in 0..TIMES as u32 {
                key.set(&mut name, number);
            }
        })
    };
    let times = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|number| scope.spawn(move || work(number)))
            .collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        joined.map(|time| time.unwrap_or(Duration::MAX)).max()
    });
    times.unwrap_or(Duration::MAX)
}
