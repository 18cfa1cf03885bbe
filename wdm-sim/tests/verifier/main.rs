//! One case for each of the verifier's rules: a driver that breaks just that rule, which the one
//! finding names with the call, while the machine goes on; and its twin, the same driver without the
//! mistake, about which there is no finding.

#![allow(non_upper_case_globals, reason = "C's names in patterns")]

#[allow(
    dead_code,
    clippy::mut_from_ref,
    reason = "the rest is for the configuration manager's tests"
)]
#[path = "../cm/support.rs"]
mod cm;
use cm as support;

mod contexts;
mod io;
mod key_objects;
mod lists;
mod locks;
mod notifications;
mod objects;
mod pool;
mod processes;
mod registration;
mod requests;
mod stacks;
mod stops;
mod subject;
mod threads;
mod transactions;

use std::collections::BTreeSet;

use wdm_sim::Rule;

/// The rules that the cases are for.
const COVERED: &[&[Rule]] = &[
    registration::RULES,
    notifications::RULES,
    key_objects::RULES,
    contexts::RULES,
    pool::RULES,
    objects::RULES,
    locks::RULES,
    io::RULES,
    requests::RULES,
    stacks::RULES,
    lists::RULES,
    processes::RULES,
    threads::RULES,
    transactions::RULES,
    stops::RULES,
];

#[test]
fn every_rule_has_a_case() {
    let ids = |rules: &[Rule]| rules.iter().map(|rule| rule.id()).collect::<BTreeSet<_>>();
    assert_eq!(ids(&COVERED.concat()), ids(Rule::ALL));
}
