//! Raising exceptions.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exraisestatus> and its
//! neighbours.
//!
//! These are the routines for drivers that are linked in, and for hosts where exceptions cannot be
//! dispatched: the machine stops with the bug check of an exception that nobody handles. On x86_64
//! Linux `.sys` files get routines of the same names that dispatch the exception (`seh`).

use crate::exports::exports;
use crate::machine::{Thread, current};

/// Bug check `KMODE_EXCEPTION_NOT_HANDLED`.
const KMODE_EXCEPTION_NOT_HANDLED: u32 = 0x1E;

/// An exception that a routine raises.
#[derive(Debug)]
pub(crate) struct Raised {
    /// Its code.
    pub(crate) status: i32,
    /// Its parameters.
    #[cfg_attr(
        not(all(target_os = "linux", target_arch = "x86_64")),
        allow(dead_code, reason = "handlers see them")
    )]
    pub(crate) parameters: Vec<u64>,
    /// Why, in words.
    pub(crate) reason: String,
}

impl Raised {
    /// `STATUS_DATATYPE_MISALIGNMENT`.
    pub(crate) const DATATYPE_MISALIGNMENT: i32 = 0x8000_0002_u32.cast_signed();
    /// `STATUS_ACCESS_VIOLATION`.
    pub(crate) const ACCESS_VIOLATION: i32 = 0xC000_0005_u32.cast_signed();

    /// A read of an address that cannot be read.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    pub(crate) fn unreadable(address: u64, reason: &str) -> Self {
        Self {
            status: Self::ACCESS_VIOLATION,
            parameters: vec![0, address],
            reason: reason.to_owned(),
        }
    }

    /// `STATUS_BREAKPOINT`.
    pub(crate) const BREAKPOINT: i32 = 0x8000_0003_u32.cast_signed();

    /// Stops the machine, as if nobody had handled it.
    pub(in crate::exports) fn stop(self, thread: &Thread, call: &'static str) -> ! {
        let status = u64::from(self.status.cast_unsigned());
        thread.bug_check(
            call,
            KMODE_EXCEPTION_NOT_HANDLED,
            [status, 0, 0, 0],
            self.reason,
        )
    }
}

exports! {
    /// Raises an exception that cannot be continued.
    [undeclared]
    fn ExRaiseStatus(status: i32) -> ! {
        stop(CALL, status)
    }

    /// Raises `STATUS_ACCESS_VIOLATION`.
    [undeclared]
    fn ExRaiseAccessViolation() -> ! {
        stop(CALL, Raised::ACCESS_VIOLATION)
    }

    /// Stops in the debugger. There is none, so it is an exception, `STATUS_BREAKPOINT`.
    [undeclared]
    fn DbgBreakPoint() {
        stop(CALL, Raised::BREAKPOINT)
    }

    /// Raises `STATUS_DATATYPE_MISALIGNMENT`.
    [undeclared]
    fn ExRaiseDatatypeMisalignment() -> ! {
        stop(CALL, Raised::DATATYPE_MISALIGNMENT)
    }
}

fn stop(call: &'static str, status: i32) -> ! {
    let raised = Raised {
        status,
        parameters: Vec::new(),
        reason: "exceptions are not dispatched to this driver".to_owned(),
    };
    raised.stop(&current(call), call)
}
