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
fn a_script_meets_the_driver() {
    let file = File::driver(WELL_BEHAVED);
    let script = File::new(
        "tested.script",
        b"open \\Registry\\Machine expect SUCCESS\n",
    );
    let output = wdm_sim(&[
        "run",
        &file.path(),
        "--script",
        &script.path(),
        "--verifier",
    ]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = stdout(&output);
    let told = text.lines().filter(|line| line.starts_with("1 open "));
    assert_eq!(told.count(), 1, "the verifier's runs tell nothing: {text}");
    assert!(text.contains("tested"), "{text}");
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
    for command in ["run", "inspect"] {
        let program = File::new(
            "program.sys",
            b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0",
        );
        assert_one_line(&[command, &program.path()], &["ELF"]);
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
fn a_missing_import_is_stubbed_and_stops_the_driver_that_calls_it() {
    let modules: &[(&str, &[&str])] = &[
        ("FLTMGR.SYS", &["FltNoSuchRoutine"]),
        ("ntoskrnl.exe", &["ZwClose", "NtNoSuchRoutine"]),
    ];
    let build = |code: &[u8]| {
        let driver = Driver::new(code).imports(modules).build();
        File::new("tested.sys", &driver)
    };
    let idle = build(WELL_BEHAVED);
    assert_one_line(
        &["run", &idle.path()],
        &["FLTMGR.SYS!FltNoSuchRoutine and ntoskrnl.exe!NtNoSuchRoutine"],
    );
    let output = wdm_sim(&["run", &idle.path(), "--stub-missing"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(stdout(&output).contains("ntoskrnl.exe!NtNoSuchRoutine"));

    let calls = build(&calls_import([1, 2, 3], WELL_BEHAVED));
    let stopped = |more: &[&str]| {
        let path = calls.path();
        let output = wdm_sim(&[&["run", &path, "--stub-missing"], more].concat());
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        for part in [
            "bug check 0xC0000263 ",
            "at FltNoSuchRoutine by tested",
            "called from tested.sys+0x101b (.text)",
            "FLTMGR.SYS!FltNoSuchRoutine",
        ] {
            assert!(stderr.contains(part), "{part} is not in: {stderr}");
        }
        stdout(&output)
    };
    assert!(stopped(&[]).contains("BUG-CHECK at FltNoSuchRoutine"));
    let json: serde_json::Value = serde_json::from_str(&stopped(&["--json"])).expect("it is JSON");
    assert_eq!(json["bug_check"]["call"], "FltNoSuchRoutine");
    assert_eq!(json["stubbed_imports"][0], "FLTMGR.SYS!FltNoSuchRoutine");
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
        assert_eq!(output.status.code(), Some(3), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        for part in parts {
            assert!(stderr.contains(part), "{part} is not in: {stderr}");
        }
        stdout(&output)
    };
    let table = stops(&[]);
    assert!(table.contains("BUG-CHECK at "), "{table}");
    let row = |name: &str| table.lines().any(|line| line.starts_with(name));
    assert!(row("bug check ") && row("driver's address "), "{table}");
    let json: serde_json::Value = serde_json::from_str(&stops(&["--json"])).expect("it is JSON");
    assert_eq!(json["driver"], "tested");
    assert_eq!(json["findings"][0]["rule"], "BUG-CHECK");
    assert!(json["bug_check"]["code"].is_u64(), "{json}");
    let address = json["bug_check"]["address"].as_str().unwrap_or_default();
    assert!(address.contains("tested.sys+0x"), "{json}");
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
        &[
            "bug check 0x000000E2 (0x1, 0x2, ",
            "by tested",
            "called from tested.sys+0x101b (.text)",
        ],
    );
}

#[test]
fn a_fault_in_a_routine_that_the_driver_called_is_its_bug_check() {
    // A string at 10h, where nothing is.
    let code = calls_import([0x10, 0, 0], WELL_BEHAVED);
    assert_stops(
        &File::importing(&code, &["RtlInitUnicodeString"]),
        &[
            "bug check 0x0000007E (0xC0000005, ",
            "at DriverEntry by tested, called from tested.sys+0x101b (.text)",
            "an access violation at 0x10 in a routine of the kernel",
        ],
    );
}

#[test]
fn a_stack_that_is_used_up_is_a_bug_check() {
    let recurses = &[0x48, 0x83, 0xEC, 0x78, 0xE8, 0xF7, 0xFF, 0xFF, 0xFF]; // sub rsp, 78h; call itself
    assert_stops(
        &File::driver(recurses),
        &[
            "bug check 0x0000007F (0x8, ",
            "tested.sys+0x10",
            "the stack is used up",
        ],
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

/// A driver with the device `\Device\Tested`, which turns the bits of the first byte of a buffered
/// request around and says that all of the output buffer is output.
fn with_device() -> File {
    let rip = |at: u32, target: u32| (target.wrapping_sub(TEXT + at)).to_le_bytes();
    let mut code: Vec<u8> = Vec::new();
    // push rbx; sub rsp, 40h; mov rbx, rcx
    code.extend([0x53, 0x48, 0x83, 0xEC, 0x40, 0x48, 0x89, 0xCB]);
    const DISPATCH: u32 = TEXT + 0x80;
    const UNLOAD: u32 = TEXT + 0xC0;
    let lea_rax = |code: &mut Vec<u8>, target| {
        code.extend([0x48, 0x8D, 0x05]);
        code.extend(rip(code.len() as u32 + 4, target));
    };
    lea_rax(&mut code, UNLOAD);
    code.extend([0x48, 0x89, 0x43, 0x68]); // mov [rbx + 68h], rax: DriverUnload
    lea_rax(&mut code, DISPATCH);
    code.extend([0x48, 0x89, 0x43, 0x70]); // mov [rbx + 70h], rax: IRP_MJ_CREATE
    code.extend([0x48, 0x89, 0x83, 0xE0, 0, 0, 0]); // mov [rbx + E0h], rax: IRP_MJ_DEVICE_CONTROL
    code.extend([0x31, 0xD2]); // xor edx, edx: no extension
    code.extend([0x4C, 0x8D, 0x05]); // lea r8, [DATA]: the name
    code.extend(rip(code.len() as u32 + 4, fixture::DATA));
    code.extend([0x41, 0xB9, 0x22, 0, 0, 0]); // mov r9d, FILE_DEVICE_UNKNOWN
    code.extend([0x31, 0xC0]); // xor eax, eax
    code.extend([0x48, 0x89, 0x44, 0x24, 0x20]); // mov [rsp + 20h], rax: no characteristics
    code.extend([0x48, 0x89, 0x44, 0x24, 0x28]); // mov [rsp + 28h], rax: not exclusive
    code.extend([0x48, 0x8D, 0x44, 0x24, 0x38]); // lea rax, [rsp + 38h]
    code.extend([0x48, 0x89, 0x44, 0x24, 0x30]); // mov [rsp + 30h], rax: the device
    code.extend([0xFF, 0x15]); // call IoCreateDevice
    code.extend(rip(code.len() as u32 + 4, IDATA));
    code.extend([0x48, 0x83, 0xC4, 0x40, 0x5B, 0xC3]); // add rsp, 40h; pop rbx; ret

    assert!(code.len() <= 0x80);
    code.resize(0x80, 0xCC);
    code.extend([0x48, 0x83, 0xEC, 0x28]); // sub rsp, 28h
    code.extend([0x48, 0x8B, 0x82, 0xB8, 0, 0, 0]); // mov rax, [rdx + B8h]: the stack location
    code.extend([0x80, 0x38, 0x0E]); // cmp byte [rax], IRP_MJ_DEVICE_CONTROL
    code.extend([0x75, 0x0E]); // jne behind the next four
    code.extend([0x44, 0x8B, 0x40, 0x08]); // mov r8d, [rax + 8]: OutputBufferLength
    code.extend([0x4C, 0x89, 0x42, 0x38]); // mov [rdx + 38h], r8: Information
    code.extend([0x48, 0x8B, 0x42, 0x18]); // mov rax, [rdx + 18h]: SystemBuffer
    code.extend([0xF6, 0x10]); // not byte [rax]
    code.extend([0x48, 0x89, 0xD1, 0x31, 0xD2]); // mov rcx, rdx; xor edx, edx
    code.extend([0xFF, 0x15]); // call IofCompleteRequest
    code.extend(rip(code.len() as u32 + 4, IDATA + 8));
    code.extend([0x31, 0xC0, 0x48, 0x83, 0xC4, 0x28, 0xC3]); // xor eax, eax; add rsp, 28h; ret

    assert!(code.len() <= 0xC0);
    code.resize(0xC0, 0xCC);
    code.extend([0x48, 0x8B, 0x49, 0x08]); // mov rcx, [rcx + 8]: DeviceObject
    code.extend([0xFF, 0x25]); // jmp IoDeleteDevice
    code.extend(rip(code.len() as u32 + 4, IDATA + 16));

    let name: Vec<u8> = r"\Device\Tested"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let length = (name.len() as u16).to_le_bytes();
    let mut data = [length, length, [0; 2], [0; 2]].concat();
    data.extend((fixture::IMAGE_BASE + u64::from(fixture::DATA) + 16).to_le_bytes());
    data.extend(name);
    let names = ["IoCreateDevice", "IofCompleteRequest", "IoDeleteDevice"];
    let driver = Driver::new(&code)
        .data(&data)
        .imports(&[("ntoskrnl.exe", &names)])
        .relocations(&[(fixture::DATA + 8, pe::IMAGE_REL_BASED_DIR64.0)]);
    File::new("tested.sys", &driver.build())
}

#[test]
fn control_codes_are_sent_in_their_order() {
    let file = with_device();
    let arguments = [
        "run",
        &file.path(),
        "--ioctl",
        r"\Device\Tested:0x222000:0f01:2",
        "--ioctl",
        r"\Device\Tested:2236420:ff:1",
    ];
    let output = wdm_sim(&arguments);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = stdout(&output);
    let lines: Vec<_> = text.lines().take(2).collect();
    let expected = [
        "ioctl 0x222000 status=0x00000000 out=f001",
        "ioctl 2236420 status=0x00000000 out=00",
    ];
    assert_eq!(lines, expected, "{text}");

    let output = wdm_sim(&[&arguments[..], &["--json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(json["ioctls"][0]["status"], "0x00000000");
    assert_eq!(json["ioctls"][0]["out"], "f001");
    assert_eq!(json["ioctls"][1]["code"], "2236420");
}

#[test]
fn a_fault_in_a_dispatch_routine_is_that_of_a_system_call() {
    let file = with_device();
    // Without buffers there is no system buffer.
    let code = r"\Device\Tested:0x222000::0";
    let output = wdm_sim(&["run", &file.path(), "--ioctl", code]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(
        stderr.contains("bug check 0x0000003B (0xC0000005, "),
        "{stderr}"
    );
    let text = stdout(&output);
    assert!(
        text.contains("BUG-CHECK at DRIVER_DISPATCH by tested"),
        "{text}"
    );
}

#[test]
fn a_device_that_is_not_there_is_one_line() {
    let file = with_device();
    let arguments = ["run", &file.path(), "--ioctl", r"\Device\Other:0x222000::0"];
    assert_one_line(
        &arguments,
        &[r"\Device\Other", "STATUS_OBJECT_NAME_NOT_FOUND"],
    );
}

#[test]
fn a_wrong_control_code_is_one_line_and_2() {
    for wrong in [
        r"\Device\Tested",
        "Tested:0x222000::0",
        r"\Device\Tested:code::0",
        r"\Device\Tested:0x222000:0:0",
        r"\Device\Tested:0x222000:xy:0",
        r"\Device\Tested:0x222000::long",
        r"\Device\Tested:0x1222200000::0",
    ] {
        let output = wdm_sim(&["run", "x.sys", "--ioctl", wrong]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{wrong}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{wrong}: {stderr}");
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
