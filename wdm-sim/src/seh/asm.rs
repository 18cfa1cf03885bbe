//! Instructions that Rust has no words for: setting all registers, and calling a handler in a way
//! that its return address tells.

use std::arch::global_asm;

use super::context::{Context, DispatcherContext, ExceptionPointers, ExceptionRecord};

global_asm!(
    ".pushsection .text.wdm_sim_seh, \"ax\", @progbits",
    // Other objects of this crate refer to them.
    ".globl wdm_sim_resume",
    ".hidden wdm_sim_resume",
    ".globl wdm_sim_call_handler",
    ".hidden wdm_sim_call_handler",
    ".globl wdm_sim_handler_returns",
    ".hidden wdm_sim_handler_returns",
    // rdi: a context. Goes on there. `iretq` sets rip, rsp and the flags together, from the stack
    // on which this runs, so nothing is written to the stack on which it goes on.
    ".p2align 4",
    "wdm_sim_resume:",
    "fxrstor64 [rdi + 0x100]",
    "mov eax, ss",
    "push rax",
    "push qword ptr [rdi + 0x98]",
    "mov eax, [rdi + 0x44]",
    "push rax",
    "mov eax, cs",
    "push rax",
    "push qword ptr [rdi + 0xF8]",
    "mov rax, [rdi + 0x78]",
    "mov rcx, [rdi + 0x80]",
    "mov rdx, [rdi + 0x88]",
    "mov rbx, [rdi + 0x90]",
    "mov rbp, [rdi + 0xA0]",
    "mov rsi, [rdi + 0xA8]",
    "mov r8, [rdi + 0xB8]",
    "mov r9, [rdi + 0xC0]",
    "mov r10, [rdi + 0xC8]",
    "mov r11, [rdi + 0xD0]",
    "mov r12, [rdi + 0xD8]",
    "mov r13, [rdi + 0xE0]",
    "mov r14, [rdi + 0xE8]",
    "mov r15, [rdi + 0xF0]",
    "mov rdi, [rdi + 0xB0]",
    "iretq",
    // rcx, rdx, r8, r9: a handler's arguments; above their room on the stack: the handler.
    ".p2align 4",
    "wdm_sim_call_handler:",
    "sub rsp, 0x28",
    "call qword ptr [rsp + 0x50]",
    "wdm_sim_handler_returns:",
    "add rsp, 0x28",
    "ret",
    ".popsection",
);

unsafe extern "sysv64" {
    fn wdm_sim_resume(context: *const Context) -> !;
}

unsafe extern "win64" {
    fn wdm_sim_call_handler(a: u64, b: u64, c: u64, d: u64, routine: u64) -> i32;
    static wdm_sim_handler_returns: u8;
}

/// The arithmetic flags and that of direction, which a copy that goes on needs; none that traps.
const FLAGS: u32 = 0xCD5;
/// Flags that are always set: one by definition, and that of interrupts.
const FLAGS_SET: u32 = 0x202;
/// The bits of MXCSR that exist on all processors; setting others is a fault.
const MXCSR: u32 = 0xFFBF;

/// Goes on with the registers of a context.
///
/// # Safety
/// The context is one of driver code on this thread, above the frame that runs; the frames in
/// between hold nothing that must be dropped.
pub(super) unsafe fn resume(context: &mut Context) -> ! {
    context.eflags = context.eflags & FLAGS | FLAGS_SET;
    context.fpu.mxcsr &= MXCSR;
    // SAFETY: as the caller vouches.
    unsafe { wdm_sim_resume(context) }
}

/// The address to which handlers return: what lies beyond it is not the driver's.
pub(super) fn handler_returns() -> u64 {
    (&raw const wdm_sim_handler_returns).addr() as u64
}

/// Calls a language-specific handler.
///
/// # Safety
/// The address is that of such a handler, in an image whose code is on this thread's stack.
pub(super) unsafe fn call_handler(
    routine: u64,
    record: *mut ExceptionRecord,
    establisher: u64,
    context: *mut Context,
    dispatcher: *mut DispatcherContext,
) -> i32 {
    let record = record.expose_provenance() as u64;
    let context = context.expose_provenance() as u64;
    let dispatcher = dispatcher.expose_provenance() as u64;
    // SAFETY: as the caller vouches.
    unsafe { wdm_sim_call_handler(record, establisher, context, dispatcher, routine) }
}

/// Calls a filter: not zero if the exception is taken, negative if execution goes on.
///
/// # Safety
/// The address is that of a filter of the frame's function.
pub(super) unsafe fn call_filter(
    routine: u64,
    pointers: *mut ExceptionPointers,
    establisher: u64,
) -> i32 {
    let pointers = pointers.expose_provenance() as u64;
    // SAFETY: as the caller vouches.
    unsafe { wdm_sim_call_handler(pointers, establisher, 0, 0, routine) }
}

/// Calls a termination handler, for an abnormal termination.
///
/// # Safety
/// The address is that of a termination handler of the frame's function.
pub(super) unsafe fn call_termination(routine: u64, establisher: u64) {
    // SAFETY: as the caller vouches.
    unsafe { wdm_sim_call_handler(1, establisher, 0, 0, routine) };
}
