//! No line of `docs/semantics.md` is without a test.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use wdm_tests::list::{self, LEFT_OUT, SUITE};

fn root() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap()
}

fn lines() -> Vec<list::Line> {
    let semantics = std::fs::read_to_string(root().join("docs/semantics.md")).unwrap();
    list::lines(&semantics).unwrap()
}

/// The functions of this program's tests, as it lists them itself: a file that no module names has
/// none.
fn own() -> BTreeSet<String> {
    let mut this = Command::new(std::env::current_exe().unwrap());
    let output = this.args(["--list", "--format", "terse"]).output().unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    let paths = listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"));
    let names = paths.map(|path| path.rsplit("::").next().unwrap().to_owned());
    names.collect()
}

#[test]
fn every_line_has_a_test() {
    let mut tests = list::tests(root()).unwrap();
    let own = own();
    tests.retain(|test| !test.file.starts_with(SUITE) || own.contains(&test.name));
    let mut missing = Vec::new();
    for line in lines() {
        let test = tests.iter().find(|test| line.names(&test.name));
        match (test, line.left_out()) {
            (Some(test), None) => println!("{}: {} {}", line.id, test.file.display(), test.name),
            (None, Some(reason)) => println!("{}: left out, {reason}", line.id),
            (None, None) => missing.push(line.id),
            (Some(test), Some(_)) => panic!("{} is left out, but there is {}", line.id, test.name),
        }
    }
    assert!(
        missing.is_empty(),
        "no test is named after {missing:?}; write one in {SUITE}"
    );
}

#[test]
fn what_is_left_out_is_in_the_document() {
    let lines = lines();
    for (id, _) in LEFT_OUT {
        assert!(lines.iter().any(|line| line.id == *id), "{id}");
    }
}
