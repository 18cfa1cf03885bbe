//! What two registries answered, call by call, and where they differ.

use std::collections::BTreeMap;
use std::fmt;

use registry_probe::{Answer, Call};
use serde::Serialize;
use wdm_sim::Status;

use super::cases::Case;
use super::fields;

/// A way in which the answers to a call differ. Equal ones of a case are counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Difference {
    /// The case.
    pub(super) case: String,
    /// The system call, and its information class.
    pub(super) call: String,
    /// `status`, `length`, or the part of the buffer.
    pub(super) field: String,
    /// What Wine says.
    pub(super) wine: String,
    /// What the simulator says.
    pub(super) simulator: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            case,
            call,
            field,
            wine,
            simulator,
        } = self;
        write!(
            f,
            "{case}: {call}, {field}: Wine {wine}, simulator {simulator}"
        )
    }
}

/// Differences, with the number of calls and the first one each.
pub(super) type Differences = BTreeMap<Difference, (usize, String)>;

/// How the answers to the calls of all cases differ.
pub(super) fn all(cases: &[Case], wine: &[Answer], simulator: &[Answer]) -> Differences {
    let calls = cases
        .iter()
        .flat_map(|case| case.calls.iter().map(move |call| (case, call)));
    let mut differences = Differences::new();
    for ((case, call), (wine, simulator)) in calls.zip(wine.iter().zip(simulator)) {
        compare(&mut differences, &case.name, call, wine, simulator);
    }
    differences
}

/// Adds how the answers to a call differ. If the statuses do, the rest says nothing more.
fn compare(
    differences: &mut Differences,
    case: &str,
    call: &Call,
    wine: &Answer,
    simulator: &Answer,
) {
    let mut found = Vec::new();
    if wine.status != simulator.status {
        found.push((
            "status",
            [wine, simulator].map(|answer| status(answer.status)),
        ));
    } else {
        if wine.length != simulator.length {
            let length = |answer: &Answer| match answer.length {
                Some(length) => length.to_string(),
                None => "none".to_owned(),
            };
            found.push(("length", [wine, simulator].map(length)));
        }
        found.extend(fields::differing(call, wine, simulator));
    }
    for (field, [wine, simulator]) in found {
        let difference = Difference {
            case: case.to_owned(),
            call: describe(call),
            field: field.to_owned(),
            wine,
            simulator,
        };
        let first = || (0, call.to_line());
        differences.entry(difference).or_insert_with(first).0 += 1;
    }
}

/// The call's name, with its information class.
fn describe(call: &Call) -> String {
    match call {
        Call::QueryKey { class, .. }
        | Call::EnumerateKey { class, .. }
        | Call::SetInformationKey { class, .. }
        | Call::QueryValueKey { class, .. }
        | Call::EnumerateValueKey { class, .. } => format!("{} {class}", call.name()),
        _ => call.name().to_owned(),
    }
}

/// A status by its name, if it has one.
fn status(status: u32) -> String {
    let status = Status(status.cast_signed());
    match status.name() {
        Some(name) => name.to_owned(),
        None => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u32, length: Option<u32>, data: &[u8]) -> Answer {
        Answer {
            status,
            length,
            data: data.to_vec(),
        }
    }

    /// The differences of two answers to a query, as text.
    fn differences(class: u32, wine: Answer, simulator: Answer) -> Vec<String> {
        let call = Call::QueryKey {
            slot: 0,
            class,
            size: 20,
        };
        let mut differences = Differences::new();
        compare(&mut differences, "a/case", &call, &wine, &simulator);
        differences.keys().map(ToString::to_string).collect()
    }

    #[test]
    fn equal_answers_do_not_differ() {
        let answer = answer(0, Some(4), &[1, 0, 0, 0]);
        assert!(differences(3, answer.clone(), answer).is_empty());
    }

    #[test]
    fn where_the_status_differs_the_rest_says_nothing_more() {
        let differences = differences(3, answer(0, Some(4), &[1]), answer(0xC000_0008, None, &[]));
        assert_eq!(
            differences,
            ["a/case: QueryKey 3, status: Wine SUCCESS, simulator INVALID_HANDLE"]
        );
    }

    #[test]
    fn fields_have_names_and_times_do_not_count() {
        let mut wine = [0x11; 18];
        let mut simulator = [0x22; 18];
        for buffer in [&mut wine, &mut simulator] {
            buffer[8..16].copy_from_slice(&[0, 0, 0, 0, 2, 0, 0, 0]);
        }
        simulator[12] = 4;
        let differences = differences(
            0,
            answer(0, Some(18), &wine),
            answer(0, Some(20), &simulator),
        );
        assert_eq!(
            differences,
            [
                "a/case: QueryKey 0, NameLength: Wine 2, simulator 4",
                "a/case: QueryKey 0, length: Wine 18, simulator 20",
            ]
        );
    }

    #[test]
    fn the_rest_counts_where_the_fixed_parts_are_the_same() {
        let full_name = |name: &[u8]| answer(0, Some(8), &[&[4, 0, 0, 0], name].concat());
        assert!(differences(3, full_name(b"A\0b\0"), full_name(b"a\0B\0")).is_empty());
        let found = differences(3, full_name(b"A\0b\0"), full_name(b"a\0c\0"));
        assert_eq!(
            found,
            ["a/case: QueryKey 3, Name: Wine 6422593, simulator 6488161"]
        );
    }

    #[test]
    fn after_an_error_it_counts_whether_the_buffer_was_written_to() {
        let untouched = answer(0xC000_0023, None, &[Answer::UNTOUCHED; 4]);
        let written = answer(0xC000_0023, None, &[1, 2, 3, 4]);
        assert!(differences(0, untouched.clone(), untouched.clone()).is_empty());
        assert_eq!(
            differences(0, written, untouched),
            ["a/case: QueryKey 0, buffer: Wine written, simulator untouched"]
        );
    }
}
