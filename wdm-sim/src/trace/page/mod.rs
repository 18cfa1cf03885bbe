//! One page that shows a run: what it came to, the verdicts, the findings, and the timeline.
//!
//! The page is a fixed one with the data as JSON in it, which its script draws. The data reach the
//! document as text nodes only, and in the page's source each `<` of theirs is escaped, so that
//! nothing that a key, a value or a driver is called ends the element that they stand in.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;

use super::event::shown;
use super::tracks::Tracks;
use super::{Callback, Event, PostVerdict, PreVerdict, Trace, What};
use crate::cm::classes::Operation;
use crate::machine::Report;
use crate::status::Status;
use crate::verifier::Finding;

/// How many events the page has, from the beginning: more make it slow to open.
const EVENTS: usize = 20_000;

/// How many different verdicts it has.
const VERDICTS: usize = 1000;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What the page's script draws.
#[derive(Serialize)]
struct Data<'t> {
    title: String,
    summary: Vec<(&'static str, String)>,
    findings: &'t [Finding],
    verdicts: Vec<Row<'t>>,
    verdicts_left_out: usize,
    printed: &'t [String],
    tracks: Vec<Line>,
    events: Vec<Drawn>,
    /// How many events the trace has.
    events_recorded: usize,
    /// How many it had no room for.
    events_left_out: u64,
}

/// A verdict that changed something, and how often it was given.
#[derive(Serialize)]
struct Row<'t> {
    #[serde(flatten)]
    verdict: Verdict<'t>,
    times: u64,
}

#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
struct Verdict<'t> {
    callback: &'t Arc<Callback>,
    look: &'static str,
    result: String,
    operation: String,
    key: &'t str,
    detail: Option<&'t str>,
}

/// A track.
#[derive(Serialize)]
struct Line {
    program: String,
    thread: String,
    name: String,
}

/// An event as it is drawn.
#[derive(Serialize)]
struct Drawn {
    track: usize,
    /// How many events of the track it is part of.
    level: usize,
    look: &'static str,
    title: String,
    text: String,
    /// Its place in the order of all, and nanoseconds.
    began: [u64; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<[u64; 2]>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unfinished: bool,
}

impl Trace {
    /// Writes a page of HTML that shows the trace and the machine's report. It needs nothing but a
    /// browser. Of a long trace it shows the beginning, and says so.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_page(&self, report: &Report, mut out: impl Write) -> io::Result<()> {
        let data = serde_json::to_string(&self.data(report))?;
        let data = data.replace('<', r"\u003c");
        let parts = [("STYLE", STYLE), ("DATA", &data), ("SCRIPT", SCRIPT)];
        let mut rest = PAGE;
        for (name, part) in parts {
            // The page has each of them once, in this order.
            if let Some((before, after)) = rest.split_once(&format!("/*{name}*/")) {
                out.write_all(before.as_bytes())?;
                out.write_all(part.as_bytes())?;
                rest = after;
            }
        }
        out.write_all(rest.as_bytes())
    }

    fn data<'t>(&'t self, report: &'t Report) -> Data<'t> {
        let layout = self.tracks();
        let mut verdicts = self.verdicts(&layout);
        let verdicts_left_out = verdicts.len().saturating_sub(VERDICTS);
        verdicts.truncate(VERDICTS);
        let placed = self.events.iter().zip(&layout.places).take(EVENTS);
        let events = placed.map(|(event, place)| self.drawn(event, *place));
        let tracks = layout.tracks.iter().map(|track| Line {
            program: track.first.process.to_string(),
            thread: track.thread(),
            name: track.name(),
        });
        Data {
            title: self.title(),
            summary: summary(report),
            findings: &report.findings,
            verdicts,
            verdicts_left_out,
            printed: &report.debug_print,
            tracks: tracks.collect(),
            events: events.collect(),
            events_recorded: self.events.len(),
            events_left_out: self.left_out,
        }
    }

    /// The drivers that were loaded.
    fn title(&self) -> String {
        let mut drivers: Vec<&str> = Vec::new();
        for event in &self.events {
            if let What::Load { driver, .. } = &event.what
                && !drivers.contains(&driver.as_str())
            {
                drivers.push(driver);
            }
        }
        match drivers.is_empty() {
            true => "no driver".to_owned(),
            false => drivers.join(", "),
        }
    }

    /// The verdicts that changed something, in the order in which each came first.
    fn verdicts(&self, layout: &Tracks<'_>) -> Vec<Row<'_>> {
        let mut rows: Vec<Row<'_>> = Vec::new();
        let mut found: HashMap<Verdict<'_>, usize> = HashMap::new();
        for (event, parent) in self.events.iter().zip(&layout.parents) {
            let look = look(&event.what);
            let (Some(callback), Some(result)) = (event.what.callback(), event.what.result())
            else {
                continue;
            };
            if !matches!(look, "block" | "bypass" | "override") {
                continue;
            }
            let within = parent.and_then(|parent| self.events.get(parent));
            let (operation, key, detail) = match within.map(|event| &event.what) {
                Some(What::Operation {
                    operation,
                    key,
                    detail,
                    ..
                }) => (name(*operation), shown(key), detail.as_deref()),
                _ => (event.what.title(), "", None),
            };
            let verdict = Verdict {
                callback,
                look,
                result,
                operation,
                key,
                detail,
            };
            let row = *found.entry(verdict).or_insert_with_key(|verdict| {
                let verdict = verdict.clone();
                rows.push(Row { verdict, times: 0 });
                rows.len() - 1
            });
            rows[row].times += 1;
        }
        rows
    }

    fn drawn(&self, event: &Event, (track, level): (usize, usize)) -> Drawn {
        let ended = self.end(event).map(|end| [end.number, end.time]);
        Drawn {
            track,
            level,
            look: look(&event.what),
            title: event.what.title(),
            text: event.what.to_string(),
            began: [event.began.number, event.began.time],
            unfinished: ended.is_some() && event.ended.is_none(),
            ended,
        }
    }
}

fn name(operation: Operation) -> String {
    format!("{operation:?}")
}

/// What the page's style sheet calls it.
fn look(what: &What) -> &'static str {
    match what {
        What::Load { status, .. } | What::Operation { status, .. }
            if status.is_some_and(Status::is_error) =>
        {
            "failed"
        }
        What::Operation { .. } => "operation",
        What::Load { .. }
        | What::Unload { .. }
        | What::Register { .. }
        | What::Unregister { .. } => "driver",
        What::Pre { verdict, .. } => match verdict {
            Some(PreVerdict::Block(_)) => "block",
            Some(PreVerdict::Bypass(_)) => "bypass",
            Some(PreVerdict::Pass) | None => "pass",
        },
        What::Post { verdict, .. } => match verdict {
            Some(PostVerdict::Override { .. }) => "override",
            Some(PostVerdict::Keep) | None => "keep",
        },
        What::Cleanup { .. } | What::Context { .. } => "context",
        What::Finding { .. } => "finding",
        What::Print { .. } => "print",
    }
}

fn summary(report: &Report) -> Vec<(&'static str, String)> {
    let counters = &report.counters;
    let mut rows = vec![("windows", report.profile.to_string())];
    let numbers = [
        ("findings", report.findings.len() as u64),
        ("operations", counters.operations),
        ("notifications", counters.notifications),
        ("blocked", counters.blocked),
        ("bypassed", counters.bypassed),
        ("results changed", counters.overridden),
        ("contexts set", counters.contexts_set),
        ("contexts released", counters.contexts_released),
        ("pool blocks allocated", counters.pool_allocations),
        ("pool blocks freed", counters.pool_frees),
    ];
    rows.extend(numbers.map(|(name, number)| (name, number.to_string())));
    rows
}
