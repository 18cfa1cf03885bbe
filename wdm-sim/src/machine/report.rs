//! What a machine tells of its drivers.

use serde::Serialize;

use super::{CounterReport, Machine, Profile};
use crate::verifier::{Finding, Rule};

/// What happened in a machine so far.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of Windows that the machine is like.
    pub profile: Profile,
    /// The names of the drivers that are loaded.
    pub drivers: Vec<String>,
    /// What was counted.
    pub counters: CounterReport,
    /// The rules that drivers broke, in the order in which they first did.
    pub findings: Vec<Finding>,
    /// The last lines that drivers printed.
    pub debug_print: Vec<String>,
}

impl Machine {
    /// What happened so far.
    pub fn report(&self) -> Report {
        let kernel = &self.kernel;
        for (tag, driver) in kernel.pool.written_after_free() {
            kernel.finding(
                driver,
                Rule::PoolUseAfterFree,
                "ExFreePoolWithTag",
                format!("a block with tag '{tag}' was written to after it was freed"),
            );
        }
        Report {
            profile: kernel.profile,
            drivers: kernel.drivers.names(),
            counters: kernel.counters.report(),
            findings: kernel.verifier.findings(),
            debug_print: kernel.debug.lines(),
        }
    }

    /// Makes the `number`th pool allocation from now fail, once: 1 is the next. 0 takes it back.
    pub fn fail_allocation(&self, number: u64) {
        self.kernel.pool.fail_allocation(number);
    }
}
