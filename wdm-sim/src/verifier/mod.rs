//! The verifier: what drivers did that a kernel does not forgive, as [`Finding`]s.
//!
//! A rule that is broken is recorded where it is broken and the machine goes on, in a way that
//! neither crashes nor hangs; a test asserts that a report has no findings.

mod contexts;
mod leftovers;
mod rules;

use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

pub use rules::Rule;

use contexts::Contexts;

/// How many different findings a machine keeps.
const CAPACITY: usize = 1000;

/// A rule that a driver broke.
///
/// Displays as one line, such as `C4 at ExFreePoolWithTag by registry-guard: ...`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The routine at whose call it was broken, or seen to be broken.
    pub call: String,
    /// The driver; empty for code that belongs to none, such as a test's.
    pub driver: String,
    /// What happened, with what, and what to do.
    pub detail: String,
    /// How often the same thing happened.
    pub times: u64,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.rule, self.call)?;
        if !self.driver.is_empty() {
            write!(f, " by {}", self.driver)?;
        }
        write!(f, ": {}", self.detail)?;
        if self.times > 1 {
            write!(f, " ({} times)", self.times)?;
        }
        Ok(())
    }
}

/// A machine's findings, and what it has to remember to make them.
#[derive(Default)]
pub(crate) struct Verifier {
    findings: Mutex<Findings>,
    contexts: Contexts,
}

#[derive(Default)]
struct Findings {
    kept: Vec<Finding>,
    left_out: u64,
}

impl Verifier {
    /// Keeps a finding; one that was there already is counted.
    pub(crate) fn record(&self, finding: Finding) {
        let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |kept: &Finding| {
            kept.rule == finding.rule
                && kept.call == finding.call
                && kept.driver == finding.driver
                && kept.detail == finding.detail
        };
        match findings.kept.iter().position(same) {
            Some(at) => findings.kept[at].times += 1,
            None if findings.kept.len() < CAPACITY => findings.kept.push(finding),
            None => findings.left_out += 1,
        }
    }

    /// All findings, in the order in which they first came.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = findings.kept.clone();
        if findings.left_out > 0 {
            all.push(Finding {
                rule: Rule::TooManyFindings,
                call: "Machine::report".into(),
                driver: String::new(),
                detail: format!("only the first {CAPACITY} different findings are kept"),
                times: findings.left_out,
            });
        }
        all
    }
}
