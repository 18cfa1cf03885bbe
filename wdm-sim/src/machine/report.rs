//! What a machine tells of its drivers.

use serde::Serialize;

use super::{CounterReport, Machine, Profile};
use crate::faults::Fault;
use crate::registry::{HiveError, HiveReport};
use crate::verifier::{Finding, Rule};

/// What happened in a machine so far.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of Windows that the machine is like.
    pub profile: Profile,
    /// The hive files that were read: those that were mounted when the machine was built, and those
    /// that were loaded or restored since.
    pub hives: Vec<MountedHive>,
    /// The names of the drivers that are loaded.
    pub drivers: Vec<String>,
    /// The imports that are bound to stubs, as `module!name`
    /// ([`Builder::stub_missing_imports`](super::Builder::stub_missing_imports)).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stubbed_imports: Vec<String>,
    /// What was counted.
    pub counters: CounterReport,
    /// The call that failed on purpose ([`FaultPlan`](crate::FaultPlan)).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// The rules that drivers broke, in the order in which they first did.
    pub findings: Vec<Finding>,
    /// The last lines that drivers printed.
    pub debug_print: Vec<String>,
}

/// What of a hive file is in the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MountedHive {
    /// The name it was given.
    pub name: String,
    /// Keys, the hive's root included.
    pub keys: usize,
    /// Values.
    pub values: usize,
    /// Whether the hive was not closed properly: its transaction log, which is not read, may hold
    /// later changes.
    pub dirty: bool,
    /// How many parts of a damaged hive are missing.
    pub lost: usize,
    /// One line for each of the first losses: where, what, and why.
    pub losses: Vec<String>,
}

impl MountedHive {
    pub(crate) fn new(name: String, report: HiveReport) -> Self {
        Self {
            name,
            keys: report.keys,
            values: report.values,
            dirty: report.dirty,
            lost: report.lost,
            losses: report.losses,
        }
    }

    /// A file of which nothing could be read.
    pub(crate) fn refused(name: String, error: &HiveError) -> Self {
        Self {
            name,
            keys: 0,
            values: 0,
            dirty: false,
            lost: 1,
            losses: vec![error.to_string()],
        }
    }
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
            hives: kernel.hives.reports(),
            drivers: kernel.drivers.names(),
            #[cfg(target_arch = "x86_64")]
            stubbed_imports: kernel.stubbed_imports(),
            #[cfg(not(target_arch = "x86_64"))]
            stubbed_imports: Vec::new(),
            counters: kernel.counters.report(),
            fault: kernel.faults.injected(),
            findings: kernel.verifier.findings(),
            debug_print: kernel.debug.lines(),
        }
    }

    /// Makes the `number`th pool allocation from now fail, once: 1 is the next. 0 takes it back.
    pub fn fail_allocation(&self, number: u64) {
        self.kernel.pool.fail_allocation(number);
    }
}
