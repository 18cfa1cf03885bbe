//! Faults that are none of a driver's: one line instead of a silent death by a signal.

use super::Machine;

/// From now on, a fault that cannot be dispatched to a driver is a bug check too: one in what a driver
/// called, or one that has used up the stack. The hook of the driver's machine is called on another
/// thread, since the one that faulted is lost, perhaps with locks that the hook needs; if the process does
/// not end within ten seconds, and for a fault where no driver is on the stack, it ends with one
/// line on stderr and exit status 1. It is for programs, not for tests that share a process; the last
/// machine that was named counts for that line. On hosts other than x86_64 Linux it does nothing.
///
/// A fault in a driver's own code is an exception, which the driver can take; if it does not, it is a
/// bug check ([`Builder::on_bug_check`](crate::Builder::on_bug_check)).
pub fn report_faults(machine: &Machine) {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    crate::seh::end_process_on_faults(machine);
    #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
    let _ = machine;
}
