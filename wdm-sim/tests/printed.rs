//! What the program prints besides its report: the driver's lines, and the rules; and who it runs as.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[allow(dead_code, reason = "the loader's own tests use the rest")]
#[path = "../src/loader/tests/fixture.rs"]
mod fixture;

use std::process::{Command, Output};

use fixture::{Driver, IDATA, TEXT};
use wdm_sim::Rule;

fn wdm_sim(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wdm-sim"));
    command.args(arguments).output().expect("the command runs")
}

/// A driver that prints two lines and fails to start.
fn prints() -> Vec<u8> {
    // sub rsp, 28h; lea rcx, [rip + ...]; call [rip + ...]
    let mut code = vec![0x48, 0x83, 0xEC, 0x28, 0x48, 0x8D, 0x0D];
    let rest = [0x48, 0x83, 0xC4, 0x28, 0xB8, 0x01, 0x00, 0x00, 0xC0, 0xC3];
    code.extend((6 + rest.len() as u32).to_le_bytes());
    let after = TEXT + code.len() as u32 + 6;
    code.extend([0xFF, 0x15]);
    code.extend((IDATA - after).to_le_bytes());
    // add rsp, 28h; mov eax, STATUS_UNSUCCESSFUL; ret
    code.extend(rest);
    code.extend(b"one\nand two\n\0");
    let driver = Driver::new(&code).imports(&[("ntoskrnl.exe", &["DbgPrint"])]);
    driver.build()
}

#[test]
fn what_drivers_print_is_printed() {
    let directory = tempfile::tempdir().expect("there is room for a file");
    let file = directory.path().join("prints.sys");
    std::fs::write(&file, prints()).expect("the file is written");
    let file = file.to_str().expect("the path is text");
    let output = wdm_sim(&["run", file]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(output.stdout, b"dbgprint: one\ndbgprint: and two\n");
    let output = wdm_sim(&["run", file, "--json"]);
    assert_eq!(output.stdout, b"", "the driver did not start");
}

#[test]
fn each_rule_is_told() {
    let output = wdm_sim(&["rules"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("it is text");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), Rule::ALL.len());
    for (line, rule) in lines.iter().zip(Rule::ALL) {
        assert!(
            line.starts_with(rule.id()) && line.ends_with(rule.text()),
            "{line}"
        );
    }
    let output = wdm_sim(&["rules", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(json[0]["rule"], Rule::ALL[0].id());
}

#[test]
fn the_account_decides_what_the_program_may_do() {
    let directory = tempfile::tempdir().expect("there is room for a file");
    let file = directory.path().join("returns.sys");
    // lea rax, [rip + 7]; mov [rcx + 68h], rax: its unload routine; xor eax, eax; ret; ret
    let code = [
        0x48, 0x8D, 0x05, 0x07, 0, 0, 0, 0x48, 0x89, 0x41, 0x68, 0x31, 0xC0, 0xC3, 0xC3,
    ];
    std::fs::write(&file, Driver::new(&code).build()).expect("the file is written");
    let file = file.to_str().expect("the path is text");
    let denied = |account: &str| {
        let output = wdm_sim(&["run", file, "--json", "--account", account]);
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        json["workload"]["denied"].as_u64().expect("a number")
    };
    assert_eq!(denied("system"), 0);
    assert!(denied("user") > 0, "it makes a key in SYSTEM");
    let output = wdm_sim(&["run", file, "--account", "nobody"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("\"nobody\" is no account; write system, administrator or user"),
        "{text}"
    );
}
