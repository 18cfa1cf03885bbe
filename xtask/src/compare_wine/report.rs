//! What came of a comparison.

use std::fmt;

use anyhow::{Result, bail};
use serde::Serialize;

use super::cases::Case;
use super::compare::{Difference, Differences};
use super::page::{PAGE, Row};

/// The result, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Wine's version.
    wine: String,
    cases: usize,
    calls: usize,
    /// How many calls differ in a way that the page lists.
    listed: usize,
    differences: Vec<Found>,
    /// Rows of the page that are no difference any more.
    outdated: Vec<Row>,
}

/// A difference, and the row that lists it.
#[derive(Debug, Serialize)]
struct Found {
    #[serde(flatten)]
    difference: Difference,
    calls: usize,
    first: String,
    /// The row's line in the page; `None` if none lists it.
    line: Option<usize>,
}

/// How much of a call is shown.
const SHOWN: usize = 120;

impl Report {
    /// Holds the differences against the page's rows.
    pub(super) fn new(
        wine: &str,
        cases: &[Case],
        differences: &Differences,
        rows: Vec<Row>,
    ) -> Self {
        let mut found = Vec::new();
        for (difference, (calls, first)) in differences {
            let row = rows.iter().find(|row| row.lists(difference));
            found.push(Found {
                difference: difference.clone(),
                calls: *calls,
                first: first.chars().take(SHOWN).collect(),
                line: row.map(|row| row.line),
            });
        }
        let used = |row: &Row| found.iter().any(|found| found.line == Some(row.line));
        let outdated = rows.into_iter().filter(|row| !used(row)).collect();
        let listed = found.iter().filter(|found| found.line.is_some());
        Self {
            wine: wine.to_owned(),
            cases: cases.len(),
            calls: cases.iter().map(|case| case.calls.len()).sum(),
            listed: listed.map(|found| found.calls).sum(),
            differences: found,
            outdated,
        }
    }

    fn unlisted(&self) -> impl Iterator<Item = &Found> {
        let differences = self.differences.iter();
        differences.filter(|found| found.line.is_none())
    }

    /// Fails if the page does not list what was found, and nothing else.
    pub(super) fn verdict(&self) -> Result<()> {
        match (self.unlisted().count(), self.outdated.len()) {
            (0, 0) => Ok(()),
            (unlisted, outdated) => bail!(
                "{PAGE} does not list {unlisted} differences from Wine, and has {outdated} rows that \
                 are none"
            ),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for found in self.unlisted() {
            let Found {
                difference,
                calls,
                first,
                ..
            } = found;
            writeln!(
                f,
                "not in {PAGE}: {difference} ({calls} calls, the first `{first}`)"
            )?;
        }
        for row in &self.outdated {
            writeln!(f, "{PAGE}:{}: no such difference any more", row.line)?;
        }
        let Self {
            wine,
            cases,
            calls,
            listed,
            ..
        } = self;
        writeln!(
            f,
            "{wine}: {calls} calls in {cases} cases; {listed} differ as {PAGE} says"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::page;
    use super::*;

    fn report(wine: &str) -> Report {
        let difference = Difference {
            case: "names/case".to_owned(),
            call: "Close".to_owned(),
            field: "status".to_owned(),
            wine: wine.to_owned(),
            simulator: "SUCCESS".to_owned(),
        };
        let differences = Differences::from([(difference, (2, "Close 1".to_owned()))]);
        let rows = page::rows(
            "| case | call | field | Wine | simulator | right | decided by |\n\
             | names/case | Close | status | INVALID_HANDLE | SUCCESS | open | nothing |\n",
        );
        Report::new("wine-8.0", &[], &differences, rows.expect("well formed"))
    }

    #[test]
    fn what_the_page_lists_is_no_failure() {
        let report = report("INVALID_HANDLE");
        report.verdict().expect("it is listed");
        assert_eq!(
            report.to_string(),
            "wine-8.0: 0 calls in 0 cases; 2 differ as docs/wine.md says\n"
        );
    }

    #[test]
    fn a_difference_that_is_not_listed_and_a_row_that_is_none_are_failures() {
        let report = report("KEY_DELETED");
        let error = report.verdict().expect_err("both are wrong").to_string();
        assert!(error.contains("1 differences") && error.contains("1 rows"));
        let text = report.to_string();
        assert!(text.starts_with(
            "not in docs/wine.md: names/case: Close, status: Wine KEY_DELETED, simulator SUCCESS \
             (2 calls, the first `Close 1`)\ndocs/wine.md:2: no such difference any more\n"
        ));
    }
}
