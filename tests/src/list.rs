//! The list of the conformance suite: every line of `docs/semantics.md` that has to have a test, and
//! the tests that there are.
//!
//! A test is named after its line: `r1_...` for the rule R1, and for the cases that the document names
//! in words, `hlk_...`, `regfltr_...` and `field_...` with those words.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where the suite lives, below the workspace's root.
pub const SUITE: &str = "tests/conformance";

/// A line of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The rule's number, or the words of a case as a name.
    pub id: String,
    /// What it says.
    pub text: String,
}

impl Line {
    /// Whether a test is named after this line.
    #[must_use]
    pub fn names(&self, test: &str) -> bool {
        let id = self.id.to_lowercase();
        let rest = test.strip_prefix(&id);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    }
}

/// The lines of the document, in its order: the rows of its tables, and the cases that it names in
/// words.
///
/// # Errors
/// What part of the document was not found.
pub fn lines(semantics: &str) -> Result<Vec<Line>, String> {
    let mut lines: Vec<_> = semantics.lines().filter_map(row).collect();
    let text = semantics.split_whitespace().collect::<Vec<_>>().join(" ");
    let between = |start: &str, end: &str| {
        let from = text.split_once(start).map(|(_, from)| from);
        let part = from.and_then(|from| from.split_once(end));
        let missing = || format!("docs/semantics.md has no \"{start}\" before \"{end}\"");
        part.map(|(part, _)| part).ok_or_else(missing)
    };
    let hlk = between("any configuration manager must pass: ", ". regfltr")?;
    lines.extend(hlk.split("; ").map(|case| named("hlk", case)));
    let samples = between(
        "samples are the second list: ",
        "; and its user-mode side adds ",
    )?;
    lines.extend(samples.split(", ").map(|case| named("regfltr", case)));
    let user_mode = between("; and its user-mode side adds ", ".")?;
    lines.extend(user_mode.split(" and ").map(|case| named("regfltr", case)));
    let field = between("none may compile or pass here. ", ".")?;
    lines.extend(field.split("; ").map(|case| named("field", case)));
    Ok(lines)
}

/// A row of a table whose first cell is a rule's number.
fn row(line: &str) -> Option<Line> {
    let mut cells = line.strip_prefix("| ")?.split(" | ");
    let (id, text) = (cells.next()?, cells.next()?);
    let number = id.strip_prefix(|first: char| first.is_ascii_uppercase())?;
    let is_number = number.starts_with(|first: char| first.is_ascii_digit());
    is_number.then(|| Line {
        id: id.to_owned(),
        text: text.to_owned(),
    })
}

/// A case that is named in words.
fn named(list: &str, words: &str) -> Line {
    let mut id = list.to_owned();
    let words_of_name = words.strip_prefix("the ").unwrap_or(words);
    for character in words_of_name.chars() {
        match character {
            '\'' | '`' => {}
            _ if character.is_alphanumeric() => {
                if id == list {
                    id.push('_');
                }
                id.extend(character.to_lowercase());
            }
            _ if id.ends_with('_') || id == list => {}
            _ => id.push('_'),
        }
    }
    Line {
        id: id.trim_end_matches('_').to_owned(),
        text: words.to_owned(),
    }
}

/// A test of the workspace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Test {
    /// Its file, below the workspace's root.
    pub file: PathBuf,
    /// Its function.
    pub name: String,
}

impl Test {
    /// The folder of its package and the name of its test program.
    #[must_use]
    pub fn program(&self) -> Option<(String, String)> {
        let names: Vec<_> = self.file.iter().map(|name| name.to_str()).collect();
        let at = names.iter().rposition(|name| *name == Some("tests"))?;
        let (package, program) = match at {
            // The one package that is itself called so.
            0 => ("tests", names.get(1)?),
            at => (names[at - 1]?, names.get(at + 1)?),
        };
        let program = program.as_deref()?.trim_end_matches(".rs");
        Some((package.to_owned(), program.to_owned()))
    }
}

/// The tests in the workspace's test programs, those of the suite first.
///
/// # Errors
/// A folder or a file that cannot be read.
pub fn tests(root: &Path) -> io::Result<Vec<Test>> {
    let mut tests = Vec::new();
    for entry in fs::read_dir(root)? {
        let package = entry?.path();
        let program_folders = match package.ends_with("tests") {
            true => vec![package.join("conformance"), package.join("tests")],
            false => vec![package.join("tests")],
        };
        for folder in program_folders.iter().filter(|folder| folder.is_dir()) {
            visit(root, folder, &mut tests)?;
        }
    }
    tests.sort_by_key(|test| (!test.file.starts_with(SUITE), test.clone()));
    Ok(tests)
}

fn visit(root: &Path, folder: &Path, tests: &mut Vec<Test>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            visit(root, &path, tests)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let file = path.strip_prefix(root).unwrap_or(&path);
            let text = fs::read_to_string(&path)?;
            tests.extend(functions(&text).map(|name| Test {
                file: file.to_owned(),
                name: name.to_owned(),
            }));
        }
    }
    Ok(())
}

/// The functions in a file that are tests.
fn functions(text: &str) -> impl Iterator<Item = &str> {
    let mut is_test = false;
    text.lines().map(str::trim).filter_map(move |line| {
        if line == "#[test]" {
            is_test = true;
        }
        let function = line.strip_prefix("fn ")?;
        let name = function.split('(').next()?;
        std::mem::take(&mut is_test).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_those_of_the_tables_and_of_the_lists() {
        let document = "\
            # Title\n| # | fact | source |\n|---|---|---|\n| R1 | One `thing`. | a page |\n\
            | K2b | Two. | another |\n\nThat any configuration manager must pass: Altitude\n\
            Conflict; Save, Restore, Replace. regfltr's samples are the second list: pre block,\n\
            create/open V1; and its user-mode side adds capture and the callback version.\n\n\
            Each was seen; none may compile or pass here.\n\nInvented classes; the structure's\n\
            cast; `Vec::new` on it.\n";
        let ids: Vec<_> = lines(document)
            .expect("nothing is missing")
            .into_iter()
            .map(|line| line.id)
            .collect();
        let expected = [
            "R1",
            "K2b",
            "hlk_altitude_conflict",
            "hlk_save_restore_replace",
            "regfltr_pre_block",
            "regfltr_create_open_v1",
            "regfltr_capture",
            "regfltr_callback_version",
            "field_invented_classes",
            "field_structures_cast",
            "field_vec_new_on_it",
        ];
        assert_eq!(ids, expected);
        let missing = lines("| R1 | One. | a page |").expect_err("there are no lists");
        assert!(missing.contains("must pass"), "{missing}");
    }

    #[test]
    fn a_test_is_named_after_one_line() {
        let [k2, k2b] = ["K2", "K2b"].map(|id| Line {
            id: id.to_owned(),
            text: String::new(),
        });
        for (test, of_k2, of_k2b) in [
            ("k2_a_thing", true, false),
            ("k2", true, false),
            ("k2b_a_thing", false, true),
            ("k20_a_thing", false, false),
        ] {
            assert_eq!((k2.names(test), k2b.names(test)), (of_k2, of_k2b), "{test}");
        }
    }

    #[test]
    fn functions_are_tests_if_they_say_so() {
        let text = "#[test]\n/// Doc.\nfn one() {\nfn inner() {}\n}\nfn helper() {}\n    #[test]\n    fn two(x in 0..1) {";
        assert_eq!(functions(text).collect::<Vec<_>>(), ["one", "two"]);
    }

    #[test]
    fn a_file_belongs_to_a_program() {
        for (file, package, program) in [
            ("tests/conformance/rules/client.rs", "tests", "conformance"),
            ("tests/tests/layout.rs", "tests", "layout"),
            ("wdm-sim/tests/cm/keys.rs", "wdm-sim", "cm"),
        ] {
            let test = Test {
                file: file.into(),
                name: String::new(),
            };
            let expected = (package.to_owned(), program.to_owned());
            assert_eq!(test.program(), Some(expected), "{file}");
        }
    }
}
