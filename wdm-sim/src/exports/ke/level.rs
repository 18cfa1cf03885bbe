//! Levels, and critical regions.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kegetcurrentirql>,
//! `nf-ntddk-keentercriticalregion` and their neighbours.

use wdm_sys::KIRQL;

use crate::exports::exports;
use crate::machine::{current, irql};
use crate::verifier::Rule;

exports! {
    /// The current interrupt request level.
    fn KeGetCurrentIrql() -> KIRQL {
        current(CALL).irql()
    }

    /// Raises the level and gives the one before.
    [undeclared]
    fn KfRaiseIrql(level: KIRQL) -> KIRQL {
        let thread = current(CALL);
        if level < thread.irql() {
            let detail = format!("{} is to be raised to {level}", thread.irql());
            thread.finding(Rule::Irql, CALL, detail);
        }
        thread.set_irql(level)
    }

    /// Raises the level to DISPATCH_LEVEL and gives the one before.
    [undeclared]
    fn KeRaiseIrqlToDpcLevel() -> KIRQL {
        current(CALL).set_irql(irql::DISPATCH_LEVEL)
    }

    /// Restores a level.
    [undeclared]
    fn KeLowerIrql(level: KIRQL) {
        let thread = current(CALL);
        if level > thread.irql() {
            let detail = format!("{} is to be lowered to {level}", thread.irql());
            thread.finding(Rule::Irql, CALL, detail);
        }
        thread.set_irql(level);
    }

    /// Holds off normal kernel APCs until [`KeLeaveCriticalRegion`].
    fn KeEnterCriticalRegion() {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        thread.set_critical_regions(thread.critical_regions() + 1);
    }

    /// Ends a critical region.
    fn KeLeaveCriticalRegion() {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        match thread.critical_regions().checked_sub(1) {
            Some(depth) => thread.set_critical_regions(depth),
            None => {
                let detail = "called outside a critical region; call KeEnterCriticalRegion first";
                thread.finding(Rule::CriticalRegion, CALL, detail);
            }
        }
    }
}
