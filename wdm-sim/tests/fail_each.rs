//! `wdm-sim run --fail-each`.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[allow(dead_code, reason = "the loader's own tests use the rest")]
#[path = "../src/loader/tests/fixture.rs"]
mod fixture;

use std::collections::BTreeMap;
use std::process::{Command, Output};

use fixture::{DATA, Driver, IDATA, TEXT};
use serde_json::Value;

/// Machine code with labels.
#[derive(Default)]
struct Code {
    bytes: Vec<u8>,
    labels: BTreeMap<&'static str, u32>,
    uses: Vec<(usize, &'static str)>,
}

impl Code {
    fn then(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend(bytes);
        self
    }

    /// Gives this place a name.
    fn label(&mut self, name: &'static str) -> &mut Self {
        self.labels.insert(name, TEXT + self.bytes.len() as u32);
        self
    }

    /// An instruction that ends with the distance to a label.
    fn near(&mut self, instruction: &[u8], label: &'static str) -> &mut Self {
        self.then(instruction);
        self.uses.push((self.bytes.len(), label));
        self.then(&[0; 4])
    }

    /// Calls an import by its number.
    fn import(&mut self, number: u32) -> &mut Self {
        self.then(&[0xFF, 0x15]);
        let after = TEXT + self.bytes.len() as u32 + 4;
        self.then(&(IDATA + number * 8 - after).to_le_bytes())
    }

    /// A driver in a directory of its own, whose functions have unwind entries.
    fn build(&mut self) -> Tested {
        for (at, label) in std::mem::take(&mut self.uses) {
            let distance = self.labels[label].wrapping_sub(TEXT + at as u32 + 4);
            self.bytes[at..at + 4].copy_from_slice(&distance.to_le_bytes());
        }
        // `push rbx; push rsi; push rdi; sub rsp, 20h`, and `sub rsp, 28h`.
        let entry = [1, 7, 4, 0, 7, 0x32, 3, 0x70, 2, 0x60, 1, 0x30];
        let helper = [1, 4, 1, 0, 4, 0x42, 0, 0];
        let end = TEXT + self.bytes.len() as u32;
        let [unload, allocate, free] = ["unload", "allocate", "free"].map(|name| self.labels[name]);
        let driver = Driver::new(&self.bytes)
            .data(&[&entry[..], &helper].concat())
            .imports(&[(
                "ntoskrnl.exe",
                &["ExAllocatePoolWithTag", "ExFreePoolWithTag"],
            )])
            .unwind(&[
                (TEXT, unload, DATA),
                (allocate, free, DATA + 12),
                (free, end, DATA + 12),
            ]);
        Tested::new(&driver, std::mem::take(&mut self.labels))
    }
}

/// A driver to run.
struct Tested {
    directory: tempfile::TempDir,
    labels: BTreeMap<&'static str, u32>,
}

impl Tested {
    fn new(driver: &Driver, labels: BTreeMap<&'static str, u32>) -> Self {
        let directory = tempfile::tempdir().expect("there is room for files");
        let file = directory.path().join("tested.sys");
        std::fs::write(&file, driver.build()).expect("the file is written");
        Self { directory, labels }
    }

    fn run(&self, more: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wdm-sim"));
        let file = self.directory.path().join("tested.sys");
        let command = command.arg("run").arg(file).arg("--fail-each").args(more);
        command.output().expect("the command runs")
    }

    /// The path to the allocation whose caller goes on at a label.
    fn path(&self, label: &str) -> [String; 2] {
        ["allocate returns", label].map(|label| format!("tested.sys+{:#x}", self.labels[label]))
    }

    /// The line of that path.
    fn line(&self, end: &str, label: &str) -> String {
        let [inner, outer] = self.path(label);
        format!(
            "{end}: ExAllocatePoolWithTag failed (no memory) in DriverEntry at {inner} < {outer}"
        )
    }
}

const TEST_RAX: &[u8] = &[0x48, 0x85, 0xC0];
const JZ: &[u8] = &[0x0F, 0x84];
const JNZ: &[u8] = &[0x0F, 0x85];
const JMP: &[u8] = &[0xE9];
const CALL: &[u8] = &[0xE8];
const TAG: &[u8] = b"Flts";
/// `mov rcx, rsi` and `mov rcx, rdi`: the first block and the second.
const FIRST: &[u8] = &[0x48, 0x89, 0xF1];
const SECOND: &[u8] = &[0x48, 0x89, 0xF9];

/// A driver that allocates three blocks and frees them. `first` is what it does when it has, or has not,
/// got the first; `third` what it frees when there is no third.
fn driver(first: impl FnOnce(&mut Code), third: &[&[u8]]) -> Tested {
    let mut code = Code::default();
    code.then(&[0x53, 0x56, 0x57, 0x48, 0x83, 0xEC, 0x20]); // push rbx, rsi, rdi; sub rsp, 20h
    code.near(&[0x48, 0x8D, 0x05], "unload"); // lea rax, [unload]
    code.then(&[0x48, 0x89, 0x41, 0x68]); // mov [rcx + 68h], rax: DriverUnload
    code.near(CALL, "allocate").label("first").then(TEST_RAX);
    first(&mut code);
    code.then(&[0x48, 0x89, 0xC6]); // mov rsi, rax
    code.near(CALL, "allocate")
        .label("second")
        .then(TEST_RAX)
        .near(JNZ, "has second");
    code.then(FIRST).near(CALL, "free").near(JMP, "fail");
    code.label("has second").then(&[0x48, 0x89, 0xC7]); // mov rdi, rax
    code.near(CALL, "allocate")
        .label("third")
        .then(TEST_RAX)
        .near(JNZ, "has third");
    for block in third {
        code.then(block).near(CALL, "free");
    }
    code.near(JMP, "fail");
    code.label("has third")
        .then(&[0x48, 0x89, 0xC1])
        .near(CALL, "free"); // mov rcx, rax
    code.then(FIRST)
        .near(CALL, "free")
        .then(SECOND)
        .near(CALL, "free");
    code.then(&[0x31, 0xC0]).near(JMP, "return"); // xor eax, eax
    code.label("fail").then(&[0xB8, 0x9A, 0, 0, 0xC0]); // mov eax, STATUS_INSUFFICIENT_RESOURCES
    code.label("return")
        .then(&[0x48, 0x83, 0xC4, 0x20, 0x5F, 0x5E, 0x5B, 0xC3]);
    code.label("unload").then(&[0xC3]);

    code.label("allocate").then(&[0x48, 0x83, 0xEC, 0x28]); // sub rsp, 28h
    code.then(&[0xB9, 0, 2, 0, 0, 0xBA, 16, 0, 0, 0]); // mov ecx, NonPagedPoolNx; mov edx, 16
    code.then(&[0x41, 0xB8])
        .then(TAG)
        .import(0)
        .label("allocate returns"); // mov r8d, the tag
    code.then(&[0x48, 0x83, 0xC4, 0x28, 0xC3]); // add rsp, 28h; ret
    code.label("free")
        .then(&[0x48, 0x83, 0xEC, 0x28, 0xBA])
        .then(TAG)
        .import(1);
    code.then(&[0x48, 0x83, 0xC4, 0x28, 0xC3]);
    code.build()
}

fn gives_up(code: &mut Code) {
    code.near(JZ, "fail");
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Asserts that the driver fails on the first path, in this way and with these words, and on no
/// other.
fn assert_first_path_fails(tested: &Tested, more: &[&str], end: &str, words: &str) {
    let output = tested.run(more);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = stdout(&output);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], tested.line(end, "first"), "{text}");
    assert!(lines[1].contains(words), "{text}");
    assert_eq!(lines[2], tested.line("clean", "second"), "{text}");
    assert_eq!(lines[3], tested.line("clean", "third"), "{text}");
    assert!(text.contains("paths failed           1"), "{text}");
}

#[test]
fn a_driver_that_copes_is_clean() {
    let tested = driver(gives_up, &[SECOND, FIRST]);
    let output = tested.run(&[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(
        output.stderr.is_empty(),
        "no bar without a terminal: {output:?}"
    );
    let text = stdout(&output);
    let lines: Vec<_> = text.lines().take(3).collect();
    let expected = ["first", "second", "third"].map(|label| tested.line("clean", label));
    assert_eq!(lines, expected);
    assert!(text.contains("paths tried            3"), "{text}");
    assert!(text.contains("paths failed           0"), "{text}");
}

#[test]
fn a_leak_on_one_path_is_found() {
    // It forgets the first block there.
    let tested = driver(gives_up, &[SECOND]);
    let output = tested.run(&["--json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let json: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let json = &json["fail_each"];
    assert_eq!(
        (&json["tried"], &json["failed"]),
        (&3.into(), &1.into()),
        "{json}"
    );
    let paths = json["paths"].as_array().expect("there are paths");
    for (path, label) in paths.iter().zip(["first", "second", "third"]) {
        assert_eq!(path["routine"], "ExAllocatePoolWithTag");
        assert_eq!(path["during"], "DriverEntry");
        assert_eq!(path["stack"], serde_json::json!(tested.path(label)));
    }
    let ends: Vec<_> = paths.iter().map(|path| &path["end"]).collect();
    assert_eq!(ends, ["clean", "clean", "findings"]);
    let detail = paths[2]["details"][0].as_str().unwrap_or_default();
    assert!(
        detail.starts_with("POOL-LEAK at DriverEntry by tested: 1 pool blocks"),
        "{detail}"
    );
}

#[test]
fn a_bug_check_on_one_path_does_not_end_the_others() {
    let writes = |code: &mut Code| {
        code.then(&[0xC6, 0x00, 0x01]); // mov byte [rax], 1
    };
    let tested = driver(writes, &[SECOND, FIRST]);
    assert_first_path_fails(&tested, &[], "BUG CHECK", "writing 0x0 at tested.sys+0x");
}

#[test]
fn a_crash_on_one_path_does_not_end_the_others() {
    // Without memory, it ends the process that it runs in.
    let ends = |code: &mut Code| {
        code.near(JNZ, "has first");
        code.then(&[0xB8, 0xE7, 0, 0, 0, 0xBF, 7, 0, 0, 0, 0x0F, 0x05]); // exit_group(7)
        code.label("has first");
    };
    let tested = driver(ends, &[SECOND, FIRST]);
    assert_first_path_fails(&tested, &[], "CRASH", "exit status: 7");
}

#[test]
fn a_path_that_never_ends_is_ended() {
    let hangs = |code: &mut Code| {
        code.then(&[0x74, 0xFE]); // jz to itself
    };
    let tested = driver(hangs, &[SECOND, FIRST]);
    let limit = ["--time-limit", "5"];
    assert_first_path_fails(&tested, &limit, "TIME LIMIT", "still running after 5 s");
}

#[test]
fn a_probe_raises_and_so_finds_that_nobody_takes_the_exception() {
    let mut code = vec![0x48, 0x83, 0xEC, 0x28, 0x48, 0x8D, 0x05]; // sub rsp, 28h; lea rax, [unload]
    code.extend([0; 4]);
    code.extend([0x48, 0x89, 0x41, 0x68]); // mov [rcx + 68h], rax: DriverUnload
    code.extend([0xB9, 0, 0, 1, 0, 0xBA, 8, 0, 0, 0]); // mov ecx, 10000h; mov edx, 8
    code.extend([0x45, 0x31, 0xC0, 0xFF, 0x15]); // xor r8d, r8d; call ProbeForRead
    code.extend((IDATA - TEXT - code.len() as u32 - 4).to_le_bytes());
    code.extend([0x31, 0xC0]); // xor eax, eax
    let unload = code.len() as u32 + 5;
    code[7..11].copy_from_slice(&(unload - 11).to_le_bytes());
    code.extend([0x48, 0x83, 0xC4, 0x28, 0xC3, 0xC3]); // add rsp, 28h; ret; ret
    let end = TEXT + code.len() as u32;
    let driver = Driver::new(&code)
        .data(&[1, 4, 1, 0, 4, 0x42, 0, 0])
        .imports(&[("ntoskrnl.exe", &["ProbeForRead"])])
        .unwind(&[(TEXT, end, DATA)]);
    let tested = Tested::new(&driver, BTreeMap::new());
    let output = tested.run(&[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = stdout(&output);
    let returns = TEXT + unload - 7;
    let expected = format!(
        "BUG CHECK: ProbeForRead failed (STATUS_ACCESS_VIOLATION) in DriverEntry at \
         tested.sys+{returns:#x}"
    );
    assert_eq!(text.lines().next(), Some(expected.as_str()), "{text}");
    assert!(text.contains("paths tried            1"), "{text}");
}

#[test]
fn what_is_not_clean_anyhow_is_not_tried() {
    let leaks = |code: &mut Code| {
        code.near(CALL, "allocate");
    };
    let tested = driver(leaks, &[SECOND, FIRST]);
    let output = tested.run(&[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("not clean without"), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(!stdout(&output).contains("paths"), "{output:?}");
}

#[test]
fn a_run_alone_is_not_for_people() {
    let help = Command::new(env!("CARGO_BIN_EXE_wdm-sim"))
        .args(["run", "--help"])
        .output()
        .expect("the command runs");
    let help = stdout(&help);
    assert!(help.contains("--fail-each"), "{help}");
    assert!(!help.contains("--fail-one"), "{help}");
}
