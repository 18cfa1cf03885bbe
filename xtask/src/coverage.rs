//! `cargo xtask coverage-table`: what there is for each class of notifications, and whether it works.
//!
//! The rows come from `cm_callback::operation::TABLE`, which is made of the same table as the trait
//! and the dispatch; the tests are those of `tests/tests/classes`, one for each class, which this
//! runs against the simulated kernel.

use std::collections::HashMap;
use std::io::Write;

use anyhow::{Result, bail};
use clap::Args;
use cm_callback::operation::{Row, TABLE};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::test_results;
use crate::workspace::Workspace;

/// The command line of `cargo xtask coverage-table`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Print the table as JSON
    #[arg(long)]
    json: bool,
}

/// The test program whose tests are named after the classes.
const PACKAGE: &str = "wdm-tests";
const PROGRAM: &str = "classes";

/// One line of the table.
#[derive(Debug, Serialize)]
struct Line {
    class: u32,
    name: &'static str,
    phase: &'static str,
    structure: &'static str,
    method: &'static str,
    view: &'static str,
    outcomes: Vec<&'static str>,
    test: String,
    passed: Option<bool>,
}

impl Line {
    fn new(row: &Row, results: &HashMap<String, bool>) -> Self {
        let phase = match row.name {
            name if name.starts_with("RegNtPre") => "pre",
            name if name.starts_with("RegNtPost") => "post",
            _ => "end",
        };
        let outcomes = match row.outcomes {
            [] => vec!["watched only"],
            outcomes => outcomes.to_vec(),
        };
        Self {
            class: row.class.0,
            name: row.name,
            phase,
            structure: row.structure,
            method: row.method,
            view: row.view,
            outcomes,
            test: format!("{PROGRAM}::{}", row.name),
            passed: results.get(row.name).copied(),
        }
    }

    fn verdict(&self) -> &'static str {
        match self.passed {
            Some(true) => "ok",
            Some(false) => "FAILED",
            None => "",
        }
    }

    fn cells(&self) -> [String; 8] {
        [
            self.class.to_string(),
            self.name.to_owned(),
            self.phase.to_owned(),
            self.structure.to_owned(),
            self.method.to_owned(),
            self.view.to_owned(),
            self.outcomes.join(", "),
            format!("{} {}", self.test, self.verdict()),
        ]
    }

    /// Whether nothing is missing and the test has passed.
    fn is_covered(&self) -> bool {
        self.passed == Some(true) && self.cells().iter().all(|cell| !cell.is_empty())
    }
}

/// Runs the tests, prints the table, and fails if a cell is empty or a test has failed.
pub(crate) fn run(options: &Options) -> Result<()> {
    let workspace = Workspace::load()?;
    let mut lines = lines(&test_results::of(&workspace, PACKAGE, PROGRAM)?);
    lines.sort_by_key(|line| line.class);
    let mut out = std::io::stdout().lock();
    if options.json {
        serde_json::to_writer_pretty(&mut out, &lines)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{}", table(&lines))?;
    }
    let holes: Vec<_> = lines.iter().filter(|line| !line.is_covered()).collect();
    if let Some(first) = holes.first() {
        bail!(
            "{} of {} classes are not covered, {} first: see its test in tests/tests/{PROGRAM}",
            holes.len(),
            lines.len(),
            first.name
        );
    }
    Ok(())
}

fn lines(results: &HashMap<String, bool>) -> Vec<Line> {
    TABLE.iter().map(|row| Line::new(row, results)).collect()
}

fn table(lines: &[Line]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::ASCII_MARKDOWN)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header([
            "",
            "class",
            "phase",
            "structure",
            "method",
            "view",
            "outcomes",
            "test",
        ]);
    for line in lines {
        table.add_row(line.cells());
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_without_a_test_or_with_one_that_fails_is_not_covered() {
        let passed = TABLE.iter().map(|row| (row.name.to_owned(), true));
        let mut results: HashMap<_, _> = passed.collect();
        assert!(lines(&results).iter().all(Line::is_covered));
        results.insert("RegNtPreSetValueKey".to_owned(), false);
        results.remove("RegNtPreOpenKeyEx");
        let lines = lines(&results);
        let holes = lines.iter().filter(|line| !line.is_covered());
        assert_eq!(
            holes.map(|line| line.name).collect::<Vec<_>>(),
            ["RegNtPreOpenKeyEx", "RegNtPreSetValueKey"]
        );
    }
}
