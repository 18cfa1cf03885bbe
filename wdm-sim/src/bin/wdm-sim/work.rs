//! Which work is done while the driver is loaded, and how it went.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use wdm_sim::script::{Record, Script};
use wdm_sim::{Machine, Process};

use crate::replay::{self, Replayed, Trace};
use crate::run::Options;
use crate::table::Table;
use crate::{Error, workload};

/// How many differences of a replay the table has.
const MOST_FREQUENT: usize = 10;

/// What is to be done.
pub(crate) enum Workload {
    /// To open all keys, query all values, and make, change and delete a key.
    Walk,
    /// What a script says; the file is for messages.
    Script(PathBuf, Script),
    /// What was recorded.
    Replay(Trace),
}

/// What was done.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Done {
    #[serde(rename = "workload")]
    Walk(workload::Done),
    Script(Vec<Record>),
    Replay(Replayed),
}

impl Workload {
    /// Reads what the command line names; None if it cannot be understood, which has been said.
    pub(crate) fn read(options: &Options) -> Result<Option<Self>, Error> {
        match (options.script(), options.replay()) {
            (Some(file), _) => read_script(file),
            (None, Some(file)) => Ok(match replay::read(file) {
                Ok(trace) => Some(Self::Replay(trace)),
                Err(what) => {
                    eprintln!("{what}");
                    None
                }
            }),
            (None, None) => Ok(Some(Self::Walk)),
        }
    }

    /// Does it; `program` is who walks. `tell` prints how the operations of a script went as soon as that is known.
    pub(crate) fn run(
        &self,
        machine: &Machine,
        program: &Process,
        tell: bool,
    ) -> Result<Done, Error> {
        match self {
            Self::Walk => Ok(Done::Walk(workload::run(program))),
            Self::Replay(trace) => Ok(Done::Replay(replay::run(trace, machine, tell))),
            Self::Script(_, script) => {
                let mut records = Vec::new();
                let mut told = Ok(());
                script.run(machine, |record| {
                    if tell && told.is_ok() {
                        told = writeln!(io::stdout(), "{record}");
                    }
                    records.push(record);
                });
                told?;
                Ok(Done::Script(records))
            }
        }
    }
}

impl Workload {
    /// Says what of it went otherwise than it should: a line each on the standard error.
    pub(crate) fn complain(&self, done: &Done) {
        if let (Self::Script(file, _), Done::Script(records)) = (self, done) {
            records.iter().for_each(|record| complain_of(file, record));
        }
    }
}

fn read_script(file: &Path) -> Result<Option<Workload>, Error> {
    let name = file.display();
    let bytes = std::fs::read(file)
        .map_err(|error| format!("{name} cannot be read ({error}); check the path"))?;
    let text = match str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            eprintln!("{name}:{line}: the text is not UTF-8; save the file as UTF-8");
            return Ok(None);
        }
    };
    match Script::parse(text) {
        Ok(script) => Ok(Some(Workload::Script(file.to_owned(), script))),
        Err(errors) => {
            for error in errors {
                let what: String = error.what.chars().filter(|c| !c.is_control()).collect();
                eprintln!("{name}:{}: {what}", error.line);
            }
            Ok(None)
        }
    }
}

fn complain_of(file: &Path, record: &Record) {
    let Some(expected) = record.expected.filter(|_| !record.is_expected()) else {
        return;
    };
    let (file, line) = (file.display(), record.line);
    let (operation, status) = (record.operation, record.status);
    eprintln!("{file}:{line}: {operation} answered {status}, not {expected}");
}

impl Done {
    /// Whether something went otherwise than it should.
    pub(crate) fn has_failed(&self) -> bool {
        match self {
            Self::Walk(_) | Self::Replay(_) => false,
            Self::Script(records) => !records.iter().all(Record::is_expected),
        }
    }

    /// Adds what was done to the result's table.
    pub(crate) fn add_rows(&self, table: &mut Table) {
        match self {
            Self::Walk(done) => {
                table.row("keys opened", done.keys);
                table.row("values read", done.values);
                table.row("written and deleted", done.writes);
                table.row("denied to the program", done.denied);
                table.row("failed otherwise", done.failed);
            }
            Self::Replay(done) => {
                table.row("same results", done.same);
                table.row("different results", done.different);
                for pair in done.differences.iter().take(MOST_FREQUENT) {
                    let (recorded, replayed) = (&pair.recorded, &pair.replayed);
                    let text = format!("{} recorded {recorded}, now {replayed}", pair.count);
                    table.row(format!("  {}", pair.operation), text);
                }
                for (operation, count) in &done.not_replayed {
                    table.row(format!("not replayed: {operation}"), count);
                }
                table.row("passed over", done.passed_over);
                table.row("rows of other kinds", done.other_rows);
            }
            Self::Script(records) => {
                let wrong = records.iter().filter(|record| !record.is_expected());
                table.row("lines of the script", records.len());
                table.row("unexpected results", wrong.count());
            }
        }
    }
}
