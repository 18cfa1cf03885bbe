//! What a person sees while the demonstration works, on standard error.

use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::process::say;

/// How many of the driver's lines are shown at once.
const SHOWN: u64 = 6;

/// A part of the work, with a bar if somebody watches.
#[derive(Debug)]
pub(crate) struct Phase {
    bar: ProgressBar,
}

impl Phase {
    /// Begins a part with so many steps. Without a terminal it is one line.
    pub(crate) fn begin(what: &str, steps: usize) -> Self {
        if !io::stderr().is_terminal() {
            say(what);
            return Self {
                bar: ProgressBar::hidden(),
            };
        }
        let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::stderr());
        // The template is a constant; the default style is as good a way out as any.
        if let Ok(style) = ProgressStyle::with_template("{msg:<48} {wide_bar} {pos}/{len}") {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar }
    }

    /// Goes on by so many steps.
    pub(crate) fn advance(&self, steps: usize) {
        self.bar.inc(steps as u64);
    }
}

impl Drop for Phase {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The lines that the driver prints: the first are shown, the others counted, the last one kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct DebugLines(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    count: u64,
    last: String,
}

impl DebugLines {
    /// Takes a line.
    pub(crate) fn add(&self, line: &str) {
        let mut lines = self.lock();
        lines.count += 1;
        if lines.count <= SHOWN {
            eprintln!("dbgprint: {line}");
        }
        lines.last.clear();
        lines.last.push_str(line);
    }

    /// Shows how many lines were left out, and the last one.
    pub(crate) fn finish(&self) {
        let lines = self.lock();
        if lines.count > SHOWN + 1 {
            eprintln!("dbgprint: ({} lines are left out)", lines.count - SHOWN - 1);
        }
        if lines.count > SHOWN {
            eprintln!("dbgprint: {}", lines.last);
        }
    }

    /// How many lines there were.
    pub(crate) fn count(&self) -> u64 {
        self.lock().count
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
