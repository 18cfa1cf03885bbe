//! The host's signals for faults, as exceptions.
//!
//! The handler runs on the thread's alternate stack, between two instructions of the driver. It
//! copies the registers and what happened to the thread's own stack, below what the driver uses,
//! and lets the thread go on in [`dispatch`](super::dispatch) there. Faults that are none of a
//! driver's go to whoever handled the signal before.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::{Once, OnceLock, RwLock};

use super::context::{CONTEXT_ALL, Context, ExceptionRecord, Register};
use super::stack::Stack;
use super::step::Memory;
use super::{dispatch, images, lost, memory, privileged};
use crate::machine::Machine;

/// The signals, and who handled them before.
static SIGNALS: [(c_int, OnceLock<libc::sigaction>); 5] = [
    (libc::SIGSEGV, OnceLock::new()),
    (libc::SIGBUS, OnceLock::new()),
    (libc::SIGILL, OnceLock::new()),
    (libc::SIGFPE, OnceLock::new()),
    (libc::SIGTRAP, OnceLock::new()),
];

/// The machine whose drivers a fault that cannot be dispatched is looked for in; none unless a
/// program wants its process to end on such a fault.
static REPORTING: RwLock<Option<Machine>> = RwLock::new(None);

/// Numbers of the processor's traps.
mod trap {
    pub(super) const DIVIDE: i64 = 0;
    pub(super) const BREAKPOINT: i64 = 3;
    pub(super) const PROTECTION: i64 = 13;
}

/// What exceptions are called.
mod code {
    pub(super) const ACCESS_VIOLATION: u32 = 0xC000_0005;
    pub(super) const IN_PAGE_ERROR: u32 = 0xC000_0006;
    pub(super) const ILLEGAL_INSTRUCTION: u32 = 0xC000_001D;
    pub(super) const FLOAT_DIVIDE_BY_ZERO: u32 = 0xC000_008E;
    pub(super) const FLOAT_INEXACT: u32 = 0xC000_008F;
    pub(super) const FLOAT_INVALID: u32 = 0xC000_0090;
    pub(super) const FLOAT_OVERFLOW: u32 = 0xC000_0091;
    pub(super) const FLOAT_UNDERFLOW: u32 = 0xC000_0093;
    pub(super) const INTEGER_DIVIDE_BY_ZERO: u32 = 0xC000_0094;
    pub(super) const DATATYPE_MISALIGNMENT: u32 = 0x8000_0002;
    pub(super) const BREAKPOINT: u32 = 0x8000_0003;
    pub(super) const SINGLE_STEP: u32 = 0x8000_0004;
}

/// Reasons that the host gives for signals; `libc` does not name them.
mod reason {
    use std::ffi::c_int;

    pub(super) const BUS_ADRALN: c_int = 1;
    pub(super) const FPE_FLTDIV: c_int = 3;
    pub(super) const FPE_FLTOVF: c_int = 4;
    pub(super) const FPE_FLTUND: c_int = 5;
    pub(super) const FPE_FLTRES: c_int = 6;
}

/// The processor's flags that must be clear where the dispatcher begins: traps and direction.
const TRAPS_AND_DIRECTION: i64 = 0x500;
/// The states of the floating-point units that compilers take for granted.
const FCW: u16 = 0x37F;
const MXCSR: u32 = 0x1F80;

/// Catches the signals, once.
pub(super) fn install() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        for (signal, before) in &SIGNALS {
            catch(*signal, before);
        }
    });
}

/// From now on, a fault that cannot be dispatched is a bug check of the driver whose code is on the
/// thread's stack; without a driver it ends the process with one line on stderr and exit status 1.
pub(crate) fn end_process_on_faults(machine: &Machine) {
    install();
    lost::wait();
    if let Ok(mut reporting) = REPORTING.write() {
        *reporting = Some(machine.clone());
    }
}

fn catch(signal: c_int, before: &OnceLock<libc::sigaction>) {
    // SAFETY: all-zero bytes are a valid `sigaction` with an empty mask.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    let mut old = action;
    action.sa_sigaction = handle as *const () as usize;
    // The runtime has given each thread an alternate stack, for faults of the stack itself.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: asks only.
    unsafe { libc::sigaction(signal, ptr::null(), &raw mut old) };
    // Before the handler can run.
    let _ = before.set(old);
    // SAFETY: the handler has the three parameters that SA_SIGINFO asks for.
    let result = unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
    debug_assert_eq!(result, 0, "the signal is one that can be handled");
}

/// What the dispatcher finds on the thread's stack.
#[repr(C, align(16))]
struct Trap {
    context: Context,
    record: ExceptionRecord,
}

extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel gave the context of the interrupted code, and nobody else uses it.
    let interrupted = unsafe { &mut *context.cast::<libc::ucontext_t>() };
    // SAFETY: the kernel gave the signal's information.
    let reason = unsafe { &*info };
    let rip = register(interrupted, libc::REG_RIP);
    if let Some(after) = memory::after_guarded_fault(rip) {
        set_register(interrupted, libc::REG_RIP, after);
    } else if !is_drivers(interrupted, reason, signal) || !redirect(signal, reason, interrupted) {
        // SAFETY: the arguments are those of this handler.
        unsafe { pass_on(signal, info, context) };
    }
}

/// Whether the fault is one of a driver: in its image, in a copy routine, or where it jumped to.
fn is_drivers(interrupted: &libc::ucontext_t, reason: &libc::siginfo_t, signal: c_int) -> bool {
    let rip = register(interrupted, libc::REG_RIP);
    if images::contains(rip) || memory::is_copy_routine(rip) {
        return true;
    }
    // SAFETY: memory faults have an address.
    let fetched = signal == libc::SIGSEGV && unsafe { reason.si_addr() }.addr() as u64 == rip;
    let caller = Stack::current().word(register(interrupted, libc::REG_RSP));
    fetched && caller.is_ok_and(images::contains)
}

/// Lets the thread go on in the dispatcher; says whether it can.
fn redirect(signal: c_int, reason: &libc::siginfo_t, interrupted: &mut libc::ucontext_t) -> bool {
    /// What the dispatcher itself needs.
    const ROOM: u64 = 32 * 1024;
    let top = register(interrupted, libc::REG_RSP);
    let place = top.wrapping_sub(size_of::<Trap>() as u64) & !63;
    let stack = Stack::current();
    if !stack.holds(place.wrapping_sub(ROOM), ROOM + size_of::<Trap>() as u64) {
        return false;
    }
    let fpu = interrupted.uc_mcontext.fpregs;
    if fpu.is_null() {
        return false;
    }
    let trap = ptr::with_exposed_provenance_mut::<Trap>(place as usize);
    // SAFETY: it is on the thread's stack, below what the driver uses: no convention of Windows
    // lets code use the stack below its pointer.
    unsafe { trap.write_bytes(0, 1) };
    // SAFETY: all-zero bytes are valid for numbers and a pointer, and nobody else knows the place.
    // It is filled there, since the stack that this runs on is small.
    let Trap { context, record } = unsafe { &mut *trap };
    // SAFETY: the kernel stored the state there, in the form of `fxsave`.
    unsafe { (&raw mut context.fpu).copy_from(fpu.cast(), 1) };
    capture(interrupted, context);
    classify(signal, reason, interrupted, record);
    context.rip = record.address;
    // SAFETY: as above; nobody returns to this address.
    unsafe { trap.cast::<u64>().wrapping_sub(1).write(0) };
    // SAFETY: the state is the interrupted thread's, to be changed at will.
    unsafe { (*fpu).cwd = FCW };
    // SAFETY: as above.
    unsafe { (*fpu).mxcsr = MXCSR };
    interrupted.uc_mcontext.gregs[libc::REG_EFL as usize] &= !TRAPS_AND_DIRECTION;
    set_register(interrupted, libc::REG_RSP, place - 8);
    set_register(interrupted, libc::REG_RDI, place);
    set_register(interrupted, libc::REG_RIP, begin as *const () as u64);
    true
}

/// Where the thread goes on after the signal.
extern "sysv64" fn begin(trap: *mut Trap) -> ! {
    // SAFETY: `redirect` wrote it to this thread's stack, above this frame.
    let trap = unsafe { &mut *trap };
    if privileged::emulate(&mut trap.record, &mut trap.context) {
        // SAFETY: the driver's registers, behind its instruction; nothing in between is to be dropped.
        unsafe { dispatch::go_on(&mut trap.context) }
    }
    dispatch::dispatch(&mut trap.record, &mut trap.context)
}

/// Fills in the registers, but for those of the floating-point units.
fn capture(interrupted: &libc::ucontext_t, context: &mut Context) {
    /// By their numbers.
    const REGISTERS: [c_int; 16] = [
        libc::REG_RAX,
        libc::REG_RCX,
        libc::REG_RDX,
        libc::REG_RBX,
        libc::REG_RSP,
        libc::REG_RBP,
        libc::REG_RSI,
        libc::REG_RDI,
        libc::REG_R8,
        libc::REG_R9,
        libc::REG_R10,
        libc::REG_R11,
        libc::REG_R12,
        libc::REG_R13,
        libc::REG_R14,
        libc::REG_R15,
    ];
    for (number, name) in (0..).zip(REGISTERS) {
        context.set(Register::from_number(number), register(interrupted, name));
    }
    context.flags = CONTEXT_ALL;
    context.mxcsr = context.fpu.mxcsr;
    context.eflags = register(interrupted, libc::REG_EFL) as u32;
    let segments = register(interrupted, libc::REG_CSGSFS);
    context.segments[0] = segments as u16;
    context.segments[5] = (segments >> 48) as u16;
}

/// Fills in the exception that a signal stands for.
fn classify(
    signal: c_int,
    reason: &libc::siginfo_t,
    interrupted: &libc::ucontext_t,
    record: &mut ExceptionRecord,
) {
    let number = interrupted.uc_mcontext.gregs[libc::REG_TRAPNO as usize];
    // SAFETY: the signals that come here have an address.
    let address = unsafe { reason.si_addr() }.addr() as u64;
    let access = access(register(interrupted, libc::REG_ERR));
    record.address = register(interrupted, libc::REG_RIP);
    let (code, parameters): (u32, &[u64]) = match signal {
        // The processor does not tell the address; NT shows this one.
        libc::SIGSEGV if number == trap::PROTECTION => (code::ACCESS_VIOLATION, &[0, u64::MAX]),
        libc::SIGSEGV => (code::ACCESS_VIOLATION, &[access, address]),
        libc::SIGBUS if reason.si_code == reason::BUS_ADRALN => (code::DATATYPE_MISALIGNMENT, &[]),
        libc::SIGBUS => (code::IN_PAGE_ERROR, &[access, address]),
        libc::SIGILL => (code::ILLEGAL_INSTRUCTION, &[]),
        libc::SIGFPE if number == trap::DIVIDE => (code::INTEGER_DIVIDE_BY_ZERO, &[]),
        libc::SIGFPE => (float(reason.si_code), &[0]),
        _ if number == trap::BREAKPOINT => {
            // The processor is past the instruction by then; NT shows its beginning.
            record.address = record.address.wrapping_sub(1);
            (code::BREAKPOINT, &[0])
        }
        _ => (code::SINGLE_STEP, &[]),
    };
    record.set(code.cast_signed(), parameters);
}

/// What an access violation tried, from the processor's error code: 0 to read, 1 to write, 8 to
/// execute.
fn access(error: u64) -> u64 {
    match error {
        _ if error & 0x10 != 0 => 8,
        _ if error & 2 != 0 => 1,
        _ => 0,
    }
}

fn float(reason: c_int) -> u32 {
    match reason {
        reason::FPE_FLTDIV => code::FLOAT_DIVIDE_BY_ZERO,
        reason::FPE_FLTOVF => code::FLOAT_OVERFLOW,
        reason::FPE_FLTUND => code::FLOAT_UNDERFLOW,
        reason::FPE_FLTRES => code::FLOAT_INEXACT,
        _ => code::FLOAT_INVALID,
    }
}

fn register(interrupted: &libc::ucontext_t, name: c_int) -> u64 {
    interrupted.uc_mcontext.gregs[name as usize].cast_unsigned()
}

fn set_register(interrupted: &mut libc::ucontext_t, name: c_int, value: u64) {
    interrupted.uc_mcontext.gregs[name as usize] = value.cast_signed();
}

/// Ends the process with one line, if a program wanted that; else does what was done about the
/// signal before.
///
/// # Safety
/// The arguments are those of a signal's handler.
unsafe fn pass_on(signal: c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    if let Ok(reporting) = REPORTING.try_read()
        && let Some(machine) = &*reporting
    {
        let context = context.cast::<libc::ucontext_t>();
        // SAFETY: the kernel gave the context.
        let at = register(unsafe { &*context }, libc::REG_RIP);
        // SAFETY: the kernel gave the information.
        let reason = unsafe { &*info };
        // SAFETY: the signals that come here have an address.
        let address = unsafe { reason.si_addr() }.addr();
        // Returns if there is no driver, or if the machine cannot be stopped.
        lost::lose(&lost_to(signal, at, address as u64));
        report(machine, signal, at as usize, address);
    }
    let before = SIGNALS.iter().find(|(number, _)| *number == signal);
    let before = before.and_then(|(_, before)| before.get());
    match before {
        Some(before) if !matches!(before.sa_sigaction, libc::SIG_DFL | libc::SIG_IGN) => {
            let function = ptr::with_exposed_provenance::<()>(before.sa_sigaction);
            // SAFETY: a handler that was installed; one for a single parameter ignores the others.
            let function = unsafe {
                std::mem::transmute::<
                    *const (),
                    extern "C" fn(c_int, *mut libc::siginfo_t, *mut libc::c_void),
                >(function)
            };
            function(signal, info, context);
        }
        // The instruction runs again, and the default action ends the process.
        _ => {
            // SAFETY: sets the default action.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
    }
}

/// What a signal stands for that cannot be dispatched.
fn lost_to(signal: c_int, at: u64, touched: u64) -> lost::Fault {
    let (status, what) = match signal {
        libc::SIGSEGV | libc::SIGBUS => (code::ACCESS_VIOLATION, "an access violation at"),
        libc::SIGILL => (code::ILLEGAL_INSTRUCTION, "an illegal instruction at"),
        libc::SIGFPE => (code::INTEGER_DIVIDE_BY_ZERO, "a division by zero at"),
        _ => (code::BREAKPOINT, "a breakpoint at"),
    };
    lost::Fault {
        status,
        at,
        what,
        touched,
    }
}

/// Says where the fault happened, and ends the process. Nothing in it is sound any more, so it does
/// little. If a fault happens in here, the signal's default action ends it.
fn report(machine: &Machine, signal: c_int, at: usize, address: usize) -> ! {
    let place = machine.describe_address(at);
    let place = place.unwrap_or_else(|| format!("{at:#x}, called by the driver or by wdm-sim"));
    let what = match signal {
        libc::SIGSEGV | libc::SIGBUS => format!("touched {address:#x}, where it may not"),
        libc::SIGILL => "met an invalid instruction".to_owned(),
        libc::SIGFPE => "divided by zero".to_owned(),
        _ => "met a breakpoint".to_owned(),
    };
    let line = format!("wdm-sim: the code at {place} {what}; the machine is stopped\n");
    // There is nobody to tell if this fails.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
    // SAFETY: ends the process at once, without running anything else.
    unsafe { libc::_exit(1) }
}
