//! `cargo xtask conformance`: which tests there are for each line of `docs/semantics.md`, and whether
//! they pass.
//!
//! The lines are read from the document, and a test is named after its line
//! ([`wdm_tests::list`]). Most tests are in `tests/conformance`; a line that has none there may have
//! one in another test program.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::Write;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use wdm_tests::list::{self, SUITE};

use crate::test_results;
use crate::workspace::Workspace;

/// The command line of `cargo xtask conformance`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Print the table as JSON
    #[arg(long)]
    json: bool,
}

/// How much of a line's text the table shows, in characters.
const SHOWN: usize = 60;

/// The tests of each program that passed or failed, by the program's package and name.
type Results = BTreeMap<(String, String), HashMap<String, bool>>;

/// One line of the table.
#[derive(Debug, Serialize)]
struct Line {
    rule: String,
    text: String,
    /// Program and function.
    tests: Vec<String>,
    /// Those of them that have failed.
    failed: Vec<String>,
    passed: Option<bool>,
}

impl Line {
    fn new(line: list::Line, results: &Results) -> Self {
        let (mut tests, mut failed) = (Vec::new(), Vec::new());
        for ((_, program), of_program) in results {
            for (path, ok) in of_program {
                let function = path.rsplit("::").next().unwrap_or(path);
                if line.names(function) {
                    let test = format!("{program}::{path}");
                    failed.extend((!ok).then(|| test.clone()));
                    tests.push(test);
                }
            }
        }
        tests.sort();
        Self {
            rule: line.id,
            text: line.text,
            passed: (!tests.is_empty()).then_some(failed.is_empty()),
            tests,
            failed,
        }
    }

    fn verdict(&self) -> &'static str {
        match self.passed {
            Some(true) => "ok",
            Some(false) => "FAILED",
            None => "MISSING",
        }
    }

    /// Its cells: the verdict is where the eye is, and the tests' functions, by which `cargo test` finds
    /// them, are last, since they are long.
    fn cells(&self) -> [String; 4] {
        let tests = self.functions().join("\n");
        // A case's own words are its text.
        let rule = self.rule.split('_').next().unwrap_or_default();
        let verdict = self.verdict().to_owned();
        [rule.to_owned(), verdict, shortened(&self.text), tests]
    }

    /// The tests' programs and functions, without the modules between them.
    fn functions(&self) -> Vec<String> {
        let names = self.tests.iter().map(|test| {
            let program = test.split("::").next().unwrap_or_default();
            let function = test.rsplit("::").next().unwrap_or_default();
            let failed = if self.failed.contains(test) {
                " FAILED"
            } else {
                ""
            };
            format!("{program} {function}{failed}")
        });
        let mut names: Vec<_> = names.collect();
        // The suite first, then the other programs.
        names.sort_by_key(|name| (!name.starts_with("conformance "), name.clone()));
        names
    }

    fn is_covered(&self) -> bool {
        self.passed == Some(true)
    }
}

/// The beginning of a text, as plain words.
fn shortened(text: &str) -> String {
    let plain = text.replace(['`', '*'], "");
    let mut short = String::new();
    for word in plain.split_whitespace() {
        if short.chars().count() + word.chars().count() >= SHOWN {
            short.push_str(" ...");
            break;
        }
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(word);
    }
    short
}

/// How many lines have each verdict.
fn summary(lines: &[Line]) -> String {
    let verdicts = ["ok", "FAILED", "MISSING"].map(|verdict| {
        let count = lines.iter().filter(|line| line.verdict() == verdict);
        (count.count(), verdict)
    });
    let parts = verdicts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<_> = parts.map(|(count, it)| format!("{count} {it}")).collect();
    let tests: BTreeSet<_> = lines.iter().flat_map(|line| &line.tests).collect();
    format!(
        "{} lines: {}; {} tests",
        lines.len(),
        parts.join(", "),
        tests.len()
    )
}

/// Runs the tests, prints the table, and fails if a line is without a test or a test has failed.
pub(crate) fn run(options: &Options) -> Result<()> {
    let workspace = Workspace::load()?;
    let document = workspace.root().join("docs/semantics.md");
    let semantics = fs::read_to_string(&document)
        .with_context(|| format!("cannot read {}", document.display()))?;
    let lines = list::lines(&semantics).map_err(|error| anyhow!(error))?;
    let results = results(&workspace, &lines)?;
    let lines: Vec<_> = lines
        .into_iter()
        .map(|line| Line::new(line, &results))
        .collect();
    let mut out = std::io::stdout().lock();
    if options.json {
        serde_json::to_writer_pretty(&mut out, &lines)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{}\n\n{}", table(&lines), summary(&lines))?;
    }
    let holes: Vec<_> = lines.iter().filter(|line| !line.is_covered()).collect();
    if let Some(first) = holes.first() {
        bail!(
            "{} of {} lines are not covered, {} first: see its test, or write one, in {SUITE}",
            holes.len(),
            lines.len(),
            first.rule
        );
    }
    Ok(())
}

/// Runs the suite, and the other programs that the lines need which have no test in it.
fn results(workspace: &Workspace, lines: &[list::Line]) -> Result<Results> {
    let tests = list::tests(&workspace.root()).context("cannot read the tests")?;
    let mut results = Results::new();
    for line in lines {
        let test = tests.iter().find(|test| line.names(&test.name));
        let Some((folder, program)) = test.and_then(list::Test::program) else {
            continue;
        };
        let package = match folder.as_str() {
            "tests" => "wdm-tests".to_owned(),
            _ => folder,
        };
        if let Entry::Vacant(entry) = results.entry((package, program)) {
            let (package, program) = entry.key();
            let of_program = test_results::of(workspace, package, program)?;
            entry.insert(of_program);
        }
    }
    Ok(results)
}

fn table(lines: &[Line]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::ASCII_MARKDOWN)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(["line", "", "what it says", "tests"]);
    for line in lines {
        table.add_row(line.cells());
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str) -> list::Line {
        list::Line {
            id: id.to_owned(),
            text: "A fact.".to_owned(),
        }
    }

    #[test]
    fn a_text_ends_at_a_word() {
        assert_eq!(shortened("`A` **fact**."), "A fact.");
        let short = shortened(&"seven ".repeat(20));
        assert_eq!(short, format!("{} ...", ["seven"; 10].join(" ")));
    }

    #[test]
    fn a_line_is_covered_if_all_its_tests_pass() {
        let of_program = [
            ("rules::r1_one", true),
            ("rules::r1_two", false),
            ("n1_one", true),
        ];
        let of_program = of_program.map(|(name, ok)| (name.to_owned(), ok));
        let key = ("wdm-tests".to_owned(), "conformance".to_owned());
        let results = Results::from([(key, HashMap::from(of_program))]);
        let verdicts = ["R1", "N1", "C1"].map(|id| {
            let line = Line::new(line(id), &results);
            (line.verdict(), line.is_covered(), line.tests.len())
        });
        let expected = [("FAILED", false, 2), ("ok", true, 1), ("MISSING", false, 0)];
        assert_eq!(verdicts, expected);
        let lines = ["R1", "N1", "C1"].map(|id| Line::new(line(id), &results));
        let expected = "3 lines: 1 ok, 1 FAILED, 1 MISSING; 3 tests";
        assert_eq!(summary(&lines), expected);
        let tests = ["conformance r1_one", "conformance r1_two FAILED"];
        assert_eq!(lines[0].functions(), tests);
    }
}
