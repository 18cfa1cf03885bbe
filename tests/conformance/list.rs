//! No line of `docs/semantics.md` is without a test.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use wdm_tests::list::{self, SUITE};

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
        match test {
            Some(test) => println!("{}: {} {}", line.id, test.file.display(), test.name),
            None => missing.push(line.id),
        }
    }
    assert!(
        missing.is_empty(),
        "no test is named after {missing:?}; write one in {SUITE}"
    );
}
