//! `wdm-sim run --replay`.

use std::path::Path;
use std::process::{Command, Output};

fn replay(file: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wdm-sim"));
    let output = command
        .args(["run", "--replay"])
        .arg(file)
        .args(more)
        .output();
    output.expect("the command runs")
}

fn sample() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/procmon.csv"
    ))
}

#[test]
fn results_are_compared_with_the_recorded_ones() {
    let output = replay(sample(), &["--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let replay = &json["replay"];
    assert_eq!(replay["same"], 15, "{replay}");
    assert_eq!(replay["different"], 1, "{replay}");
    let difference = &replay["differences"][0];
    assert_eq!(difference["operation"], "RegQueryValue");
    assert_eq!(difference["recorded"], "SUCCESS");
    assert_eq!(difference["replayed"], "NAME NOT FOUND");
    assert_eq!(replay["not_replayed"]["RegQueryMultipleValueKey"], 1);
    assert_eq!(
        replay["passed_over"], 2,
        "a reparse, and a key that is not open"
    );
    assert_eq!(replay["other_rows"], 1);
}

#[test]
fn the_table_names_what_differs_and_what_is_not_replayed() {
    let output = replay(sample(), &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(
        output.stderr.is_empty(),
        "no bar without a terminal: {output:?}"
    );
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(
        table.contains("1 recorded SUCCESS, now NAME NOT FOUND"),
        "{table}"
    );
    assert!(
        table.contains("not replayed: RegQueryMultipleValueKey"),
        "{table}"
    );
}

#[test]
fn bad_recordings_are_one_line() {
    let head = "Process Name,PID,Operation,Path,Result,Detail\n";
    let cases: [(Vec<u8>, &str); 4] = [
        (
            b"Process Name,PID\n".to_vec(),
            "bad.csv:1: there is no column \"Operation\"",
        ),
        (
            format!("{head}a.exe,x,RegOpenKey,HKLM,SUCCESS,\n").into(),
            "bad.csv:2: the PID",
        ),
        (
            format!("{head}a.exe,1,RegOpenKey\n").into(),
            "bad.csv:2: the row has too few",
        ),
        (
            [head.as_bytes(), b"\xFF,1,a,b,c,d\n"].concat(),
            "bad.csv:2: ",
        ),
    ];
    for (bytes, part) in cases {
        let directory = tempfile::tempdir().expect("there is room for a file");
        let file = directory.path().join("bad.csv");
        std::fs::write(&file, bytes).expect("the file is written");
        let output = replay(&file, &[]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains(part), "{part} is not in: {stderr}");
    }
}
