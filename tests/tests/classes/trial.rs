//! Tries every outcome of a class.

use cm_callback::altitude;
use cm_callback::operation::{Row, TABLE};
use wdm_sim::{KeyAccess, Machine, Status};

use crate::callback::{FAILURE, Sight, Trying};
use crate::operations::{Operation, Stage, program};
use crate::support::{self, HOME};

/// The row of a class.
fn row(class: &str) -> &'static Row {
    let row = TABLE.iter().find(|row| row.name == class);
    row.expect("the class is known")
}

/// Does an operation under two callbacks: one that makes an outcome in a method, and below it one
/// that makes another. Gives what the caller gets, and the methods of both that were called.
fn act(
    operation: Operation,
    above: (&'static str, &'static str),
    below: (&'static str, &'static str),
) -> (Result<(), Status>, Vec<&'static str>, Vec<&'static str>) {
    let machine = Machine::builder()
        .build()
        .expect("the demonstration hive mounts");
    let program = program(&machine);
    let thread = program.enter();
    let stage = Stage::set(&thread, &machine, operation).expect("the stage is set");
    let (seen_above, seen_below) = (Sight::default(), Sight::default());
    let trying = |(method, outcome), sight| Trying::new(&machine, method, outcome, sight);
    let above = trying(above, &seen_above);
    let below = trying(below, &seen_below);
    let drivers = [
        support::load(&machine, "above", altitude!("2"), above).expect("it loads"),
        support::load(&machine, "below", altitude!("1"), below).expect("it loads"),
    ];
    let result = seen_above.during(|| seen_below.during(|| stage.act(operation)));
    support::finish(&machine, drivers);
    (result, seen_above.take(), seen_below.take())
}

const NOTHING: (&str, &str) = ("", "");

fn failure() -> Result<(), Status> {
    Err(Status(FAILURE.raw()))
}

/// Tries what can be made of a pre-notification (N2).
pub(crate) fn before(operation: Operation, class: &str) {
    let row = row(class);
    let post = row.method.replacen("::pre_", "::post_", 1);
    for outcome in row.outcomes {
        let (result, above, below) = act(operation, (row.method, outcome), NOTHING);
        let goes_on = outcome.starts_with("pass");
        let expected = if *outcome == "block" {
            failure()
        } else {
            Ok(())
        };
        assert_eq!(result, expected, "{class}, {outcome}");
        assert!(above.contains(&row.method), "{class}, {outcome}: {above:?}");
        assert_eq!(
            above.contains(&&*post),
            goes_on,
            "{class}, {outcome}: {above:?}"
        );
        assert_eq!(
            below.contains(&row.method),
            goes_on,
            "{class}, {outcome}: {below:?}"
        );
    }
}

/// Tries what can be made of a post-notification (N3).
pub(crate) fn after(operation: Operation, class: &str) {
    let row = row(class);
    let pre: &str = &row.method.replacen("::post_", "::pre_", 1);
    let pre = TABLE
        .iter()
        .find(|row| row.method == pre)
        .expect("it has one");
    // The size of these two's buffers is known after a success only.
    let sized = [Operation::QueryMultipleValue, Operation::QuerySecurity].contains(&operation);
    for outcome in row.outcomes {
        let fails = !sized && !["keep", "fail_with"].contains(outcome);
        let below = if fails {
            (pre.method, "block")
        } else {
            NOTHING
        };
        let (result, above, _) = act(operation, (row.method, outcome), below);
        let expected = if *outcome == "fail_with" {
            failure()
        } else {
            Ok(())
        };
        assert_eq!(result, expected, "{class}, {outcome}");
        assert!(above.contains(&row.method), "{class}, {outcome}: {above:?}");
    }
}

/// Sees a context off (C3).
pub(crate) fn cleanup() {
    let row = row("RegNtCallbackObjectContextCleanup");
    let machine = Machine::builder()
        .build()
        .expect("the demonstration hive mounts");
    let sight = Sight::default();
    let method = "RegistryCallback::post_create_key";
    let noting = Trying::new(&machine, method, "note", &sight);
    let driver = support::load(&machine, "noting", altitude!("1"), noting).expect("it loads");
    let program = machine.process("program.exe");
    let thread = program.enter();
    let key = sight.during(|| thread.create_key(HOME, KeyAccess::ALL).expect("it opens"));
    assert!(!sight.take().contains(&row.method));
    sight.during(|| drop(key));
    assert!(sight.take().contains(&row.method));
    support::finish(&machine, [driver]);
}
