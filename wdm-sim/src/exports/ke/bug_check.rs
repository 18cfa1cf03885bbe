//! The bug check.
//!
//! Page: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kebugcheckex>.

use crate::exports::exports;
use crate::machine::current;

exports! {
    /// Stops the machine. Driver code cannot be unwound, so the process ends: with the builder's
    /// `on_bug_check` hook if there is one, with one line on the standard error otherwise.
    fn KeBugCheckEx(code: u32, p1: u64, p2: u64, p3: u64, p4: u64) -> ! {
        current(CALL).bug_check(CALL, code, [p1, p2, p3, p4], "")
    }

    /// Stops the machine; see [`KeBugCheckEx`].
    [undeclared]
    fn KeBugCheck(code: u32) -> ! {
        current(CALL).bug_check(CALL, code, [0; 4], "")
    }
}
