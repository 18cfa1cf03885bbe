//! Bug checks: the end of a machine.

use std::fmt;

use serde::Serialize;

use super::Thread;
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
        let kernel = self.kernel();
        let bug_check = BugCheck {
            driver: kernel.drivers.name(self.caller().driver),
            call: call.to_owned(),
            address,
            code,
            parameters,
            reason,
            notification: self.cm.notification().unwrap_or_default().to_owned(),
        };
        self.finding(Rule::BugCheck, call, bug_check.to_string());
        match &kernel.options.bug_check {
            Some(hook) => hook(&bug_check),
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

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
impl Thread {
    /// Stops the machine over an exception, with the code and parameters of NT: registry callbacks
    /// have their own (R5), and so have the routines that run in system threads.
    pub(crate) fn unhandled_exception(&self, exception: UnhandledException) -> ! {
        const SYSTEM_THREAD_EXCEPTION_NOT_HANDLED: u32 = 0x7E;
        const SYSTEM_SERVICE_EXCEPTION: u32 = 0x3B;
        const REGISTRY_FILTER_DRIVER_EXCEPTION: u32 = 0x135;
        let UnhandledException {
            status,
            record,
            context,
            address,
            place,
            reason,
        } = exception;
        let routine = self.routine();
        let status = u64::from(status);
        let (code, parameters) = match routine.kind {
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
        };
        self.stop(routine.kind, place, code, parameters, reason)
    }
}
