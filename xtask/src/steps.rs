//! A list of steps that are all taken, and the table of how each went.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::process::{one_line, say};

/// How a step that did not fail ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// It did its work.
    Ok,
    /// It could not be taken here; the reason is part of the table.
    Skipped(String),
}

#[derive(Debug)]
enum Outcome {
    Done(Done),
    Failed(String),
}

/// The steps taken so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    taken: Vec<(&'static str, Outcome, Duration)>,
}

impl Steps {
    /// Takes a step. A failed one is noted, and the next ones are taken all the same.
    pub(crate) fn take(&mut self, name: &'static str, step: impl FnOnce() -> Result<Done>) {
        say(format!("== {name}"));
        let start = Instant::now();
        let outcome = match step() {
            Ok(done) => Outcome::Done(done),
            Err(error) => Outcome::Failed(one_line(&format!("{error:#}"))),
        };
        self.taken.push((name, outcome, start.elapsed()));
    }

    /// An error that names the failed steps, if there are any.
    pub(crate) fn verdict(&self) -> Result<()> {
        let failed: Vec<&str> = self
            .taken
            .iter()
            .filter(|(_, outcome, _)| matches!(outcome, Outcome::Failed(_)))
            .map(|(name, ..)| *name)
            .collect();
        if !failed.is_empty() {
            bail!("failed: {}", failed.join(", "));
        }
        Ok(())
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.taken.iter().map(|(name, ..)| name.len()).max();
        let width = width.unwrap_or_default();
        for (name, outcome, duration) in &self.taken {
            let (word, reason) = match outcome {
                Outcome::Done(Done::Ok) => ("ok", ""),
                Outcome::Done(Done::Skipped(reason)) => ("skipped", reason.as_str()),
                Outcome::Failed(reason) => ("FAILED", reason.as_str()),
            };
            let seconds = duration.as_secs_f64();
            let line = format!("{word:<7}  {name:<width$}  {seconds:>7.1} s  {reason}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_failed_step_does_not_stop_the_next_one() {
        let mut steps = Steps::default();
        steps.take("format", || Err(anyhow!("two\nlines")));
        steps.take("bindings", || Ok(Done::Skipped("no libclang".to_owned())));
        steps.take("docs", || Ok(Done::Ok));
        let table = steps.to_string();
        let lines: Vec<_> = table.lines().collect();
        assert!(lines[0].starts_with("FAILED   format  ") && lines[0].ends_with("two; lines"));
        assert!(lines[1].starts_with("skipped  bindings") && lines[1].ends_with("no libclang"));
        assert!(lines[2].starts_with("ok       docs    ") && lines[2].ends_with(" s"));
        let verdict = steps.verdict().expect_err("one failed");
        assert_eq!(verdict.to_string(), "failed: format");
    }

    #[test]
    fn nothing_failed_is_a_good_verdict() {
        let mut steps = Steps::default();
        steps.take("docs", || Ok(Done::Ok));
        steps.verdict().expect("it was ok");
    }
}
