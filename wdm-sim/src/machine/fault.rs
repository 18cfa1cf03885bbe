//! Faults in driver code: one line instead of a silent death by a signal.

use super::Machine;

/// From now on, a fault in a driver of `machine` ends the process with one line on stderr and exit
/// status 1. It takes over the process's signals for faults, so it is for programs, not for tests
/// that share a process; the last machine that was named counts. On hosts other than x86_64 Linux it
/// does nothing.
pub fn report_faults(machine: &Machine) {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    handler::install_for(machine);
    #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
    let _ = machine;
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod handler {
    use std::ffi::c_int;
    use std::io::Write;
    use std::mem::MaybeUninit;
    use std::ptr;
    use std::sync::{Once, OnceLock, RwLock};

    use super::Machine;

    /// The machine whose drivers a fault is looked for in.
    static MACHINE: OnceLock<RwLock<Machine>> = OnceLock::new();

    pub(super) fn install_for(machine: &Machine) {
        let slot = MACHINE.get_or_init(|| RwLock::new(machine.clone()));
        if let Ok(mut slot) = slot.write() {
            *slot = machine.clone();
        }
        static INSTALL: Once = Once::new();
        INSTALL.call_once(|| {
            for signal in [
                libc::SIGSEGV,
                libc::SIGBUS,
                libc::SIGILL,
                libc::SIGFPE,
                libc::SIGTRAP,
            ] {
                install(signal);
            }
        });
    }

    fn install(signal: c_int) {
        // SAFETY: all-zero bytes are a valid `sigaction` with an empty mask.
        let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
        action.sa_sigaction = handle as *const () as usize;
        // The runtime has given each thread an alternate stack, for faults of the stack itself.
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESETHAND;
        // SAFETY: the handler has the three parameters that SA_SIGINFO asks for.
        let result = unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
        debug_assert_eq!(result, 0, "the signal is one that can be handled");
    }

    /// Says where the fault happened. Nothing in the process is sound any more, so it does little, and
    /// ends it. If the fault happens in here, the signal's default action does that.
    extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
        let context = context.cast::<libc::ucontext_t>();
        // SAFETY: the kernel gave the context of the interrupted code.
        let at = unsafe { (*context).uc_mcontext.gregs[libc::REG_RIP as usize] } as usize;
        // SAFETY: the kernel gave the signal's information.
        let info = unsafe { &*info };
        // SAFETY: the signals that are handled here have an address.
        let address = unsafe { info.si_addr() } as usize;
        let machine = MACHINE.get().and_then(|machine| machine.try_read().ok());
        let place = machine.and_then(|machine| machine.describe_address(at));
        let place = place.unwrap_or_else(|| format!("{at:#x}, called by the driver or by wdm-sim"));
        let what = match signal {
            libc::SIGSEGV | libc::SIGBUS => format!("touched {address:#x}, where it may not"),
            libc::SIGILL => "met an invalid instruction".to_owned(),
            libc::SIGFPE => "divided by zero".to_owned(),
            _ => "met a breakpoint".to_owned(),
        };
        let line = format!("wdm-sim: the code at {place} {what}; the machine is stopped\n");
        // There is nobody to tell if this fails.
        let _ = std::io::stderr().write_all(line.as_bytes());
        // SAFETY: ends the process at once, without running anything else.
        unsafe { libc::_exit(1) };
    }
}
