//! The test programs, and how many tests they say they ran.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result};

use crate::process;

/// The stream on which a test program writes its results; the other one is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output: `cargo test`.
    Output,
    /// Standard error: `cargo nextest`.
    Error,
}

/// The commands that run every test of the workspace: nextest's if it is installed, as it runs
/// tests side by side, and doc tests, which nextest leaves out.
pub(crate) fn commands() -> Vec<(Command, Stream)> {
    let nextest_is_there = process::succeeds(process::cargo().args(["nextest", "--version"]));
    let mut test = process::cargo();
    test.args(["test", "--workspace", "--no-fail-fast"]);
    if !nextest_is_there {
        return vec![(test, Stream::Output)];
    }
    let mut nextest = process::cargo();
    nextest.args([
        "nextest",
        "run",
        "--workspace",
        "--no-fail-fast",
        "--no-tests=pass",
    ]);
    test.arg("--doc");
    vec![(nextest, Stream::Error), (test, Stream::Output)]
}

/// Runs a test program, shows what it writes, and adds up the counts in its closing lines.
pub(crate) fn run(
    command: &mut Command,
    stream: Stream,
    counts: &mut Counts,
) -> Result<ExitStatus> {
    let name = process::display(command);
    match stream {
        Stream::Output => command.stdout(Stdio::piped()),
        Stream::Error => command.stderr(Stdio::piped()),
    };
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start `{name}`"))?;
    if let Some(pipe) = child.stdout.take() {
        counts.add_all(pipe, &mut io::stdout())?;
    }
    if let Some(pipe) = child.stderr.take() {
        counts.add_all(pipe, &mut io::stderr())?;
    }
    child
        .wait()
        .with_context(|| format!("cannot wait for `{name}`"))
}

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Counts {
    /// Passes a program's output on and counts the tests in it.
    fn add_all(&mut self, from: impl Read, to: &mut impl Write) -> Result<()> {
        for line in BufReader::new(from).split(b'\n') {
            let line = line.context("cannot read a test program's output")?;
            to.write_all(&line)?;
            to.write_all(b"\n")?;
            to.flush()?;
            self.add_line(&String::from_utf8_lossy(&line));
        }
        Ok(())
    }

    /// Adds the numbers of a closing line of `cargo test` or `cargo nextest`; others have none.
    fn add_line(&mut self, line: &str) {
        let line = line.trim_start();
        let Some(results) = line.strip_prefix("test result: ").or_else(|| {
            line.strip_prefix("Summary [")?
                .split_once(']')
                .map(|(_, rest)| rest)
        }) else {
            return;
        };
        let words: Vec<&str> = results.split_whitespace().collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<u64>() else {
                continue;
            };
            match pair[1].trim_end_matches([',', ';']) {
                "passed" => self.passed += number,
                "failed" | "timed" => self.failed += number,
                "ignored" | "skipped" => self.skipped += number,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
        } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(lines: &str) -> Counts {
        let mut counts = Counts::default();
        let mut shown = Vec::new();
        counts
            .add_all(lines.as_bytes(), &mut shown)
            .expect("memory can be read and written");
        assert_eq!(String::from_utf8_lossy(&shown).trim_end(), lines.trim_end());
        counts
    }

    #[test]
    fn closing_lines_of_both_programs_add_up() {
        let counts = counts(
            "     Summary [   0.010s] 7 tests run: 5 passed (1 slow), 2 failed, 3 skipped\n\
             test result: ok. 11 passed; 0 failed; 1 ignored; 0 measured; 4 filtered out; \
             finished in 0.01s\n\
             test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n",
        );
        assert_eq!(counts.to_string(), "17 passed, 3 failed, 4 skipped");
    }

    #[test]
    fn other_lines_count_nothing() {
        let counts = counts("test says 3 passed ... ok\nrunning 3 tests\nSummary\n");
        assert_eq!(counts, Counts::default());
    }

    #[test]
    fn every_command_runs_the_whole_workspace() {
        for (command, _) in commands() {
            assert!(process::display(&command).contains("--workspace"));
        }
    }
}
