//! What a thread of the demonstration did, and which operations did not end as expected.

use std::fmt;

use wdm_sim::Status;

/// How many failures are kept word for word.
const KEPT: usize = 10;

/// Operations that did not end as the policy says.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    first: Vec<String>,
    count: u64,
}

impl Failures {
    /// Notes one.
    pub(crate) fn add(&mut self, failure: impl fmt::Display) {
        if self.first.len() < KEPT {
            self.first.push(failure.to_string());
        }
        self.count += 1;
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The first ones, a line each.
    pub(crate) fn first(&self) -> &[String] {
        &self.first
    }

    fn merge(&mut self, other: Self) {
        let room = KEPT - self.first.len();
        self.first.extend(other.first.into_iter().take(room));
        self.count += other.count;
    }
}

/// What one or several threads did.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Calls that were made.
    pub(crate) calls: u64,
    /// Changes that the policy allows and that succeeded.
    pub(crate) allowed_changes: u64,
    /// Changes that the policy denies and that were denied.
    pub(crate) denied_changes: u64,
    /// What did not end as expected.
    pub(crate) failures: Failures,
}

impl Tally {
    /// Counts a call that has to succeed.
    pub(crate) fn succeeds<T>(
        &mut self,
        what: &str,
        path: &str,
        result: Result<T, Status>,
    ) -> Option<T> {
        self.calls += 1;
        match result {
            Ok(value) => Some(value),
            Err(status) => {
                self.failures
                    .add(format_args!("{what} {path}: {status}, expected success"));
                None
            }
        }
    }

    /// Counts a call and compares how it ended with what was expected; says whether they agree.
    pub(crate) fn ends(
        &mut self,
        what: &str,
        path: &str,
        got: Result<(), Status>,
        expected: Result<(), Status>,
    ) -> bool {
        self.calls += 1;
        if got != expected {
            let (got, expected) = (Ending(got), Ending(expected));
            self.failures
                .add(format_args!("{what} {path}: {got}, expected {expected}"));
        }
        got == expected
    }

    /// Adds what another thread did.
    pub(crate) fn merge(&mut self, other: Self) {
        self.calls += other.calls;
        self.allowed_changes += other.allowed_changes;
        self.denied_changes += other.denied_changes;
        self.failures.merge(other.failures);
    }
}

/// How an operation ended, for people.
#[derive(Clone, Copy)]
struct Ending(Result<(), Status>);

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Ok(()) => f.write_str("success"),
            Err(status) => status.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unexpected_end_is_a_failure() {
        let mut tally = Tally::default();
        let denied = Err(Status::ACCESS_DENIED);
        assert!(tally.ends("renaming", "K", denied, denied));
        assert_eq!(tally.failures.count(), 0);
        assert!(!tally.ends("renaming", "K", Ok(()), denied));
        assert_eq!(tally.succeeds("opening", "K", Ok(7)), Some(7));
        assert_eq!(
            tally.succeeds::<()>("opening", "K", Err(Status::KEY_DELETED)),
            None
        );
        assert_eq!(tally.calls, 4);
        assert_eq!(
            tally.failures.first(),
            [
                "renaming K: success, expected 0xC0000022 STATUS_ACCESS_DENIED",
                "opening K: 0xC000017C STATUS_KEY_DELETED, expected success",
            ]
        );
    }

    #[test]
    fn all_failures_are_counted_and_the_first_are_kept() {
        let mut all = Tally::default();
        for thread in 0..2 {
            let mut tally = Tally::default();
            for number in 0..8 {
                tally.failures.add(format_args!("{thread}/{number}"));
            }
            all.merge(tally);
        }
        assert_eq!(all.failures.count(), 16);
        assert_eq!(all.failures.first().len(), KEPT);
        assert_eq!(all.failures.first()[9], "1/1");
    }
}
