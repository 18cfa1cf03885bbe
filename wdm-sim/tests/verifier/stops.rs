//! What cannot be a case like the others: what stops the machine, what an older version of Windows
//! lacks, and findings without end.

use std::process::Command;
use std::ptr;
use std::sync::OnceLock;

use wdm_sim::{BugCheck, Machine, Profile, Rule};
use wdm_sys::*;

use crate::cm::dereference;
use crate::subject::{Subject, call, check, findings};

pub(crate) const RULES: &[Rule] = &[
    Rule::N8,
    Rule::BugCheck,
    Rule::MissingRoutine,
    Rule::TooManyFindings,
];

/// Set in a process that is to stop.
const INSIDE: &str = "WDM_TEST_INSIDE";

/// Runs the test `name` again, in a process of its own, and checks that its machine stops with findings
/// of this rule and of the bug check only, and that the twin's does not stop.
fn stops(name: &str, rule: Rule, call: &str, driver: PDRIVER_INITIALIZE) {
    static MACHINE: OnceLock<Machine> = OnceLock::new();
    let Some(wrong) = std::env::var_os(INSIDE) else {
        let run = |wrong| {
            let mut again = Command::new(std::env::current_exe().unwrap());
            again
                .args(["--exact", name, "--nocapture"])
                .env(INSIDE, wrong);
            let output = again.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            (output.status.success(), said)
        };
        let (went_on, said) = run("wrong");
        assert!(!went_on, "{said}");
        let findings: Vec<_> = said
            .lines()
            .filter_map(|line| line.strip_prefix("found "))
            .collect();
        let expected = format!("{rule} at {call} by subject: ");
        assert!(
            findings.iter().any(|line| line.starts_with(&expected)),
            "{said}"
        );
        let others = findings.iter().filter(|line| !line.starts_with(&expected));
        assert!(
            others.clone().all(|line| line.starts_with("BUG-CHECK at ")),
            "{said}"
        );
        let (went_on, said) = run("right");
        assert!(went_on, "{said}");
        return;
    };
    let report = |_: &BugCheck| {
        let findings = MACHINE.get().unwrap().report().findings;
        findings
            .iter()
            .for_each(|finding| eprintln!("found {finding}"));
    };
    let machine = Machine::builder().on_bug_check(report).build().unwrap();
    let machine = MACHINE.get_or_init(|| machine);
    if wrong == "wrong" {
        // SAFETY: the driver stops the machine before it does any harm.
        let _ = unsafe { machine.load_linked("subject", driver.unwrap()) };
    }
    assert_eq!(machine.report().findings, []);
}

#[test]
fn buffer_touched_outside_of_an_exception_handler() {
    unsafe extern "system" fn entry(_: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
        call!(ProbeForWrite(ptr::without_provenance_mut(0x10), 8, 1));
        0
    }
    let name = "stops::buffer_touched_outside_of_an_exception_handler";
    stops(name, Rule::N8, "ProbeForWrite", Some(entry));
}

#[test]
fn driver_that_stops_the_machine() {
    unsafe extern "system" fn entry(_: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
        call!(KeBugCheckEx(0xE2, 0, 0, 0, 0))
    }
    let name = "stops::driver_that_stops_the_machine";
    stops(name, Rule::BugCheck, "KeBugCheckEx", Some(entry));
}

#[test]
fn routine_that_came_later() {
    const TAG: u32 = u32::from_le_bytes(*b"Subj");
    let subject = Subject {
        machine: |builder| builder.profile(Profile::Win7),
        ..Subject::entry(|_, wrong| {
            let block = match wrong {
                true => call!(ExAllocatePool2(POOL_FLAG_PAGED, 8, TAG)),
                false => call!(ExAllocatePoolWithTag(PagedPool, 8, TAG)),
            };
            call!(ExFreePoolWithTag(block, TAG));
        })
    };
    check(Rule::MissingRoutine, "ExAllocatePool2", subject);
}

#[test]
fn findings_without_end_are_counted() {
    let subject = Subject::entry(|_, wrong| {
        for address in 1..=if wrong { 1003 } else { 0 } {
            dereference(ptr::without_provenance_mut(address * 16));
        }
    });
    let found = findings(subject, true);
    let (last, kept) = found.split_last().unwrap();
    assert!(kept.iter().all(|finding| finding.rule == Rule::Object));
    assert_eq!(kept.len(), 1000);
    let named = (last.rule, last.call.as_str(), last.times);
    assert_eq!(named, (Rule::TooManyFindings, "Machine::report", 3));
    assert_eq!(findings(subject, false), []);
}
