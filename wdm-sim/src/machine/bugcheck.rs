//! Bug checks: the end of a machine.

use std::fmt;

use serde::Serialize;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
use super::Routine;
use super::{DriverId, Kernel, Thread};
use crate::verifier::Rule;

/// Gets a bug check before the process ends.
pub(super) type BugCheckHook = dyn Fn(&BugCheck) + Send + Sync;

/// A machine that was stopped with `KeBugCheckEx`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BugCheck {
    /// The driver that did it, or whose fault it is; empty for none.
    pub driver: String,
    /// The routine that stopped the machine.
    pub call: String,
    /// Where in the driver control was, such as `registry-guard.sys+0x1234 (.text)`: at the fault, or
    /// behind the call; empty if that is not known, as for drivers that are linked in.
    pub address: String,
    /// The bug check code.
    pub code: u32,
    /// Its parameters.
    pub parameters: [u64; 4],
    /// Why, where the simulator knows; else empty.
    pub reason: String,
    /// The notification that the driver was handling, such as `RegNtPreSetValueKey`; empty for none.
    pub notification: String,
}

impl fmt::Display for BugCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.parameters;
        let code = self.code;
        write!(
            f,
            "bug check 0x{code:08X} (0x{a:X}, 0x{b:X}, 0x{c:X}, 0x{d:X})"
        )?;
        write!(f, " at {}", self.call)?;
        if !self.driver.is_empty() {
            write!(f, " by {}", self.driver)?;
        }
        if !self.notification.is_empty() {
            write!(f, " in {}", self.notification)?;
        }
        // The reason of an exception has it already.
        if !self.reason.contains(&self.address) {
            write!(f, ", called from {}", self.address)?;
        }
        if !self.reason.is_empty() {
            write!(f, ": {}", self.reason)?;
        }
        Ok(())
    }
}

impl Thread {
    /// Stops the machine. The code of a driver cannot be unwound, so this ends the process.
    pub(crate) fn bug_check(
        &self,
        call: &'static str,
        code: u32,
        parameters: [u64; 4],
        reason: impl Into<String>,
    ) -> ! {
        let caller = self.kernel().drivers.innermost_frame();
        self.stop(
            call,
            caller.unwrap_or_default(),
            code,
            parameters,
            reason.into(),
        )
    }

    /// As [`bug_check`](Self::bug_check), of a driver whose control was at `address`.
    fn stop(
        &self,
        call: &'static str,
        address: String,
        code: u32,
        parameters: [u64; 4],
        reason: String,
    ) -> ! {
        let bug_check = BugCheck {
            driver: self.kernel().drivers.name(self.caller().driver),
            call: call.to_owned(),
            address,
            code,
            parameters,
            reason,
            notification: self.cm.notification().unwrap_or_default().to_owned(),
        };
        self.kernel().stop(self.caller().driver, call, &bug_check)
    }
}

impl Kernel {
    fn stop(&self, driver: DriverId, call: &'static str, bug_check: &BugCheck) -> ! {
        self.finding(driver, Rule::BugCheck, call, bug_check.to_string());
        match &self.options.bug_check {
            Some(hook) => hook(bug_check),
            None => eprintln!("wdm-sim: {bug_check}"),
        }
        std::process::abort()
    }
}

/// An exception that the driver does not take, and what its bug check tells of it.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) struct UnhandledException {
    /// Its code.
    pub(crate) status: u32,
    /// The address of its record.
    pub(crate) record: u64,
    /// The address of the registers.
    pub(crate) context: u64,
    /// Where it happened.
    pub(crate) address: u64,
    /// The innermost place in a driver, in words.
    pub(crate) place: String,
    /// What happened, in words.
    pub(crate) reason: String,
}

/// A thread that cannot go on, after a fault that cannot be dispatched.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) struct LostThread {
    /// The driver whose code is on its stack.
    pub(crate) driver: DriverId,
    /// The routine of the driver that the kernel had called.
    pub(crate) routine: Routine,
    /// The notification under way.
    pub(crate) notification: Option<&'static str>,
    /// The exception that it would have been.
    pub(crate) status: u32,
    /// Where it happened.
    pub(crate) at: u64,
    /// What happened, in words.
    pub(crate) what: &'static str,
    /// The address that was touched.
    pub(crate) touched: u64,
    /// The innermost place in the driver; 0 if that is not known.
    pub(crate) caller: u64,
    /// It happened in the driver: there was no room for the dispatcher.
    pub(crate) stack_is_full: bool,
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
impl Thread {
    /// Stops the machine over an exception.
    pub(crate) fn unhandled_exception(&self, exception: UnhandledException) -> ! {
        let routine = self.routine();
        let (code, parameters) = exception_code(
            routine,
            exception.status,
            exception.address,
            exception.record,
            exception.context,
        );
        self.stop(
            routine.kind,
            exception.place,
            code,
            parameters,
            exception.reason,
        )
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
impl Kernel {
    /// Stops the machine over a thread that is lost.
    pub(crate) fn stop_over(&self, lost: LostThread) -> ! {
        const UNEXPECTED_KERNEL_MODE_TRAP: u32 = 0x7F;
        const DOUBLE_FAULT: u64 = 8;
        let LostThread {
            driver,
            routine,
            notification,
            status,
            at,
            what,
            touched,
            caller,
            stack_is_full,
        } = lost;
        let (code, parameters) = match stack_is_full {
            true => (UNEXPECTED_KERNEL_MODE_TRAP, [DOUBLE_FAULT, 0, 0, 0]),
            false => exception_code(routine, status, at, 0, 0),
        };
        let reason = match stack_is_full {
            true => "the stack is used up".to_owned(),
            false => {
                format!("{what} {touched:#x} in a routine of the kernel that the driver called")
            }
        };
        let bug_check = BugCheck {
            driver: self.drivers.name(driver),
            call: routine.kind.to_owned(),
            address: self.drivers.describe(caller as usize).unwrap_or_default(),
            code,
            parameters,
            reason,
            notification: notification.unwrap_or_default().to_owned(),
        };
        self.stop(driver, routine.kind, &bug_check)
    }
}

/// The code and the parameters of NT for an exception that nobody takes: registry callbacks have their
/// own (R5), and so have the routines that run in system threads.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn exception_code(
    routine: Routine,
    status: u32,
    address: u64,
    record: u64,
    context: u64,
) -> (u32, [u64; 4]) {
    const SYSTEM_THREAD_EXCEPTION_NOT_HANDLED: u32 = 0x7E;
    const SYSTEM_SERVICE_EXCEPTION: u32 = 0x3B;
    const REGISTRY_FILTER_DRIVER_EXCEPTION: u32 = 0x135;
    let status = u64::from(status);
    match routine.kind {
        crate::call::REGISTRY_CALLBACK => (
            REGISTRY_FILTER_DRIVER_EXCEPTION,
            [status, context, routine.address as u64, 0],
        ),
        // It runs in the thread of the program that made the request.
        crate::call::DISPATCH => (SYSTEM_SERVICE_EXCEPTION, [status, address, context, 0]),
        _ => (
            SYSTEM_THREAD_EXCEPTION_NOT_HANDLED,
            [status, address, record, context],
        ),
    }
}
