//! Instructions of drivers that the host's processor refuses, since drivers run in its user mode here.
//!
//! Compilers put some of them into drivers for routines of the headers: `KeGetCurrentIrql`,
//! `KeRaiseIrql` and `KeLowerIrql` are accesses to CR8, `KeQuerySystemTime` and its like read the page
//! that the kernel shares with programs, whose address programs on the host cannot have, and
//! `__fastfail` and `NT_ASSERT` are interrupts. They do here what they do on NT. Reading what a driver
//! may look at, such as a control register, gives what is plausible; what would change the machine
//! under the kernel is the exception `STATUS_PRIVILEGED_INSTRUCTION`, which no real kernel raises.
//!
//! `syscall` and `int 0x80` are not among them: the host's processor lets them through to the host's
//! own kernel.

use iced_x86::{Code, Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register as Name};

use super::context::{Context, ExceptionRecord, Register};
use super::{memory, shared_data};
use crate::loader::gs_base;
use crate::machine::{Thread, try_current};

/// The longest instruction, in bytes.
const LONGEST: usize = 15;
/// The highest level (`HIGH_LEVEL`).
const HIGH_LEVEL: u64 = 15;

const ACCESS_VIOLATION: i32 = 0xC000_0005_u32.cast_signed();
/// `STATUS_PRIVILEGED_INSTRUCTION`.
pub(super) const PRIVILEGED_INSTRUCTION: i32 = 0xC000_0096_u32.cast_signed();
const BREAKPOINT: i32 = 0x8000_0003_u32.cast_signed();
/// `STATUS_ASSERTION_FAILURE`.
const ASSERTION_FAILURE: i32 = 0xC000_0420_u32.cast_signed();
/// `STATUS_STACK_BUFFER_OVERRUN`, what a fast failure is called as an exception.
const FAST_FAILURE: i32 = 0xC000_0409_u32.cast_signed();
/// Bug check `KERNEL_SECURITY_CHECK_FAILURE`.
const KERNEL_SECURITY_CHECK_FAILURE: u32 = 0x139;

/// What control registers hold: protection, paging and write protection are on; the page tables are
/// somewhere; SSE and page-global entries are on.
const CR0: u64 = 0x8005_0033;
const CR3: u64 = 0x001A_D000;
const CR4: u64 = 0x6F8;
/// What debug registers hold that are not in use.
const DR6: u64 = 0xFFFF_0FF0;
const DR7: u64 = 0x400;

/// Model-specific registers.
mod msr {
    pub(super) const TIME_STAMP_COUNTER: u32 = 0x10;
    pub(super) const EFER: u32 = 0xC000_0080;
    pub(super) const FS_BASE: u32 = 0xC000_0100;
    pub(super) const GS_BASE: u32 = 0xC000_0101;
    pub(super) const KERNEL_GS_BASE: u32 = 0xC000_0102;
}

/// System calls, 64-bit mode and pages that are not executable are on.
const EFER: u64 = 0xD01;

/// Does what the instruction of an access violation does on NT, if it is one of those; says whether
/// execution goes on with the registers as they are now. Else the record says what to raise.
pub(super) fn emulate(record: &mut ExceptionRecord, context: &mut Context) -> bool {
    if record.code != ACCESS_VIOLATION || record.address != context.rip {
        return false;
    }
    let Some(thread) = try_current() else {
        return false;
    };
    let Some(instruction) = decode(context.rip) else {
        return false;
    };
    let goes_on = match effect(&thread, &instruction, context) {
        Effect::Nothing => return false,
        Effect::Done => true,
        Effect::Raise(code) => {
            record.set(code, &[]);
            false
        }
        Effect::FastFailure => {
            record.set(FAST_FAILURE, &[]);
            fast_failure(&thread, record, context)
        }
    };
    if goes_on {
        context.rip = instruction.next_ip();
    }
    goes_on
}

/// The name of the instruction at an address.
pub(super) fn name(rip: u64) -> String {
    let name = decode(rip).map(|instruction| format!("{:?}", instruction.mnemonic()));
    name.unwrap_or_default().to_lowercase()
}

/// What an instruction does.
enum Effect {
    /// It is none of those here.
    Nothing,
    /// It has been done.
    Done,
    /// It raises an exception.
    Raise(i32),
    /// It stops the machine.
    FastFailure,
}

fn decode(rip: u64) -> Option<Instruction> {
    let mut bytes = [0; LONGEST];
    let mut length = 0;
    for (at, byte) in bytes.iter_mut().enumerate() {
        let from = std::ptr::with_exposed_provenance::<u8>(rip as usize + at);
        // SAFETY: code can be read as bytes; where there is none, the copy says so.
        if !unsafe { memory::copy_from_caller(std::slice::from_mut(byte), from) } {
            break;
        }
        length += 1;
    }
    let mut decoder = Decoder::with_ip(64, &bytes[..length], rip, DecoderOptions::NONE);
    let instruction = decoder.decode();
    (!instruction.is_invalid()).then_some(instruction)
}

fn effect(thread: &Thread, instruction: &Instruction, context: &mut Context) -> Effect {
    match instruction.mnemonic() {
        Mnemonic::Int => interrupt(instruction.immediate8()),
        Mnemonic::Mov => match instruction.code() {
            Code::Mov_r64_cr | Code::Mov_r64_dr => read_special(thread, instruction.op1_register())
                .map_or_else(privileged, |value| {
                    set(context, instruction.op0_register(), value);
                    Effect::Done
                }),
            Code::Mov_cr_r64 => {
                let value = get(context, instruction.op1_register());
                write_control(thread, instruction.op0_register(), value)
            }
            Code::Mov_dr_r64 => privileged(),
            _ => shared_data_read(thread, instruction, context),
        },
        Mnemonic::Movzx | Mnemonic::Movsx | Mnemonic::Movsxd | Mnemonic::Cmp | Mnemonic::Test => {
            shared_data_read(thread, instruction, context)
        }
        Mnemonic::Rdmsr => {
            let number = context.get(Register::RCX) as u32;
            read_msr(number).map_or_else(privileged, |value| {
                context.set(Register::RAX, value & 0xFFFF_FFFF);
                context.set(Register::RDX, value >> 32);
                Effect::Done
            })
        }
        // No interrupt that a driver could hold off reaches it here, caches are coherent, and pages
        // are the host's.
        Mnemonic::Cli | Mnemonic::Sti | Mnemonic::Wbinvd | Mnemonic::Invlpg => Effect::Done,
        Mnemonic::Hlt => {
            std::thread::yield_now();
            Effect::Done
        }
        _ if instruction.is_privileged() => privileged(),
        _ => Effect::Nothing,
    }
}

fn privileged() -> Effect {
    Effect::Raise(PRIVILEGED_INSTRUCTION)
}

/// Interrupts by which drivers call the kernel.
fn interrupt(number: u8) -> Effect {
    match number {
        0x29 => Effect::FastFailure,
        0x2C => Effect::Raise(ASSERTION_FAILURE),
        // Without a debugger, a request to it is a breakpoint.
        0x2D => Effect::Raise(BREAKPOINT),
        _ => privileged(),
    }
}

fn fast_failure(thread: &Thread, record: &ExceptionRecord, context: &Context) -> ! {
    let code = context.get(Register::RCX);
    let what = match code {
        2 => "a stack cookie was overwritten",
        3 => "the links of a list entry are wrong",
        5 => "an argument is invalid",
        8 => "an index is out of range",
        10 => "an indirect call goes where no function begins",
        14 => "a reference count is out of range",
        _ => "see FAST_FAIL_ in the headers",
    };
    let parameters = [
        code,
        std::ptr::from_ref(context).addr() as u64,
        std::ptr::from_ref(record).addr() as u64,
        0,
    ];
    let place = super::images::with(context.rip, |image| image.describe(context.rip));
    let reason = format!("{what}, at {}", place.unwrap_or_default());
    thread.bug_check(
        "__fastfail",
        KERNEL_SECURITY_CHECK_FAILURE,
        parameters,
        reason,
    )
}

/// The value of a control or debug register.
fn read_special(thread: &Thread, register: Name) -> Option<u64> {
    match register {
        Name::CR0 => Some(CR0),
        Name::CR2 => Some(0),
        Name::CR3 => Some(CR3),
        Name::CR4 => Some(CR4),
        Name::CR8 => Some(thread.irql().into()),
        Name::DR0 | Name::DR1 | Name::DR2 | Name::DR3 => Some(0),
        Name::DR6 => Some(DR6),
        Name::DR7 => Some(DR7),
        _ => None,
    }
}

/// Sets a control register: CR8 is the level, the others must stay as they are.
fn write_control(thread: &Thread, register: Name, value: u64) -> Effect {
    match register {
        Name::CR8 if value <= HIGH_LEVEL => {
            thread.set_irql(value as u8);
            Effect::Done
        }
        Name::CR0 if value == CR0 => Effect::Done,
        Name::CR3 if value == CR3 => Effect::Done,
        Name::CR4 if value == CR4 => Effect::Done,
        _ => privileged(),
    }
}

fn read_msr(number: u32) -> Option<u64> {
    match number {
        // SAFETY: all processors for x86_64 have the instruction.
        msr::TIME_STAMP_COUNTER => Some(unsafe { std::arch::x86_64::_rdtsc() }),
        msr::EFER => Some(EFER),
        msr::FS_BASE | msr::KERNEL_GS_BASE => Some(0),
        msr::GS_BASE => gs_base().ok(),
        _ => None,
    }
}

/// An instruction that reads the page which the kernel shares with programs.
fn shared_data_read(thread: &Thread, instruction: &Instruction, context: &mut Context) -> Effect {
    let kind = |operand| instruction.op_kind(operand);
    let is_memory = |operand| kind(operand) == OpKind::Memory;
    let Some(memory) = (0..instruction.op_count()).find(|&operand| is_memory(operand)) else {
        return Effect::Nothing;
    };
    let registers = |register, _, _| Some(value_of(context, register, instruction));
    let address = instruction.virtual_address(memory, 0, registers);
    let size = instruction.memory_size().size();
    let Some(value) = address.and_then(|it| shared_data::read(thread.kernel(), it, size)) else {
        return Effect::Nothing;
    };
    let target = instruction.op0_register();
    match instruction.mnemonic() {
        Mnemonic::Mov | Mnemonic::Movzx if memory == 1 => set(context, target, value),
        Mnemonic::Movsx | Mnemonic::Movsxd if memory == 1 => {
            set(context, target, sign_extend(value, size));
        }
        Mnemonic::Cmp | Mnemonic::Test => {
            let other = 1 - memory;
            let other = match kind(other) {
                OpKind::Register => get(context, instruction.op_register(other)),
                _ => instruction.immediate(other),
            };
            let operands = if memory == 0 {
                [value, other]
            } else {
                [other, value]
            };
            compare(instruction.mnemonic(), operands, size, context);
        }
        // It writes there, which faults on NT too.
        _ => return Effect::Nothing,
    }
    Effect::Done
}

/// What a register adds to an address.
fn value_of(context: &Context, register: Name, instruction: &Instruction) -> u64 {
    match register {
        Name::RIP => instruction.next_ip(),
        register if register.is_gpr() => get(context, register),
        // Segments begin at 0.
        _ => 0,
    }
}

/// Whether it is the second byte of a register.
fn is_high_byte(register: Name) -> bool {
    matches!(register, Name::AH | Name::BH | Name::CH | Name::DH)
}

fn full(register: Name) -> Register {
    let register = register.full_register();
    Register::from_number((register as u32 - Name::RAX as u32) as u8)
}

fn get(context: &Context, register: Name) -> u64 {
    let value = context.get(full(register));
    let value = if is_high_byte(register) {
        value >> 8
    } else {
        value
    };
    value & mask(register.size())
}

fn set(context: &mut Context, register: Name, value: u64) {
    let (full, size) = (full(register), register.size());
    let shift = if is_high_byte(register) { 8 } else { 0 };
    let kept = match size {
        // The upper half becomes zero.
        4 | 8 => 0,
        _ => context.get(full) & !(mask(size) << shift),
    };
    context.set(full, kept | (value & mask(size)) << shift);
}

/// The bits of so many bytes.
fn mask(size: usize) -> u64 {
    u64::MAX >> (64 - 8 * size.clamp(1, 8))
}

fn sign_extend(value: u64, size: usize) -> u64 {
    let unused = 64 - 8 * size.clamp(1, 8);
    ((value << unused).cast_signed() >> unused).cast_unsigned()
}

/// Sets the flags as `cmp` and `test` do.
fn compare(mnemonic: Mnemonic, [a, b]: [u64; 2], size: usize, context: &mut Context) {
    const CARRY: u32 = 1;
    const PARITY: u32 = 1 << 2;
    const ZERO: u32 = 1 << 6;
    const SIGN: u32 = 1 << 7;
    const OVERFLOW: u32 = 1 << 11;
    let (a, b) = (a & mask(size), b & mask(size));
    let top = 1 << (8 * size.clamp(1, 8) - 1);
    let (result, carry, overflow) = match mnemonic {
        Mnemonic::Cmp => {
            let difference = a.wrapping_sub(b) & mask(size);
            (difference, a < b, (a ^ b) & (a ^ difference) & top != 0)
        }
        _ => (a & b, false, false),
    };
    let flags = [
        (CARRY, carry),
        (PARITY, (result as u8).count_ones().is_multiple_of(2)),
        (ZERO, result == 0),
        (SIGN, result & top != 0),
        (OVERFLOW, overflow),
    ];
    for (flag, on) in flags {
        context.eflags = if on {
            context.eflags | flag
        } else {
            context.eflags & !flag
        };
    }
}
