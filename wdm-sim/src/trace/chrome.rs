//! Chrome's trace-event format, which Perfetto opens.
//!
//! Format: <https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU>
//! ("Trace Event Format"). Events that last are complete events (`X`), the others instants (`i`) of
//! their thread; times are in microseconds. A track is a thread of the format: its process is the
//! simulated one, and its number is made of the simulated thread's.

use std::io::{self, Write};

use serde::Serialize;

use super::tracks::{Track, Tracks};
use super::{Event, Trace, What};

/// How many tracks a thread's number leaves room for.
const TRACKS_OF_THREAD: usize = 1000;

/// One entry of `traceEvents`.
#[derive(Serialize)]
pub(crate) struct Entry<'e, A> {
    pub(crate) name: &'e str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) cat: &'static str,
    pub(crate) ph: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ts: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dur: Option<f64>,
    pub(crate) pid: usize,
    pub(crate) tid: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) s: Option<&'static str>,
    pub(crate) args: A,
}

/// What names a process or a track.
#[derive(Serialize)]
struct Name<'n> {
    name: &'n str,
}

/// Where a track stands.
#[derive(Serialize)]
struct SortIndex {
    sort_index: usize,
}

/// What an event tells.
#[derive(Serialize)]
struct Arguments<'e> {
    /// The event's number, which says what came first.
    number: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    key: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    driver: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    altitude: Option<&'e str>,
    /// The status, or the callback's verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unfinished: bool,
}

impl Trace {
    /// Writes the trace in Chrome's trace-event format, which <https://ui.perfetto.dev> opens: a
    /// track for each thread's operations, and one for each thread and altitude.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_chrome(&self, mut out: impl Write) -> io::Result<()> {
        let layout = self.tracks();
        let numbers = track_numbers(&layout);
        out.write_all(b"{\"displayTimeUnit\":\"ns\",\"otherData\":{\"left_out\":")?;
        write!(out, "{}", self.left_out)?;
        out.write_all(b"},\"traceEvents\":[")?;
        let mut entries = Entries::new(&mut out);
        for (place, track) in layout.tracks.iter().enumerate() {
            describe(&mut entries, place, track, numbers[place])?;
        }
        for (event, (place, _)) in self.events.iter().zip(&layout.places) {
            entries.write(&self.entry(event, numbers[*place], &title(event)))?;
        }
        out.write_all(b"\n]}\n")
    }

    fn entry<'e>(&self, event: &'e Event, tid: usize, title: &'e str) -> Entry<'e, Arguments<'e>> {
        let end = self.end(event);
        Entry {
            name: title,
            cat: category(&event.what),
            ph: if end.is_some() { "X" } else { "i" },
            ts: Some(microseconds(event.began.time)),
            dur: end.map(|end| microseconds(end.time.saturating_sub(event.began.time))),
            pid: event.process_id,
            tid,
            s: end.is_none().then_some("t"),
            args: arguments(event),
        }
    }
}

/// Writes entries with commas between them.
pub(crate) struct Entries<'o, W> {
    out: &'o mut W,
    separator: &'static str,
}

impl<'o, W: Write> Entries<'o, W> {
    pub(crate) fn new(out: &'o mut W) -> Self {
        Entries {
            out,
            separator: "\n",
        }
    }

    pub(crate) fn write<A: Serialize>(&mut self, entry: &Entry<'_, A>) -> io::Result<()> {
        self.out.write_all(self.separator.as_bytes())?;
        self.separator = ",\n";
        Ok(serde_json::to_writer(&mut *self.out, entry)?)
    }
}

/// The number of each track: the thread's, and which of its tracks it is.
fn track_numbers(layout: &Tracks<'_>) -> Vec<usize> {
    let mut numbers: Vec<usize> = Vec::new();
    let mut before = None;
    for track in &layout.tracks {
        let thread = track.first.thread_id;
        let number = match (before, numbers.last()) {
            (Some(same), Some(last)) if same == thread => last + 1,
            _ => thread * TRACKS_OF_THREAD,
        };
        before = Some(thread);
        numbers.push(number);
    }
    numbers
}

fn describe<W: Write>(
    entries: &mut Entries<'_, W>,
    place: usize,
    track: &Track<'_>,
    tid: usize,
) -> io::Result<()> {
    let process = match &*track.first.process {
        "" => "no process",
        name => name,
    };
    let name = format!("{}: {}", track.thread(), track.name());
    let pid = track.first.process_id;
    entries.write(&metadata("process_name", pid, tid, Name { name: process }))?;
    entries.write(&metadata("thread_name", pid, tid, Name { name: &name }))?;
    let index = SortIndex { sort_index: place };
    entries.write(&metadata("thread_sort_index", pid, tid, index))
}

fn metadata<A>(name: &'static str, pid: usize, tid: usize, args: A) -> Entry<'static, A> {
    Entry {
        name,
        cat: "",
        ph: "M",
        ts: None,
        dur: None,
        pid,
        tid,
        s: None,
        args,
    }
}

/// What stands on the event: a verdict that changes something is told there.
fn title(event: &Event) -> String {
    use super::{PostVerdict, PreVerdict};
    let title = event.what.title();
    match &event.what {
        What::Pre {
            verdict: Some(PreVerdict::Block(_)),
            ..
        } => format!("{title}: block"),
        What::Pre {
            verdict: Some(PreVerdict::Bypass(_)),
            ..
        } => format!("{title}: bypass"),
        What::Post {
            verdict: Some(PostVerdict::Override { .. }),
            ..
        } => format!("{title}: override"),
        _ => title,
    }
}

fn category(what: &What) -> &'static str {
    match what {
        What::Load { .. } | What::Unload { .. } => "driver",
        What::Register { .. } | What::Unregister { .. } => "registration",
        What::Operation { .. } => "operation",
        What::Pre { .. } => "pre",
        What::Post { .. } => "post",
        What::Cleanup { .. } | What::Context { .. } => "context",
        What::Finding { .. } => "finding",
        What::Print { .. } => "print",
    }
}

fn arguments(event: &Event) -> Arguments<'_> {
    let callback = event.what.callback();
    let (key, detail) = match &event.what {
        What::Operation { key, detail, .. } => (key.as_str(), detail.as_deref()),
        What::Cleanup { key, .. } | What::Context { key, .. } => (key.as_str(), None),
        _ => ("", None),
    };
    let text = match &event.what {
        What::Finding { finding } => Some(finding.to_string()),
        What::Print { line } => Some(line.clone()),
        _ => None,
    };
    let driver = match &event.what {
        What::Load { driver, .. } | What::Unload { driver } => Some(driver.as_str()),
        What::Finding { finding } => Some(finding.driver.as_str()),
        _ => callback.map(|callback| callback.driver.as_str()),
    };
    Arguments {
        number: event.began.number,
        key,
        detail,
        driver: driver.filter(|driver| !driver.is_empty()),
        altitude: callback.map(|callback| callback.altitude.as_str()),
        result: event.what.result(),
        text,
        unfinished: event.ended.is_none() && !event.what.is_instant(),
    }
}

/// Exact up to nanoseconds for some 104 days.
pub(crate) fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1000.0
}
