//! What the demonstration tells at its end: a table, and one line of JSON.

use std::time::Duration;

use comfy_table::{Table, presets};
use serde::Serialize;
use wdm_sim::{CounterReport, Finding, MountedHive};

use super::machine::Form;
use super::protect::Subtree;
use super::workload::Done;

/// Everything that is told.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    pub(crate) driver: &'a str,
    pub(crate) form: &'a Form,
    pub(crate) hives: &'a [MountedHive],
    pub(crate) mount: Duration,
    pub(crate) protected: Vec<Subtree>,
    /// Keys and values that programs cannot name.
    pub(crate) skipped: usize,
    /// What the machine counted from the driver's load to its unload.
    pub(crate) counters: CounterReport,
    pub(crate) done: Done,
    pub(crate) debug_lines: u64,
    pub(crate) findings: Vec<Finding>,
}

/// The object on the last line of `--json`.
#[derive(Debug, Serialize)]
pub(crate) struct Summary<'a> {
    driver: &'a str,
    form: &'static str,
    hive_keys: usize,
    hive_values: usize,
    operations: u64,
    notifications: u64,
    blocked: u64,
    allowed_changes: u64,
    contexts_set: u64,
    contexts_released: u64,
    verifier_findings: usize,
    ns_per_operation: u64,
}

impl Outcome<'_> {
    /// What programs read.
    pub(crate) fn summary(&self) -> Summary<'_> {
        Summary {
            driver: self.driver,
            form: self.form.name(),
            hive_keys: self.hives.iter().map(|hive| hive.keys).sum(),
            hive_values: self.hives.iter().map(|hive| hive.values).sum(),
            operations: self.counters.operations,
            notifications: self.counters.notifications,
            blocked: self.counters.blocked,
            allowed_changes: self.done.tally.allowed_changes,
            contexts_set: self.counters.contexts_set,
            contexts_released: self.counters.contexts_released,
            verifier_findings: self.findings.len(),
            ns_per_operation: self.done.one_thread.nanoseconds_per_call(),
        }
    }

    fn table(&self) -> Table {
        let summary = self.summary();
        let mut table = Table::new();
        table.load_preset(presets::UTF8_BORDERS_ONLY);
        let mut row = |name: &str, value: String| {
            table.add_row([name.to_owned(), value]);
        };
        row("driver", self.driver.to_owned());
        let form = match self.form {
            Form::File(file) => format!("sys ({})", file.display()),
            Form::Linked { .. } => "linked into the simulator".to_owned(),
        };
        row("form", form);
        for hive in self.hives {
            let MountedHive {
                name,
                keys,
                values,
                lost,
                ..
            } = hive;
            let lost = match lost {
                0 => String::new(),
                lost => format!(", {lost} parts lost"),
            };
            row(
                "hive",
                format!("{name}: {keys} keys, {values} values{lost}"),
            );
        }
        row(
            "mounted in",
            format!("{:.1} ms", self.mount.as_secs_f64() * 1e3),
        );
        for subtree in &self.protected {
            let (setting, keys) = (&subtree.setting, subtree.keys);
            let word = if keys == 1 { "key" } else { "keys" };
            row("protected", format!("{setting} ({keys} {word})"));
        }
        if self.skipped > 0 {
            let skipped = self.skipped;
            let words = "names that text cannot spell, and what is below them";
            row("skipped", format!("{skipped} {words}"));
        }
        row("operations", summary.operations.to_string());
        row("notifications", summary.notifications.to_string());
        row("blocked", summary.blocked.to_string());
        row("allowed changes", summary.allowed_changes.to_string());
        row("contexts set", summary.contexts_set.to_string());
        row("contexts released", summary.contexts_released.to_string());
        row("lines printed", self.debug_lines.to_string());
        row("verifier findings", summary.verifier_findings.to_string());
        for (name, pace) in [
            ("reading, 1 thread", self.done.one_thread),
            ("reading, 2 threads", self.done.threads),
        ] {
            row(
                name,
                format!("{} ns an operation", pace.nanoseconds_per_call()),
            );
        }
        let unexpected = self.done.tally.failures.count();
        row("unexpected results", unexpected.to_string());
        table
    }

    /// The table, and in words why the driver did not run as a `.sys` file, if it did not.
    pub(crate) fn text(&self) -> String {
        let table = self.table();
        match self.form {
            Form::File(_) => table.to_string(),
            Form::Linked { why } => format!("{table}\n{}", linked_because(why)),
        }
    }

    /// Everything that makes the demonstration fail, a line each.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults: Vec<String> = Vec::new();
        let failures = &self.done.tally.failures;
        faults.extend(failures.first().iter().cloned());
        let left_out = failures.count() - failures.first().len() as u64;
        if left_out > 0 {
            faults.push(format!(
                "{left_out} more operations ended otherwise than the policy says"
            ));
        }
        let (set, released) = (self.counters.contexts_set, self.counters.contexts_released);
        if set != released {
            faults.push(format!(
                "{set} contexts were set and {released} were released"
            ));
        }
        let (denied, blocked) = (self.done.tally.denied_changes, self.counters.blocked);
        if denied != blocked {
            faults.push(format!(
                "{denied} changes were denied, but the driver blocked {blocked}"
            ));
        }
        faults.extend(
            self.findings
                .iter()
                .map(|finding| format!("verifier: {finding}")),
        );
        faults
    }
}

/// The line that says that there was no `.sys` file, and how to get one.
pub(crate) fn linked_because(why: &str) -> String {
    format!("the driver runs linked into the simulator: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::tally::Tally;
    use crate::demo::workload::Pace;

    static LINKED: Form = Form::Linked { why: String::new() };

    fn outcome() -> Outcome<'static> {
        Outcome {
            driver: "registry-guard",
            form: &LINKED,
            hives: &[],
            mount: Duration::from_millis(5),
            protected: Vec::new(),
            skipped: 0,
            counters: CounterReport {
                blocked: 2,
                contexts_set: 3,
                contexts_released: 3,
                ..CounterReport::default()
            },
            done: Done {
                tally: Tally {
                    denied_changes: 2,
                    ..Tally::default()
                },
                one_thread: Pace {
                    time: Duration::from_micros(7),
                    calls: 10,
                },
                threads: Pace {
                    time: Duration::from_micros(4),
                    calls: 10,
                },
            },
            debug_lines: 1,
            findings: Vec::new(),
        }
    }

    #[test]
    fn a_good_outcome_has_no_faults() {
        assert_eq!(outcome().faults(), Vec::<String>::new());
    }

    #[test]
    fn each_fault_is_told() {
        let mut bad = outcome();
        bad.counters.contexts_released = 2;
        bad.counters.blocked = 1;
        for number in 0..12 {
            bad.done.tally.failures.add(number);
        }
        let faults = bad.faults();
        assert_eq!(faults.len(), 10 + 3);
        assert_eq!(
            faults[10],
            "2 more operations ended otherwise than the policy says"
        );
        assert_eq!(faults[11], "3 contexts were set and 2 were released");
        assert_eq!(
            faults[12],
            "2 changes were denied, but the driver blocked 1"
        );
    }

    #[test]
    fn the_summary_is_one_line_with_the_promised_fields_in_order() {
        let json = serde_json::to_string(&outcome().summary()).expect("it is plain data");
        assert_eq!(
            json,
            r#"{"driver":"registry-guard","form":"linked","hive_keys":0,"hive_values":0,"#
                .to_owned()
                + r#""operations":0,"notifications":0,"blocked":2,"allowed_changes":0,"#
                + r#""contexts_set":3,"contexts_released":3,"verifier_findings":0,"#
                + r#""ns_per_operation":700}"#
        );
    }
}
