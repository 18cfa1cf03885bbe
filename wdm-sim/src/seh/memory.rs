//! Copying that can fault.
//!
//! Two kinds. The kernel's copy routines for `.sys` files: a fault in one is an exception of the
//! driver that called it. And the simulator's own access to a caller's memory: a fault there is a
//! result.

use std::arch::global_asm;

use super::context::{Context, DIRECTION_FLAG, Register};
use super::error::UnwindError;
use super::step::Memory;

// The routines with Microsoft's convention, in which rdi and rsi belong to the caller: until the end
// they are kept in r10 and r11, and the stack is as it was at the call. So each is unwound alike.
global_asm!(
    ".pushsection .text.wdm_sim_seh, \"ax\", @progbits",
    // Other objects of this crate refer to them.
    ".globl wdm_sim_copy_begin",
    ".hidden wdm_sim_copy_begin",
    ".globl wdm_sim_memmove",
    ".hidden wdm_sim_memmove",
    ".globl wdm_sim_fill",
    ".hidden wdm_sim_fill",
    ".globl wdm_sim_zero",
    ".hidden wdm_sim_zero",
    ".globl wdm_sim_memset",
    ".hidden wdm_sim_memset",
    ".globl wdm_sim_memcmp",
    ".hidden wdm_sim_memcmp",
    ".globl wdm_sim_compare",
    ".hidden wdm_sim_compare",
    ".globl wdm_sim_copy_end",
    ".hidden wdm_sim_copy_end",
    ".globl wdm_sim_guarded_copy",
    ".hidden wdm_sim_guarded_copy",
    ".globl wdm_sim_guarded_copy_faults",
    ".hidden wdm_sim_guarded_copy_faults",
    ".globl wdm_sim_guarded_copy_ends",
    ".hidden wdm_sim_guarded_copy_ends",
    ".globl wdm_sim_guarded_touch",
    ".hidden wdm_sim_guarded_touch",
    ".globl wdm_sim_guarded_touch_faults",
    ".hidden wdm_sim_guarded_touch_faults",
    ".globl wdm_sim_guarded_touch_ends",
    ".hidden wdm_sim_guarded_touch_ends",
    ".p2align 4",
    "wdm_sim_copy_begin:",
    // rcx to, rdx from, r8 count -> rax to. The places may overlap.
    "wdm_sim_memmove:",
    "mov r10, rdi",
    "mov r11, rsi",
    "mov rax, rcx",
    "mov rdi, rcx",
    "mov rsi, rdx",
    "mov rcx, r8",
    "sub rdx, rax",
    "neg rdx",
    "cmp rdx, r8",
    "jb 2f", // It begins within what is copied.
    "rep movsb",
    "jmp 3f",
    "2:",
    "lea rdi, [rdi + rcx - 1]",
    "lea rsi, [rsi + rcx - 1]",
    "std",
    "rep movsb",
    "cld",
    "jmp 3f",
    // rcx to, rdx count, r8 value.
    ".p2align 4",
    "wdm_sim_fill:",
    "xchg rdx, r8",
    "jmp wdm_sim_memset",
    // rcx to, rdx count.
    ".p2align 4",
    "wdm_sim_zero:",
    "mov r8, rdx",
    "xor edx, edx",
    // rcx to, dl value, r8 count -> rax to.
    "wdm_sim_memset:",
    "mov r10, rdi",
    "mov r11, rsi",
    "mov r9, rcx",
    "mov rdi, rcx",
    "mov eax, edx",
    "mov rcx, r8",
    "rep stosb",
    "mov rax, r9",
    "jmp 3f",
    // rcx one, rdx other, r8 count -> eax order.
    ".p2align 4",
    "wdm_sim_memcmp:",
    "mov r10, rdi",
    "mov r11, rsi",
    "mov rsi, rcx",
    "mov rdi, rdx",
    "mov rcx, r8",
    "xor eax, eax", // No bytes are equal.
    "repe cmpsb",
    "seta al",
    "setb cl",
    "sub al, cl",
    "movsx eax, al",
    "jmp 3f",
    // rcx one, rdx other, r8 count -> rax number of equal bytes at the beginning.
    ".p2align 4",
    "wdm_sim_compare:",
    "mov r10, rdi",
    "mov r11, rsi",
    "mov rsi, rcx",
    "mov rdi, rdx",
    "mov rcx, r8",
    "xor eax, eax",
    "repe cmpsb",
    "mov rax, r8",
    "je 3f",
    "sub rax, rcx",
    "dec rax",
    "3:",
    "mov rdi, r10",
    "mov rsi, r11",
    "ret",
    "wdm_sim_copy_end:",
    // rdi to, rsi from, rdx count -> rax bytes that were not copied. A fault ends the copy.
    ".p2align 4",
    "wdm_sim_guarded_copy:",
    "mov rcx, rdx",
    "wdm_sim_guarded_copy_faults:",
    "rep movsb",
    "wdm_sim_guarded_copy_ends:",
    "mov rax, rcx",
    "ret",
    // rdi place -> rax 0, or not 0 if it cannot be written.
    ".p2align 4",
    "wdm_sim_guarded_touch:",
    "mov eax, 1",
    "wdm_sim_guarded_touch_faults:",
    "lock or byte ptr [rdi], 0",
    "xor eax, eax",
    "wdm_sim_guarded_touch_ends:",
    "ret",
    ".popsection",
);

unsafe extern "win64" {
    fn wdm_sim_memmove();
    fn wdm_sim_memset();
    fn wdm_sim_memcmp();
    fn wdm_sim_compare();
    fn wdm_sim_fill();
    fn wdm_sim_zero();
}

unsafe extern "sysv64" {
    fn wdm_sim_guarded_copy(to: *mut u8, from: *const u8, count: usize) -> usize;
    fn wdm_sim_guarded_touch(place: *mut u8) -> u64;
}

unsafe extern "C" {
    static wdm_sim_copy_begin: u8;
    static wdm_sim_copy_end: u8;
    static wdm_sim_guarded_copy_faults: u8;
    static wdm_sim_guarded_copy_ends: u8;
    static wdm_sim_guarded_touch_faults: u8;
    static wdm_sim_guarded_touch_ends: u8;
}

/// The copy routines, as `.sys` files import them.
pub(super) const ROUTINES: [(&str, *const ()); 9] = [
    ("memcpy", wdm_sim_memmove as *const ()),
    ("memmove", wdm_sim_memmove as *const ()),
    ("memset", wdm_sim_memset as *const ()),
    ("memcmp", wdm_sim_memcmp as *const ()),
    ("RtlCompareMemory", wdm_sim_compare as *const ()),
    ("RtlCopyMemory", wdm_sim_memmove as *const ()),
    ("RtlFillMemory", wdm_sim_fill as *const ()),
    ("RtlMoveMemory", wdm_sim_memmove as *const ()),
    ("RtlZeroMemory", wdm_sim_zero as *const ()),
];

/// Whether control is in a copy routine.
pub(super) fn is_copy_routine(rip: u64) -> bool {
    let begin = (&raw const wdm_sim_copy_begin).addr() as u64;
    let end = (&raw const wdm_sim_copy_end).addr() as u64;
    (begin..end).contains(&rip)
}

/// Unwinds a copy routine that faulted.
pub(super) fn unwind_copy_routine(
    context: &mut Context,
    memory: &impl Memory,
) -> Result<(), UnwindError> {
    let rsp = context.rsp();
    context.rip = memory.word(rsp)?;
    context.set_rsp(rsp.wrapping_add(8));
    context.set(Register::RDI, context.get(Register::R10));
    context.set(Register::RSI, context.get(Register::R11));
    context.eflags &= !DIRECTION_FLAG;
    Ok(())
}

/// Where the simulator's own access goes on after a fault, if control is in one.
pub(super) fn after_guarded_fault(rip: u64) -> Option<u64> {
    let at = |label: *const u8| label.addr() as u64;
    [
        (
            at(&raw const wdm_sim_guarded_copy_faults),
            at(&raw const wdm_sim_guarded_copy_ends),
        ),
        (
            at(&raw const wdm_sim_guarded_touch_faults),
            at(&raw const wdm_sim_guarded_touch_ends),
        ),
    ]
    .into_iter()
    .find_map(|(faults, ends)| (rip == faults).then_some(ends))
}

/// Copies bytes to a caller's memory, which may not be there; says whether it was.
///
/// # Safety
/// What is there, if anything, is the caller's to write; no reference to it is alive.
pub(crate) unsafe fn copy_to_caller(to: *mut u8, bytes: &[u8]) -> bool {
    // SAFETY: as the caller vouches.
    unsafe { copy_guarded(to, bytes.as_ptr(), bytes.len()) }
}

/// Copies bytes from a caller's memory, which may not be there; says whether it was.
///
/// # Safety
/// What is there, if anything, can be read as bytes.
pub(crate) unsafe fn copy_from_caller(bytes: &mut [u8], from: *const u8) -> bool {
    // SAFETY: as the caller vouches.
    unsafe { copy_guarded(bytes.as_mut_ptr(), from, bytes.len()) }
}

/// Copies bytes of which either place may not be there; says whether both were.
///
/// # Safety
/// What is there of each place, if anything, is valid for the access.
pub(crate) unsafe fn copy_guarded(to: *mut u8, from: *const u8, count: usize) -> bool {
    super::signal::install();
    // SAFETY: as the caller vouches; a fault ends the copy.
    unsafe { wdm_sim_guarded_copy(to, from, count) == 0 }
}

/// Whether a byte of a caller's memory can be written. It keeps its value.
pub(crate) fn is_writable_by_caller(place: *mut u8) -> bool {
    super::signal::install();
    // SAFETY: it changes nothing, and a fault is an answer.
    unsafe { wdm_sim_guarded_touch(place) == 0 }
}
