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
    /// The bug check code.
    pub code: u32,
    /// Its parameters.
    pub parameters: [u64; 4],
    /// Why, where the simulator knows; else empty.
    pub reason: String,
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
        let kernel = self.kernel();
        let bug_check = BugCheck {
            driver: kernel.drivers.name(self.caller().driver),
            call: call.to_owned(),
            code,
            parameters,
            reason: reason.into(),
        };
        self.finding(Rule::BugCheck, call, bug_check.to_string());
        match &kernel.options.bug_check {
            Some(hook) => hook(&bug_check),
            None => eprintln!("wdm-sim: {bug_check}"),
        }
        std::process::abort()
    }
}
