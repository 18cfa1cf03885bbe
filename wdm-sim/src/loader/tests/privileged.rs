//! Images with instructions that a processor refuses in user mode.

use std::process::Command;

use super::fixture::{Driver, IDATA, PDATA, TEXT};
use crate::loader::{Image, LoadOptions, Module};
use crate::machine::{Machine, irql};

/// The bytes of instructions, which end in `ret` with a status.
macro_rules! code {
    ($($line:literal),* $(,)?) => {{
        #[unsafe(naked)]
        unsafe extern "win64" fn code() {
            std::arch::naked_asm!($($line,)* "ud2", "ud2", "ud2", "ud2")
        }
        const END: [u8; 8] = [0x0F, 0x0B, 0x0F, 0x0B, 0x0F, 0x0B, 0x0F, 0x0B];
        let begin = code as *const u8;
        // SAFETY: the function's bytes can be read up to its end, which is marked.
        let bytes = unsafe { std::slice::from_raw_parts(begin, 4096.min(distance(begin, &END))) };
        bytes.to_vec()
    }};
}

/// How far it is from code to a mark in it.
fn distance(begin: *const u8, mark: &[u8; 8]) -> usize {
    let at = |offset: usize| begin.wrapping_add(offset).cast::<[u8; 8]>();
    // SAFETY: the mark is there, so everything before it is.
    (0..)
        .find(|&offset| unsafe { at(offset).read() } == *mark)
        .expect("code ends")
}

fn load(driver: &Driver) -> Module {
    let machine = machine();
    let resolve = |_: &str, name: crate::loader::ImportName<'_>| {
        crate::exports::resolve(&machine.kernel, "ntoskrnl.exe", name)
    };
    let image = Image::parse("dir/test.sys", &driver.build()).expect("the image is sound");
    Module::load(&image, LoadOptions::default(), &resolve).expect("the image loads")
}

/// Runs code on a kernel-mode thread of a machine; gives its status and what it stored behind rcx.
fn run(machine: &Machine, code: &[u8]) -> (u32, [u64; 4]) {
    let module = load(&Driver::new(code));
    let _thread = machine.system_process().enter();
    let mut words = [0; 4];
    // SAFETY: the code stores four words at most.
    let status = unsafe { module.entry_point()(words.as_mut_ptr().cast(), std::ptr::null_mut()) };
    (status.cast_unsigned(), words)
}

fn machine() -> Machine {
    Machine::builder().build().expect("it builds")
}

#[test]
fn cr8_is_the_level() {
    let code = code!(
        "mov rax, cr8",
        "mov [rcx], rax",
        "mov r9d, 2",
        "mov cr8, r9",
        "mov r10, cr8",
        "mov [rcx + 8], r10",
        "mov cr8, rax",
        "mov rdx, cr8",
        "mov [rcx + 16], rdx",
        "mov eax, 5",
        "ret",
    );
    let machine = machine();
    assert_eq!(run(&machine, &code), (5, [0, 2, 0, 0]));
    assert_eq!(machine.report().findings, []);
}

#[test]
fn routines_see_a_level_that_was_set_through_cr8() {
    let machine = machine();
    let guard = machine.system_process().enter();
    let module = load(&Driver::new(&code!(
        "mov eax, 2",
        "mov cr8, rax",
        "xor eax, eax",
        "ret"
    )));
    // SAFETY: the code has no parameters.
    unsafe { module.entry_point()(std::ptr::null_mut(), std::ptr::null_mut()) };
    assert_eq!(guard.thread().irql(), irql::DISPATCH_LEVEL);
    guard.thread().set_irql(irql::PASSIVE_LEVEL);
}

#[test]
fn control_registers_can_be_read_and_written_back() {
    let code = code!(
        "mov rax, cr0",
        "mov [rcx], rax",
        "mov cr0, rax",
        "mov rax, cr4",
        "mov cr4, rax",
        "mov rax, cr3",
        "mov [rcx + 8], rax",
        "mov rax, dr7",
        "mov [rcx + 16], rax",
        "cli",
        "sti",
        "wbinvd",
        "xor eax, eax",
        "ret",
    );
    let (status, [cr0, cr3, dr7, _]) = run(&machine(), &code);
    assert_eq!((status, cr0 >> 31, cr0 & 1, dr7), (0, 1, 1, 0x400));
    assert_eq!(cr3 & 0xFFF, 0);
}

#[test]
fn model_specific_registers_come_in_two_halves() {
    let code = code!(
        "mov r8, rcx",
        "mov ecx, 0xC0000101", // The base of gs.
        "rdmsr",
        "shl rdx, 32",
        "or rax, rdx",
        "mov [r8], rax",
        "mov rax, gs:[0x18]",
        "mov [r8 + 8], rax",
        "mov ecx, 0xC0000080",
        "rdmsr",
        "ret",
    );
    let (efer, [base, itself, ..]) = run(&machine(), &code);
    assert_eq!((base, efer), (itself, 0xD01));
}

#[test]
fn other_registers_and_flags_stay() {
    let code = code!(
        "mov [rcx], rbx",
        "mov rbx, 0x1122334455667788",
        "mov r15, -1",
        "movq xmm0, rbx",
        "xor eax, eax",
        "stc",
        "mov rdx, cr8",
        "adc eax, 0", // The carry.
        "movq [rcx + 8], xmm0",
        "mov [rcx + 16], r15",
        "mov rbx, [rcx]",
        "ret",
    );
    // r15 belongs to the caller.
    let mut kept = vec![0x41, 0x57, 0xE8, 3, 0, 0, 0, 0x41, 0x5F, 0xC3]; // push r15; call; pop r15; ret
    kept.extend(code);
    let (status, words) = run(&machine(), &kept);
    assert_eq!(status, 1);
    assert_eq!(words[1..3], [0x1122_3344_5566_7788, u64::MAX]);
}

#[test]
fn the_shared_page_has_the_time_and_the_version() {
    let code = code!(
        "movabs rax, [0xFFFFF78000000014]", // The system time.
        "mov [rcx], rax",
        "mov r8, 0xFFFFF78000000000",
        "mov rax, [r8 + 0x320]", // The ticks.
        "mov [rcx + 8], rax",
        "mov eax, -1",
        "mov r9d, 0x60",
        "movzx r10d, word ptr [r8 + r9 * 4 + 0xE0]", // The build.
        "mov [rcx + 16], r10",
        "xor eax, eax",
        "cmp dword ptr [r8 + 0x26C], 11", // The major version.
        "adc eax, 0",
        "cmp dword ptr [r8 + 0x26C], 10",
        "jne 2f",
        "test byte ptr [r8 + 0x2D4], 3", // No debugger.
        "jnz 2f",
        "add eax, 2",
        "2:",
        "mov r11d, [r8 + 4]", // The multiplier.
        "mov [rcx + 24], r11",
        "ret",
    );
    let before = crate::registry::system_time();
    let (compared, [time, _, build, multiplier]) = run(&machine(), &code);
    assert!((before..=crate::registry::system_time()).contains(&time));
    assert_eq!((compared, build), (3, 19045));
    // 15.625 ms a tick.
    assert_eq!(multiplier, 0xFA0_0000);
}

/// A driver whose `__try` block is the code up to the label 3, and whose handler is the code behind.
fn with_try(code: &[u8], end: u8, handler: u8) -> Driver {
    let mut text = vec![0x48, 0x83, 0xEC, 0x28]; // sub rsp, 40
    text.extend(code);
    let length = text.len() as u32;
    let thunk = TEXT + length;
    text.extend([0xFF, 0x25]); // jmp [slot]
    text.extend((IDATA.wrapping_sub(thunk + 6)).to_le_bytes());
    let info = PDATA + 12;
    let driver = Driver::new(&text)
        .imports(&[("ntoskrnl.exe", &["__C_specific_handler"])])
        .unwind(&[(TEXT, TEXT + length, info)]);
    let mut driver = driver;
    let bytes = &mut driver.sections[4].bytes;
    // Version 1 with a handler, a prologue of 4 bytes, one code: 40 bytes of stack.
    bytes.extend([1 | 1 << 3, 4, 1, 0, 4, 0x42, 0, 0]);
    let words = [
        thunk,
        1,
        TEXT + 4,
        TEXT + 4 + u32::from(end),
        1,
        TEXT + 4 + u32::from(handler),
    ];
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    driver
}

#[test]
fn what_would_change_the_machine_is_an_exception() {
    // xor eax, eax; add rsp, 40; ret, and as the handler the same behind the status in eax.
    const RETURN: [u8; 7] = [0x31, 0xC0, 0x48, 0x83, 0xC4, 0x28, 0xC3];
    const HANDLER: [u8; 5] = [0x48, 0x83, 0xC4, 0x28, 0xC3];
    let cases: [(&str, Vec<u8>, u32); 9] = [
        ("wrmsr", code!("wrmsr"), 0xC000_0096),
        ("rdmsr", code!("mov ecx, 0xC0000082", "rdmsr"), 0xC000_0096),
        (
            "mov cr0",
            code!("xor eax, eax", "mov cr0, rax"),
            0xC000_0096,
        ),
        ("mov cr8", code!("mov eax, 16", "mov cr8, rax"), 0xC000_0096),
        ("in", code!("mov dx, 0x60", "in al, dx"), 0xC000_0096),
        ("lidt", code!("lidt [rcx]"), 0xC000_0096),
        ("an assertion", code!("int 0x2C"), 0xC000_0420),
        ("a debugger's service", code!("int 0x2D"), 0x8000_0003),
        (
            "a write to the page",
            code!("mov r8, 0xFFFFF78000000000", "mov [r8], eax"),
            0xC000_0005,
        ),
    ];
    let machine = machine();
    let _thread = machine.system_process().enter();
    for (name, mut code, expected) in cases {
        let end = code.len() as u8;
        code.extend(RETURN);
        let handler = code.len() as u8;
        code.extend(HANDLER);
        let module = load(&with_try(&code, end, handler));
        // The handler finds the exception's code in eax.
        let mut words = [0_u64; 4];
        // SAFETY: the code touches nothing but the words.
        let status =
            unsafe { module.entry_point()(words.as_mut_ptr().cast(), std::ptr::null_mut()) };
        assert_eq!(status.cast_unsigned(), expected, "{name}");
    }
}

/// Set in the process that stops.
const INSIDE: &str = "WDM_TEST_INSIDE";

/// Runs code, in a process of its own, that stops the machine; gives what that process wrote.
fn stop(name: &str, code: &[u8]) -> String {
    if std::env::var_os(INSIDE).is_some() {
        run(&machine(), code);
        return String::new();
    }
    let this = std::env::current_exe().expect("a test knows its file");
    let name = format!("loader::tests::privileged::{name}");
    let mut again = Command::new(this);
    let child = again
        .args(["--exact", &name, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("the test runs itself");
    assert!(!child.status.success());
    String::from_utf8_lossy(&child.stderr).into_owned()
}

#[test]
fn an_instruction_that_nobody_takes_is_named() {
    let code = code!("wrmsr", "ret");
    let written = stop("an_instruction_that_nobody_takes_is_named", &code);
    let expected = "privileged instruction wrmsr (0xC0000096) at test.sys+0x1000 (.text)";
    assert!(written.contains(expected), "{written}");
}

#[test]
fn a_fast_failure_stops_the_machine_with_its_code() {
    let code = code!("mov ecx, 3", "int 0x29", "ret");
    let written = stop("a_fast_failure_stops_the_machine_with_its_code", &code);
    assert!(written.contains("bug check 0x00000139 (0x3, "), "{written}");
    assert!(
        written.contains("the links of a list entry are wrong"),
        "{written}"
    );
}
