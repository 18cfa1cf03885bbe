//! Which tests of a test program pass.

use std::collections::HashMap;
use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{self, say};
use crate::workspace::Workspace;

/// Runs a test program; which of its tests passed, by name.
pub(crate) fn of(
    workspace: &Workspace,
    package: &str,
    program: &str,
) -> Result<HashMap<String, bool>> {
    let mut test: Command = process::cargo();
    test.args(["test", "--package", package, "--test", program])
        .current_dir(workspace.root());
    say(format!("`{}`", process::display(&test)));
    // A test that fails is a line of the table; one that does not compile is an error.
    let output = process::output(&mut test)?;
    let results = parse(&String::from_utf8_lossy(&output.stdout));
    if results.is_empty() {
        let reason = process::last_line(&output.stderr);
        bail!("`{}` ran no test: {reason}", process::display(&test));
    }
    Ok(results)
}

/// The lines `test NAME ... ok` of a test program.
fn parse(output: &str) -> HashMap<String, bool> {
    let tests = output.lines().filter_map(|line| {
        let (name, result) = line.strip_prefix("test ")?.split_once(" ... ")?;
        Some((name.to_owned(), result == "ok"))
    });
    tests.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_from_the_lines_of_tests_only() {
        let output = "\nrunning 3 tests\ntest RegNtPreA ... ok\ntest RegNtPostA ... FAILED\n\
                      test n1_every_class_is_tried ... ok\n\ntest result: FAILED. 2 passed\n";
        let results = parse(output);
        assert_eq!(results.len(), 3);
        assert_eq!(results.get("RegNtPreA"), Some(&true));
        assert_eq!(results.get("RegNtPostA"), Some(&false));
    }
}
