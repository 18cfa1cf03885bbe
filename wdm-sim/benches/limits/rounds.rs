//! Timing something over and over.

use std::time::{Duration, Instant};

/// How often each thing is timed.
const ROUNDS: usize = 30;

/// The shortest of several rounds of `body`, in nanoseconds for each of its `times`.
pub(crate) fn best(times: usize, mut body: impl FnMut()) -> f64 {
    let rounds = (0..ROUNDS).map(|_| time(&mut body));
    per_time(rounds.min().unwrap_or_default(), times)
}

/// How long `body` takes once.
pub(crate) fn time(body: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    body();
    begin.elapsed()
}

/// A duration in nanoseconds for each of `times`.
pub(crate) fn per_time(duration: Duration, times: usize) -> f64 {
    duration.as_nanos() as f64 / times as f64
}
