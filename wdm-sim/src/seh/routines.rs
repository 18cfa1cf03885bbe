//! The kernel's routines that need their caller's registers: they raise exceptions, unwind, or walk
//! the stack.
//!
//! Each is a few instructions that store all registers as they are in the caller once the routine
//! has returned, as a context on the stack, and a function that gets the context: its arguments are
//! in there. Routines that raise are abandoned where they do, so the functions hold nothing by then.

use std::ffi::c_void;

use super::backtrace;
use super::context::{CONTEXT_ALL, Context, ExceptionRecord, Register, flags};
use super::dispatch::{self, Handling};
use super::images::{self, Running};
use super::info::Purpose;
use super::memory;
use super::scope_table::c_specific_handler;
use super::stack::Stack;
use super::step;
use super::unwind::{self, STATUS_UNWIND, Target};
use crate::exports::{Raised, probe_and_lock, probe_for_read, probe_for_write};
use crate::faults;
use crate::loader::RuntimeFunction;

/// The routines that `.sys` files get under these names, whatever the tables of
/// [`exports`](crate::exports) say.
pub(crate) fn routines() -> impl Iterator<Item = (&'static str, *const ())> {
    memory::ROUTINES.into_iter().chain(ROUTINES)
}

/// Defines routines that hand their caller's registers to a function, and then return, or, with
/// `[goes_on]`, go on to another routine as if the caller had called that.
macro_rules! with_context {
    (@end) => { "add rsp, 0x4F8\nret" };
    // With the arguments as they were, to the address that r11 had.
    (@end goes_on) => {
        "fxrstor64 [rsp + 0x120]
        mov rcx, [rsp + 0xA0]
        mov rdx, [rsp + 0xA8]
        mov r8, [rsp + 0xD8]
        mov r9, [rsp + 0xE0]
        mov r11, [rsp + 0xF0]
        add rsp, 0x4F8
        jmp r11"
    };
    ($($(#[doc = $doc:literal])* $([$kind:ident])? $name:ident => $function:path;)*) => {$(
        $(#[doc = $doc])*
        #[unsafe(naked)]
        unsafe extern "win64" fn $name() {
            // The context is 0x4D0 bytes at rsp + 0x20, above the room that the convention wants;
            // the return address lies at rsp + 0x4F8.
            std::arch::naked_asm!(
                "sub rsp, 0x4F8",
                "mov [rsp + 0x98], rax",
                "mov [rsp + 0xA0], rcx",
                "mov [rsp + 0xA8], rdx",
                "mov [rsp + 0xB0], rbx",
                "lea rax, [rsp + 0x500]",
                "mov [rsp + 0xB8], rax",
                "mov [rsp + 0xC0], rbp",
                "mov [rsp + 0xC8], rsi",
                "mov [rsp + 0xD0], rdi",
                "mov [rsp + 0xD8], r8",
                "mov [rsp + 0xE0], r9",
                "mov [rsp + 0xE8], r10",
                "mov [rsp + 0xF0], r11",
                "mov [rsp + 0xF8], r12",
                "mov [rsp + 0x100], r13",
                "mov [rsp + 0x108], r14",
                "mov [rsp + 0x110], r15",
                "mov rax, [rsp + 0x4F8]",
                "mov [rsp + 0x118], rax",
                "fxsave64 [rsp + 0x120]",
                "stmxcsr [rsp + 0x54]",
                "mov dword ptr [rsp + 0x50], {flags}",
                "mov [rsp + 0x58], cs",
                "mov [rsp + 0x62], ss",
                "pushfq",
                "pop rax",
                "mov [rsp + 0x64], eax",
                "lea rcx, [rsp + 0x20]",
                "call {function}",
                with_context!(@end $($kind)?),
                flags = const CONTEXT_ALL,
                function = sym $function,
            )
        }
    )*};
}

with_context! {
    raise_status => raise_status_in;
    raise_access_violation => raise_access_violation_in;
    raise_misalignment => raise_misalignment_in;
    raise_exception => raise_exception_in;
    break_point => break_point_in;
    probe_read => probe_read_in;
    probe_write => probe_write_in;
    lock_pages => lock_pages_in;
    unwind_ex => unwind_in;
    local_unwind => local_unwind_in;
    capture_context => capture_context_in;
    capture_backtrace => capture_backtrace_in;
    [goes_on] note_and_go_on => note_in;
}

const ROUTINES: [(&str, *const ()); 17] = [
    ("__C_specific_handler", c_specific_handler as *const ()),
    ("_local_unwind", local_unwind as *const ()),
    (
        "ExRaiseAccessViolation",
        raise_access_violation as *const (),
    ),
    (
        "ExRaiseDatatypeMisalignment",
        raise_misalignment as *const (),
    ),
    ("DbgBreakPoint", break_point as *const ()),
    ("ExRaiseStatus", raise_status as *const ()),
    ("MmProbeAndLockPages", lock_pages as *const ()),
    ("ProbeForRead", probe_read as *const ()),
    ("ProbeForWrite", probe_write as *const ()),
    ("RtlCaptureContext", capture_context as *const ()),
    ("RtlCaptureStackBackTrace", capture_backtrace as *const ()),
    ("RtlRaiseException", raise_exception as *const ()),
    ("RtlRaiseStatus", raise_status as *const ()),
    ("RtlRestoreContext", restore_context as *const ()),
    ("RtlUnwind", unwind_ex as *const ()),
    ("RtlUnwindEx", unwind_ex as *const ()),
    ("RtlVirtualUnwind", virtual_unwind as *const ()),
];

/// Raises an exception in the caller of a routine.
///
/// # Safety
/// The context is the caller's, of driver code on this thread; nothing on the way to it holds what
/// must be dropped.
unsafe fn raise(context: *mut Context, record: ExceptionRecord) -> ! {
    let mut record = record;
    // SAFETY: valid, and nobody else uses it.
    let context = unsafe { &mut *context };
    record.address = context.rip;
    dispatch::dispatch(&mut record, context)
}

/// An argument of the routine: the value of the register in the caller.
///
/// # Safety
/// The context is valid.
unsafe fn argument(context: *const Context, register: Register) -> u64 {
    // SAFETY: by this function's contract.
    unsafe { (*context).get(register) }
}

/// `ExRaiseStatus(status)`.
unsafe extern "win64" fn raise_status_in(context: *mut Context) {
    // SAFETY: the routine gave its context.
    let status = unsafe { argument(context, Register::RCX) } as i32;
    let record = ExceptionRecord::new(status, flags::NONCONTINUABLE, 0, &[]);
    // SAFETY: the routine gave its caller's context.
    unsafe { raise(context, record) }
}

/// `ExRaiseAccessViolation()`.
unsafe extern "win64" fn raise_access_violation_in(context: *mut Context) {
    let status = Raised::ACCESS_VIOLATION;
    let record = ExceptionRecord::new(status, flags::NONCONTINUABLE, 0, &[]);
    // SAFETY: the routine gave its caller's context.
    unsafe { raise(context, record) }
}

/// `ExRaiseDatatypeMisalignment()`.
unsafe extern "win64" fn raise_misalignment_in(context: *mut Context) {
    let status = Raised::DATATYPE_MISALIGNMENT;
    let record = ExceptionRecord::new(status, flags::NONCONTINUABLE, 0, &[]);
    // SAFETY: the routine gave its caller's context.
    unsafe { raise(context, record) }
}

/// `DbgBreakPoint()`: a filter can go on behind the call.
unsafe extern "win64" fn break_point_in(context: *mut Context) {
    let record = ExceptionRecord::new(Raised::BREAKPOINT, 0, 0, &[0]);
    // SAFETY: the routine gave its caller's context.
    unsafe { raise(context, record) }
}

/// `RtlRaiseException(record)`: if a filter wants to go on, it does so behind the call.
unsafe extern "win64" fn raise_exception_in(context: *mut Context) {
    // SAFETY: the routine gave its context.
    let record = unsafe { argument(context, Register::RCX) };
    let record = std::ptr::with_exposed_provenance::<ExceptionRecord>(record as usize);
    // SAFETY: the driver gave a record.
    let record = unsafe { record.read() };
    // SAFETY: the routine gave its caller's context.
    unsafe { raise(context, record) }
}

/// `ProbeForRead(address, length, alignment)`.
unsafe extern "win64" fn probe_read_in(context: *mut Context) {
    // SAFETY: the routine gave its context.
    unsafe { probe_in(context, "ProbeForRead", probe_for_read) }
}

/// `ProbeForWrite(address, length, alignment)`.
unsafe extern "win64" fn probe_write_in(context: *mut Context) {
    // SAFETY: the routine gave its context.
    unsafe { probe_in(context, "ProbeForWrite", probe_for_write) }
}

/// # Safety
/// The context is that of the caller of the routine.
unsafe fn probe_in(
    context: *mut Context,
    call: &'static str,
    probe: fn(u64, u64, u32) -> Result<(), Raised>,
) {
    // SAFETY: by this function's contract.
    let address = unsafe { argument(context, Register::RCX) };
    // SAFETY: as above.
    let length = unsafe { argument(context, Register::RDX) };
    // SAFETY: as above.
    let alignment = unsafe { argument(context, Register::R8) } as u32;
    let frames = || {
        // SAFETY: as above.
        let context = unsafe { &*context };
        backtrace::driver_frames(context, faults::DEPTH)
    };
    let probed = match probe(address, length, alignment) {
        Ok(()) if length > 0 && faults::probe_fails(call, frames) => {
            Err(Raised::unreadable(address, "the call failed on purpose"))
        }
        probed => probed,
    };
    // SAFETY: by this function's contract.
    unsafe { raise_in(context, probed) }
}

/// `MmProbeAndLockPages(list, mode, operation)`.
unsafe extern "win64" fn lock_pages_in(context: *mut Context) {
    // SAFETY: the routine gave its context.
    let list = unsafe { argument(context, Register::RCX) } as usize;
    // SAFETY: as above.
    let mode = unsafe { argument(context, Register::RDX) } as i8;
    // SAFETY: as above.
    let operation = unsafe { argument(context, Register::R8) } as i32;
    let list = std::ptr::with_exposed_provenance_mut(list);
    // SAFETY: the routine's caller gave a list of its own.
    let locked = unsafe { probe_and_lock(list, mode, operation) };
    // SAFETY: the routine gave its context.
    unsafe { raise_in(context, locked) }
}

/// Raises what a routine found, if it found anything.
///
/// # Safety
/// The context is that of the caller of the routine.
unsafe fn raise_in(context: *mut Context, found: Result<(), Raised>) {
    let Err(raised) = found else {
        return;
    };
    let record = ExceptionRecord::new(raised.status, 0, 0, &raised.parameters);
    drop(raised);
    // SAFETY: by this function's contract.
    unsafe { raise(context, record) }
}

/// `RtlUnwindEx(frame, ip, record, value, ...)`; `RtlUnwind` has the same first four parameters.
unsafe extern "win64" fn unwind_in(context: *mut Context) {
    // SAFETY: the routine gave its context.
    let start = unsafe { *context };
    let target = Target {
        frame: start.get(Register::RCX),
        ip: start.get(Register::RDX),
        value: start.get(Register::R9),
    };
    let mut own = ExceptionRecord::new(STATUS_UNWIND, 0, start.rip, &[]);
    let given = start.get(Register::R8) as usize;
    let given = std::ptr::with_exposed_provenance_mut::<ExceptionRecord>(given);
    // SAFETY: null, or the driver's record.
    let record = unsafe { given.as_mut() }.unwrap_or(&mut own);
    // SAFETY: the registers are the caller's, and nothing here must be dropped.
    unsafe { unwind::unwind(start, Handling::innermost(), record, target) }
}

/// `_local_unwind(frame, ip)`: a jump out of a `__try` block.
unsafe extern "win64" fn local_unwind_in(context: *mut Context) {
    // SAFETY: the routine gave its context.
    let start = unsafe { *context };
    let target = Target {
        frame: start.get(Register::RCX),
        ip: start.get(Register::RDX),
        value: 0,
    };
    let mut record = ExceptionRecord::new(STATUS_UNWIND, 0, start.rip, &[]);
    // SAFETY: the registers are the caller's, and nothing here must be dropped.
    unsafe { unwind::unwind(start, Handling::innermost(), &mut record, target) }
}

/// `RtlCaptureContext(context)`.
unsafe extern "win64" fn capture_context_in(context: *mut Context) {
    // SAFETY: the routine gave its context.
    let to = unsafe { argument(context, Register::RCX) };
    let to = std::ptr::with_exposed_provenance_mut::<Context>(to as usize);
    // SAFETY: the driver gave room for a context.
    unsafe { to.copy_from(context, 1) }
}

/// `RtlRestoreContext(context, record)`, without the records that have a meaning of their own.
unsafe extern "win64" fn restore_context(context: *const Context, _record: *const c_void) {
    // SAFETY: the driver gave a context, of its own code on this thread.
    let mut context = unsafe { *context };
    // SAFETY: as above.
    unsafe { dispatch::go_on(&mut context) }
}

/// `RtlCaptureStackBackTrace(skip, count, frames, hash)`.
unsafe extern "win64" fn capture_backtrace_in(context: *mut Context) -> u16 {
    // SAFETY: the routine gave its context.
    let context = unsafe { *context };
    let skip = context.get(Register::RCX) as u32;
    let count = context.get(Register::RDX) as u32;
    let frames = std::ptr::with_exposed_provenance_mut(context.get(Register::R8) as usize);
    let hash = std::ptr::with_exposed_provenance_mut(context.get(Register::R9) as usize);
    // SAFETY: the driver gave room for `count` addresses, and for the hash, or null.
    unsafe { backtrace::capture(&context, skip, count, frames, hash) }
}

/// `RtlVirtualUnwind`.
#[allow(clippy::too_many_arguments, reason = "the kernel's")]
unsafe extern "win64" fn virtual_unwind(
    handler_type: u32,
    image_base: u64,
    control: u64,
    function: *const RuntimeFunction,
    context: *mut Context,
    handler_data: *mut u64,
    establisher: *mut u64,
    _pointers: *mut c_void,
) -> u64 {
    const UHANDLER: u32 = 2;
    let purpose = match handler_type & UHANDLER {
        0 => Purpose::Search,
        _ => Purpose::Unwind,
    };
    // SAFETY: the driver gave a context.
    let context = unsafe { &mut *context };
    // SAFETY: the driver gave a place where control is in a frame of this thread.
    let image = unsafe { Running::at(control) };
    // SAFETY: null, or an entry that RtlLookupFunctionEntry gave.
    let function = unsafe { function.as_ref() };
    let unwound = match (image, function) {
        (Some(image), Some(&function)) => {
            let rva = image.rva(control).unwrap_or_default();
            let stack = Stack::current();
            step::unwind(image.layout(), function, rva, context, &stack, purpose)
        }
        _ => step::unwind_leaf(context, &Stack::current()),
    };
    let Ok(unwound) = unwound else {
        // The end of the stack, for those who walk it.
        context.rip = 0;
        return 0;
    };
    // SAFETY: the driver gave a place for the answer.
    unsafe { establisher.write(unwound.establisher) };
    match unwound.handler {
        Some(handler) => {
            // SAFETY: as above.
            unsafe { handler_data.write(image_base + u64::from(handler.data)) };
            image_base + u64::from(handler.routine)
        }
        None => 0,
    }
}

/// Where a thunk goes to note its caller's frames, and on to the routine whose address it has.
pub(crate) fn note_caller() -> *const () {
    note_and_go_on as *const ()
}

unsafe extern "win64" fn note_in(context: *mut Context) {
    faults::note_caller(|| {
        // SAFETY: the routine gave its caller's context.
        let context = unsafe { &*context };
        backtrace::driver_frames(context, faults::DEPTH)
    });
}

/// The image around an address, and the unwind entry of the function there, which lives as long as
/// the image is mapped.
pub(crate) fn function_entry(address: u64) -> Option<(u64, *const RuntimeFunction)> {
    images::with(address, |image| {
        let function = image.function_at(address)?;
        Some((image.base(), std::ptr::from_ref(function)))
    })
    .flatten()
}
