//! `wdm-sim run --script`.

use std::path::PathBuf;
use std::process::{Command, Output};

/// Runs a script without a driver, with more arguments.
fn run(script: impl AsRef<[u8]>, more: &[&str]) -> Output {
    let directory = tempfile::tempdir().expect("there is room for a file");
    let file = directory.path().join("tested.script");
    std::fs::write(&file, script).expect("the script is written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wdm-sim"));
    let output = command
        .args(["run", "--script"])
        .arg(file)
        .args(more)
        .output();
    output.expect("the command runs")
}

fn lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(bytes)
        .lines()
        .map(str::to_owned)
        .collect()
}

/// The example in the description of the language.
fn documented() -> String {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/script.md");
    let text = std::fs::read_to_string(file).expect("the language is described");
    let (_, example) = text.split_once("```text\n").expect("there is an example");
    let (example, _) = example.split_once("```").expect("the example ends");
    example.to_owned()
}

#[test]
fn the_documented_example_goes_as_it_says() {
    let output = run(documented(), &[]);
    assert!(output.stderr.is_empty(), "{output:?}");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let lines = lines(&output.stdout);
    for line in [
        "2 create 0x00000000 STATUS_SUCCESS",
        "6 query 0x00000000 STATUS_SUCCESS dword 42",
        "7 enumerate 0x8000001A STATUS_NO_MORE_ENTRIES \"Number\" \"\" \"List\"",
        "8 query 0xC0000034 STATUS_OBJECT_NAME_NOT_FOUND",
        "25 set 0xC0000022 STATUS_ACCESS_DENIED",
        "27 query 0x00000000 STATUS_SUCCESS binary 0102ff",
        "36 query 0x00000000 STATUS_SUCCESS sz \"the default \"\"value\"\"\"",
    ] {
        assert!(lines.iter().any(|l| l == line), "no {line} in: {lines:#?}");
    }
}

#[test]
fn an_unexpected_status_is_a_failure_that_names_the_line() {
    let script = "open \\Registry\\Machine\nopen \\Registry\\Machine\\None expect SUCCESS\n\
                  query_is_not_run = 1";
    let output = run(script, &[]);
    assert_eq!(
        output.status.code(),
        Some(2),
        "a syntax error: nothing is run"
    );
    assert!(output.stdout.is_empty(), "{output:?}");

    let script = script.lines().take(2).collect::<Vec<_>>().join("\n");
    let output = run(&script, &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let errors = lines(&output.stderr);
    assert_eq!(errors.len(), 1, "{errors:?}");
    let end = "tested.script:2: open answered 0xC0000034 STATUS_OBJECT_NAME_NOT_FOUND, not \
               0x00000000 STATUS_SUCCESS";
    assert!(errors[0].ends_with(end), "{errors:?}");

    let output = run(&script, &["--json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(json["script"][0]["status"], "0x00000000 STATUS_SUCCESS");
    assert_eq!(json["script"][1]["expected"], "0x00000000 STATUS_SUCCESS");
    assert_eq!(json["script"][1]["line"], 2);
}

#[test]
fn bad_scripts_are_a_line_for_each_error() {
    let output = run("opne \\Registry\n\n$k = open Registry\n", &[]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let errors = lines(&output.stderr);
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].contains("tested.script:1: opne is no operation; write "));
    assert!(errors[1].contains("tested.script:3: Registry is no key's name; write "));

    let output = run(b"# \xE9t\xE9\n", &[]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let errors = lines(&output.stderr);
    assert!(
        errors[0].contains("tested.script:1: the text is not UTF-8"),
        "{errors:?}"
    );
}

#[test]
fn a_variable_whose_operation_failed_is_an_invalid_handle() {
    let script = "$k = open \\Registry\\Machine\\None\nquery $k Value\nopen $k\\Sub\nclose $k\n";
    let output = run(script, &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let lines = lines(&output.stdout);
    assert_eq!(lines[1], "2 query 0xC0000008 STATUS_INVALID_HANDLE");
    assert_eq!(lines[2], "3 open 0xC0000008 STATUS_INVALID_HANDLE");
    assert_eq!(lines[3], "4 close 0xC0000008 STATUS_INVALID_HANDLE");
}

#[test]
fn neither_driver_nor_script_is_a_wrong_command_line() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wdm-sim"));
    let output = command.arg("run").output().expect("the command runs");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
