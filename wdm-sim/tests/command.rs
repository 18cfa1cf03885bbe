//! The command line.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[allow(dead_code, reason = "the loader's own tests use the rest")]
#[path = "../src/loader/tests/fixture.rs"]
mod fixture;

use std::path::PathBuf;
use std::process::{Command, Output};

use fixture::{Driver, IDATA, RETURN_SUCCESS, TEXT};
use object::pe;

/// Sets an unload routine that does nothing, and returns `STATUS_SUCCESS`.
const WELL_BEHAVED: &[u8] = &[
    0x48, 0x8D, 0x05, 0x07, 0, 0, 0, // lea rax, [rip + 7]: behind the first ret
    0x48, 0x89, 0x41, 0x68, // mov [rcx + 68h], rax: DriverObject->DriverUnload
    0x31, 0xC0, // xor eax, eax
    0xC3, // ret
    0xC3, // ret
];

/// `mov eax, STATUS_UNSUCCESSFUL; ret`
const FAILS: &[u8] = &[0xB8, 0x01, 0x00, 0x00, 0xC0, 0xC3];

/// `mov rax, [10h]`
const FAULTS: &[u8] = &[0x48, 0x8B, 0x04, 0x25, 0x10, 0, 0, 0];

/// Code that calls its first import with three numbers, and goes on with `then` with the driver
/// object in rcx.
fn calls_import(arguments: [u32; 3], then: &[u8]) -> Vec<u8> {
    let [first, second, third] = arguments.map(u32::to_le_bytes);
    let mut code = vec![0x51, 0x48, 0x83, 0xEC, 0x30]; // push rcx; sub rsp, 30h
    code.extend([&[0xB9][..], &first, &[0xBA], &second, &[0x41, 0xB8], &third].concat());
    let after = TEXT + code.len() as u32 + 6;
    code.extend([0xFF, 0x15]); // call [rip + ...]
    code.extend((IDATA - after).to_le_bytes());
    code.extend([0x48, 0x83, 0xC4, 0x30, 0x59]); // add rsp, 30h; pop rcx
    code.extend(then);
    code
}

/// A file in a directory of its own, which is removed with it.
struct File {
    directory: tempfile::TempDir,
    name: &'static str,
}

impl File {
    fn new(name: &'static str, bytes: &[u8]) -> Self {
        let directory = tempfile::tempdir().expect("there is room for files");
        std::fs::write(directory.path().join(name), bytes).expect("the file is written");
        Self { directory, name }
    }

    fn driver(code: &[u8]) -> Self {
        Self::new("tested.sys", &Driver::new(code).build())
    }

    fn importing(code: &[u8], names: &[&str]) -> Self {
        let driver = Driver::new(code).imports(&[("ntoskrnl.exe", names)]);
        Self::new("tested.sys", &driver.build())
    }

    fn path(&self) -> String {
        let path: PathBuf = self.directory.path().join(self.name);
        path.to_str().expect("the path is text").to_owned()
    }
}

fn wdm_sim(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wdm-sim"));
    command.args(arguments).output().expect("the command runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Asserts that the command failed with one line on the standard error, which has these parts.
fn assert_one_line(arguments: &[&str], parts: &[&str]) {
    let output = wdm_sim(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
    assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
    assert!(stderr.starts_with("wdm-sim: "), "{stderr}");
    for part in parts {
        assert!(stderr.contains(part), "{part} is not in: {stderr}");
    }
    assert!(output.stdout.is_empty(), "{}", stdout(&output));
}

#[test]
fn a_clean_driver_gives_a_table_and_0() {
    let file = File::driver(WELL_BEHAVED);
    let output = wdm_sim(&["run", &file.path()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let table = stdout(&output);
    let row = |name: &str| {
        let row = table.lines().find_map(|line| line.strip_prefix(name));
        row.map(str::trim)
            .unwrap_or_else(|| panic!("no row {name} in: {table}"))
            .to_owned()
    };
    assert_eq!(row("driver "), "tested");
    assert_eq!(row("findings"), "0");
    assert!(row("keys opened").parse::<u32>().expect("a number") > 10);
    assert_eq!(row("denied to the program"), "0");
    assert_eq!(row("failed otherwise"), "0");
}

#[test]
fn json_is_json() {
    let file = File::driver(WELL_BEHAVED);
    let output = wdm_sim(&["run", &file.path(), "--json", "--verifier"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(json["driver"], "tested");
    assert_eq!(json["failed_allocations"], 0, "it allocates nothing");
    assert!(json["counters"]["operations"].as_u64() > Some(10));

    let output = wdm_sim(&["inspect", &file.path(), "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(json["name"], "tested.sys");
    assert_eq!(json["missing_imports"], serde_json::json!([]));
}

#[test]
fn findings_give_1_and_a_line_each() {
    // ExAllocatePool2(POOL_FLAG_NON_PAGED, 24, 'Leak')
    let code = calls_import([0x40, 24, u32::from_le_bytes(*b"Leak")], WELL_BEHAVED);
    let file = File::importing(&code, &["ExAllocatePool2"]);
    let output = wdm_sim(&["run", &file.path()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = stdout(&output);
    let line = text.lines().last().expect("there is output");
    assert!(
        line.starts_with("POOL-LEAK at DriverUnload by tested: 1 pool blocks, 24 bytes"),
        "{text}"
    );

    let output = wdm_sim(&["run", &file.path(), "--json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(json["findings"][0]["rule"], "POOL-LEAK");
}

#[test]
fn bad_files_are_one_line() {
    let missing = ["run", "/no/such/driver.sys"];
    assert_one_line(&missing, &["/no/such/driver.sys", "check the path"]);
    let program = std::env::current_exe().expect("the test has a file");
    let program = program.to_str().expect("the path is text");
    for command in ["run", "inspect"] {
        assert_one_line(&[command, program], &["ELF"]);
        let text = File::new("text.sys", b"[Version]\nSignature = \"$WINDOWS NT$\"\n");
        assert_one_line(&[command, &text.path()], &["text.sys"]);
    }
    let mut small = Driver::new(RETURN_SUCCESS);
    small.pe32_plus = false;
    small.machine = pe::IMAGE_FILE_MACHINE_I386;
    let file = File::new("small.sys", &small.build());
    assert_one_line(&["run", &file.path()], &["small.sys", "32-bit"]);
    let cut = &Driver::new(WELL_BEHAVED).build()[..700];
    assert_one_line(&["run", &File::new("cut.sys", cut).path()], &["cut.sys"]);
    let directory = tempfile::tempdir().expect("there is room for it");
    let directory = directory.path().to_str().expect("the path is text");
    assert_one_line(&["run", directory], &[directory]);
}

#[test]
fn a_missing_import_is_named() {
    let file = File::importing(WELL_BEHAVED, &["ZwClose", "NtNoSuchRoutine"]);
    assert_one_line(&["run", &file.path()], &["tested.sys", "NtNoSuchRoutine"]);
    let output = wdm_sim(&["inspect", &file.path()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = stdout(&output);
    assert!(text.contains("NtNoSuchRoutine (missing)"), "{text}");
    assert!(!text.contains("ZwClose (missing)"), "{text}");
}

#[test]
fn bad_drivers_are_one_line() {
    let fails = File::driver(FAILS);
    assert_one_line(
        &["run", &fails.path()],
        &["tested", "DriverEntry failed", "0xC0000001"],
    );
    let stays = File::driver(RETURN_SUCCESS);
    assert_one_line(&["run", &stays.path()], &["tested", "DriverUnload"]);
}

/// Asserts that the driver stops the machine with one line on the standard error, which has these
/// parts, and that the report is printed all the same.
fn assert_stops(file: &File, parts: &[&str]) {
    let stops = |more: &[&str]| {
        let path = file.path();
        let output = wdm_sim(&[&["run", path.as_str()], more].concat());
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        for part in parts {
            assert!(stderr.contains(part), "{part} is not in: {stderr}");
        }
        stdout(&output)
    };
    let table = stops(&[]);
    assert!(table.contains("BUG-CHECK at "), "{table}");
    let json: serde_json::Value = serde_json::from_str(&stops(&["--json"])).expect("it is JSON");
    assert_eq!(json["driver"], "tested");
    assert_eq!(json["findings"][0]["rule"], "BUG-CHECK");
    assert!(json["bug_check"]["code"].is_u64(), "{json}");
}

#[test]
fn a_bug_check_is_told_and_the_report_is_printed() {
    assert_stops(
        &File::driver(FAULTS),
        &[
            "bug check 0x0000007E (0xC0000005, ",
            "reading 0x10 at tested.sys+0x1000 (.text)",
        ],
    );
    let code = calls_import([0xE2, 1, 2], WELL_BEHAVED);
    assert_stops(
        &File::importing(&code, &["KeBugCheckEx"]),
        &["bug check 0x000000E2 (0x1, 0x2, ", "by tested"],
    );
}

#[test]
fn code_that_was_discarded_is_not_run() {
    let mut driver = Driver::new(RETURN_SUCCESS);
    let flags = pe::IMAGE_SCN_CNT_CODE
        | pe::IMAGE_SCN_MEM_READ
        | pe::IMAGE_SCN_MEM_EXECUTE
        | pe::IMAGE_SCN_MEM_DISCARDABLE;
    driver.sections.push(fixture::Section {
        name: "INIT",
        flags,
        bytes: WELL_BEHAVED.to_vec(),
    });
    // The unload routine lies in the section that is gone after DriverEntry.
    driver.entry = 0x7000;
    let file = File::new("tested.sys", &driver.build());
    assert_stops(&file, &["executing", "tested.sys+0x700e (INIT)"]);
}

#[test]
fn bad_hives_are_one_line() {
    let driver = File::driver(WELL_BEHAVED);
    let run = |hive: &str, parts: &[&str]| {
        assert_one_line(&["run", &driver.path(), "--hive", hive], parts);
    };
    run("SYSTEM=/no/such/hive", &["SYSTEM", "/no/such/hive"]);
    let text = File::new("hive", b"no hive at all");
    run(
        &format!("SYSTEM={}", text.path()),
        &["SYSTEM", "no registry hive"],
    );

    let whole = wdm_sim::registry::demo_hive().expect("the hive is made");
    let file = File::new("hive", &whole);
    let hive = format!("SYSTEM={}", file.path());
    let output = wdm_sim(&["run", &driver.path(), "--hive", &hive]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let cut = File::new("hive", &whole[..whole.len() / 2]);
    run(&format!("SYSTEM={}", cut.path()), &["hive SYSTEM"]);
    let mut damaged = whole;
    // A key whose signature is gone is lost with all below it.
    let signatures = damaged
        .windows(2)
        .enumerate()
        .filter(|(_, bytes)| bytes == b"nk");
    let place = signatures
        .map(|(at, _)| at)
        .nth(3)
        .expect("the hive has keys");
    damaged[place] = b'x';
    let damaged = File::new("hive", &damaged);
    run(
        &format!("SYSTEM={}", damaged.path()),
        &["SYSTEM is damaged", "take a copy"],
    );
}

#[test]
fn a_wrong_command_line_gives_2() {
    for arguments in [
        &[][..],
        &["run"],
        &["start", "x.sys"],
        &["run", "x.sys", "--hive", "SYSTEM"],
        &["run", "x.sys", "--hive", "=file"],
        &["run", "x.sys", "--nonsense"],
    ] {
        let output = wdm_sim(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert!(!output.stderr.is_empty());
    }
    for arguments in [["--help"], ["--version"]] {
        assert_eq!(wdm_sim(&arguments).status.code(), Some(0));
    }
}

#[test]
fn a_driver_is_run_on_the_windows_that_is_asked_for() {
    let file = File::importing(WELL_BEHAVED, &["CmRegisterCallbackEx", "ZwOpenKeyEx"]);
    let run = |version: &str| wdm_sim(&["run", &file.path(), "--profile", version]);
    for version in ["win7", "WIN8", "win11"] {
        let output = run(version);
        assert_eq!(output.status.code(), Some(0), "{version}: {output:?}");
        let row = format!("windows {}", version.to_lowercase());
        let table = stdout(&output);
        let mut lines = table.lines().map(|line| line.split_whitespace());
        assert!(
            lines.any(|words| words.collect::<Vec<_>>().join(" ") == row),
            "{table}"
        );
    }
    let path = file.path();
    let refused = |version: &str, missing: &str| {
        assert_one_line(
            &["run", &path, "--profile", version],
            &["tested.sys", missing],
        );
    };
    refused("vista", "ZwOpenKeyEx");
    refused("winxp", "CmRegisterCallbackEx");
    let unknown = run("win95");
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert_eq!(unknown.status.code(), Some(2), "{said}");
    assert!(said.contains("is no version of Windows"), "{said}");
}
