//! The page that lists the differences, and says which side is right and what decides it.

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::compare::Difference;

/// The page, from the workspace's root.
pub(super) const PAGE: &str = "docs/wine.md";

/// The version of Wine that the page is about.
const VERSION: &str = "wine-8.0";

/// Whether the page is about this version of Wine; if not, why the two cannot be compared.
pub(super) fn is_about(wine: &str) -> Result<()> {
    match wine.starts_with(VERSION) {
        true => Ok(()),
        false => bail!("{PAGE} is about {VERSION}, and this is {wine}"),
    }
}

/// The columns of the page's tables of differences.
const COLUMNS: [&str; 7] = [
    "case",
    "call",
    "field",
    "Wine",
    "simulator",
    "right",
    "decided by",
];

/// Which side a row can say is right. Where Wine is, the simulator is to be mended, not the page.
const VERDICTS: [&str; 3] = ["simulator", "both", "open"];

/// A row: differences that one page or test decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Row {
    /// Its line in the page.
    pub(super) line: usize,
    /// What the parts of a difference must be; `*` is any text.
    patterns: [String; 5],
    /// Which side is right.
    right: String,
    /// The page or test that decides it.
    source: String,
}

impl Row {
    /// Whether it lists a difference.
    pub(super) fn lists(&self, difference: &Difference) -> bool {
        let Difference {
            case,
            call,
            field,
            wine,
            simulator,
        } = difference;
        let parts = [case, call, field, wine, simulator];
        self.patterns
            .iter()
            .zip(parts)
            .all(|(pattern, part)| matches(pattern, part))
    }
}

/// The rows of all tables of differences in a page.
///
/// # Errors
/// A row that is not complete, and a verdict that there is not.
pub(super) fn rows(page: &str) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut inside = false;
    for (at, text) in page.lines().enumerate() {
        let Some(cells) = cells(text) else {
            inside = false;
            continue;
        };
        if cells == COLUMNS {
            inside = true;
        } else if inside && !cells.iter().all(|cell| cell.trim_matches('-').is_empty()) {
            let line = at + 1;
            rows.push(row(line, &cells).with_context(|| format!("{PAGE}:{line}"))?);
        }
    }
    Ok(rows)
}

fn row(line: usize, cells: &[String]) -> Result<Row> {
    let [patterns @ .., right, source] = cells else {
        bail!("a row of {} cells", cells.len());
    };
    let patterns = patterns.to_vec().try_into();
    let Ok(patterns) = patterns else {
        bail!("a row has {} cells, not {}", COLUMNS.len(), cells.len());
    };
    if !VERDICTS.contains(&right.as_str()) {
        let known = VERDICTS.join(", ");
        bail!("`{right}` is no verdict; there are: {known}");
    }
    if source.is_empty() {
        bail!("what decides the difference?");
    }
    Ok(Row {
        line,
        patterns,
        right: right.clone(),
        source: source.clone(),
    })
}

/// The cells of a table's row, without the marks of code.
fn cells(line: &str) -> Option<Vec<String>> {
    let row = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let cells = row.split('|').map(|cell| cell.trim().replace('`', ""));
    Some(cells.collect())
}

/// Whether a text is what a pattern says, in which `*` is any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((begin, rest)) => text.strip_prefix(begin).is_some_and(|text| {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| matches(rest, &text[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "| case | call | field | Wine | simulator | right | decided by |\n\
                        |---|---|---|---|---|---|---|\n";

    fn difference(case: &str, wine: &str) -> Difference {
        Difference {
            case: case.to_owned(),
            call: "QueryKey 1".to_owned(),
            field: "status".to_owned(),
            wine: wine.to_owned(),
            simulator: "SUCCESS".to_owned(),
        }
    }

    #[test]
    fn a_row_lists_what_its_patterns_say() {
        let page = format!(
            "Text | with a bar\n\n{HEAD}\
             | `names/*` | QueryKey 1 | status | `*_NOT_*` | SUCCESS | simulator | a page |\n"
        );
        let rows = rows(&page).expect("it is complete");
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].line, 5);
        assert!(rows[0].lists(&difference("names/case", "OBJECT_NAME_NOT_FOUND")));
        assert!(!rows[0].lists(&difference("names/case", "SUCCESS")));
        assert!(!rows[0].lists(&difference("values/names/", "OBJECT_NAME_NOT_FOUND")));
    }

    #[test]
    fn another_version_of_wine_is_not_what_the_page_is_about() {
        assert!(is_about("wine-8.0 (Debian 8.0~repack-4)").is_ok());
        let error = is_about("wine-10.0").expect_err("it is another");
        assert_eq!(
            error.to_string(),
            "docs/wine.md is about wine-8.0, and this is wine-10.0"
        );
    }

    #[test]
    fn other_tables_are_left_alone() {
        let page = "| a | b |\n|---|---|\n| c | d |\n";
        assert_eq!(rows(page).expect("none is meant"), []);
    }

    #[test]
    fn a_row_that_decides_nothing_is_an_error_that_names_its_line() {
        for (row, reason) in [
            ("| a | b | c | d | e | Wine | g |", "`Wine` is no verdict"),
            ("| a | b | c | d | e | both | |", "what decides"),
            ("| a | b | c | d | both | g |", "a row has 7 cells, not 6"),
        ] {
            let error = rows(&format!("{HEAD}{row}\n")).expect_err(row);
            let error = format!("{error:#}");
            assert!(error.starts_with("docs/wine.md:3: "), "{error}");
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_star_is_any_text() {
        for (pattern, text, same) in [
            ("*", "", true),
            ("*", "anything", true),
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("*b*", "abc", true),
            ("abc", "ab", false),
        ] {
            assert_eq!(matches(pattern, text), same, "{pattern} {text}");
        }
    }

    #[test]
    fn the_page_is_well_formed() {
        let page = include_str!("../../../docs/wine.md");
        assert!(!rows(page).expect("it is well formed").is_empty());
    }
}
