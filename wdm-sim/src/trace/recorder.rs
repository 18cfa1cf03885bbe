//! Recording: what the kernel calls where something happens.
//!
//! Each host thread writes to one of a few shards. An event that lasts is written when it begins and
//! completed when it ends, so that one which never ends is there as well. When the memory that the
//! trace may take is used up, what begins then is left out, and so is all that is part of it; what
//! has begun is still completed.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::{Event, Moment, Trace, What};
use crate::machine::{Kernel, Thread, thread_number, try_current};

const SHARDS: usize = 16;

/// What a trace may take unless the machine's builder says otherwise.
pub(crate) const DEFAULT_LIMIT: usize = 64 << 20;

/// What findings and the like may take beyond that.
const RESERVE: usize = 1 << 20;

/// A machine's recorder.
pub(crate) struct Recorder {
    started: Instant,
    next: AtomicU64,
    limit: usize,
    used: AtomicUsize,
    left_out: AtomicU64,
    shards: [Mutex<Vec<Event>>; SHARDS],
}

/// An event that has begun: where it was written.
#[derive(Debug)]
#[must_use = "the event ends with Thread::trace_end"]
pub(crate) struct Span {
    shard: usize,
    index: usize,
}

impl Recorder {
    /// One that takes about `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            started: Instant::now(),
            next: AtomicU64::new(0),
            limit,
            used: AtomicUsize::new(0),
            left_out: AtomicU64::new(0),
            shards: Default::default(),
        }
    }

    /// What was recorded so far.
    pub(super) fn take(&self) -> Trace {
        let shards = self.shards.iter();
        let mut events: Vec<Event> = shards.flat_map(|shard| lock(shard).clone()).collect();
        events.sort_unstable_by_key(|event| event.began);
        Trace {
            events,
            left_out: self.left_out.load(Ordering::Relaxed),
            taken: self.now(),
        }
    }

    fn now(&self) -> Moment {
        Moment {
            number: self.next.fetch_add(1, Ordering::Relaxed),
            time: u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX),
        }
    }

    fn write(&self, thread: Option<&Thread>, what: What) -> Option<Span> {
        let size = size_of::<Event>() + what.text_size();
        let limit = match what.is_rare() {
            true => self.limit.saturating_add(RESERVE),
            false => self.limit,
        };
        // What is left out stays left out: the sum never shrinks.
        if self.used.load(Ordering::Relaxed) >= limit {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        self.used.fetch_add(size, Ordering::Relaxed);
        let shard = thread_number() % SHARDS;
        let process = thread.map(Thread::process);
        let mut events = lock(&self.shards[shard]);
        events.push(Event {
            began: self.now(),
            ended: None,
            process: process.map_or_else(|| Arc::from(""), |process| Arc::clone(process.name())),
            process_id: process.map_or(0, |process| process.id()),
            thread_id: thread.map_or(0, Thread::id),
            depth: thread.map_or(0, |thread| thread.trace_depth.get()),
            what,
        });
        let index = events.len() - 1;
        Some(Span { shard, index })
    }
}

fn lock(shard: &Mutex<Vec<Event>>) -> MutexGuard<'_, Vec<Event>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Thread {
    /// Begins an event that lasts, if this machine has a trace with room for it.
    #[inline]
    pub(crate) fn trace_begin(&self, what: impl FnOnce() -> What) -> Option<Span> {
        match &self.kernel().trace {
            None => None,
            Some(recorder) => self.begin(recorder, what),
        }
    }

    #[cold]
    fn begin(&self, recorder: &Recorder, what: impl FnOnce() -> What) -> Option<Span> {
        let span = recorder.write(Some(self), what())?;
        self.trace_depth.set(self.trace_depth.get() + 1);
        Some(span)
    }

    /// Ends what [`trace_begin`](Self::trace_begin) began. `complete` adds what is known of it now.
    #[inline]
    pub(crate) fn trace_end(&self, span: Option<Span>, complete: impl FnOnce(&mut What)) {
        if let (Some(span), Some(recorder)) = (span, &self.kernel().trace) {
            self.end(recorder, span, complete);
        }
    }

    #[cold]
    fn end(&self, recorder: &Recorder, span: Span, complete: impl FnOnce(&mut What)) {
        self.trace_depth.set(self.trace_depth.get() - 1);
        let mut events = lock(&recorder.shards[span.shard]);
        let event = &mut events[span.index];
        event.ended = Some(recorder.now());
        complete(&mut event.what);
    }

    /// Records an event that takes no time.
    #[inline]
    pub(crate) fn trace(&self, what: impl FnOnce() -> What) {
        if let Some(recorder) = &self.kernel().trace {
            // It does not end.
            let _ = recorder.write(Some(self), what());
        }
    }
}

impl Kernel {
    /// As [`Thread::trace`], where there need be no thread.
    pub(crate) fn trace_event(&self, what: impl FnOnce() -> What) {
        if let Some(recorder) = &self.trace {
            let current = try_current();
            let its = |thread: &&Thread| std::ptr::eq(&raw const **thread.kernel(), self);
            let thread = current.as_deref().filter(its);
            let _ = recorder.write(thread, what());
        }
    }
}
