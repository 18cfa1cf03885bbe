//! A host process's trace in Chrome's trace-event format, which Perfetto opens: a track for each thread.

use std::io::{self, Write};

use serde::Serialize;

use super::trace::{Trace, What};
use crate::trace::chrome::{Entries, Entry, microseconds};

/// The one process that there is.
const PROCESS: usize = 1;

/// What an event tells.
#[derive(Serialize)]
struct Arguments {
    text: String,
}

impl Trace {
    /// Writes the trace in Chrome's trace-event format, which <https://ui.perfetto.dev> opens.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_chrome(&self, mut out: impl Write) -> io::Result<()> {
        out.write_all(b"{\"displayTimeUnit\":\"ns\",\"traceEvents\":[")?;
        let mut entries = Entries::new(&mut out);
        for event in &self.events {
            let ended = event.ended.filter(|_| lasts(&event.what));
            entries.write(&Entry {
                name: title(&event.what),
                cat: category(&event.what),
                ph: if ended.is_some() { "X" } else { "i" },
                ts: Some(microseconds(event.time)),
                dur: ended.map(|ended| microseconds(ended.saturating_sub(event.time))),
                pid: PROCESS,
                tid: event.thread as usize,
                s: ended.is_none().then_some("t"),
                args: Arguments {
                    text: event.what.to_string(),
                },
            })?;
        }
        out.write_all(b"\n]}\n")
    }
}

fn lasts(what: &What) -> bool {
    matches!(what, What::Callback { .. } | What::Call { .. })
}

fn title(what: &What) -> &str {
    match what {
        What::System { action, .. } => action,
        What::Callback { method, .. } | What::Call { method, .. } => method,
        What::Completed { request, .. } => &request.0,
        What::Finding(finding) => finding.rule.id(),
    }
}

fn category(what: &What) -> &'static str {
    match what {
        What::System { .. } => "system",
        What::Callback { .. } => "callback",
        What::Call { .. } => "call",
        What::Completed { .. } => "completed",
        What::Finding(_) => "finding",
    }
}
