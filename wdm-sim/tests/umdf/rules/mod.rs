//! One case or more for each of the framework's rules: a driver that breaks just that rule, which the one finding names with the
//! call, while the host goes on; and its twin, the same driver without the mistake, about which there is no finding.

mod devices;
mod objects;
mod queues;
mod requests;

use core::time::Duration;
use std::collections::BTreeSet;

use wdm_sim::umdf::{Framework, Rule};

use crate::raw::{Subject, driver};
use crate::support::CLSID;

/// The rules that the cases are for.
const COVERED: &[&[Rule]] = &[
    devices::RULES,
    objects::RULES,
    queues::RULES,
    requests::RULES,
    crate::belongings::RULES,
    SENDING,
];

/// Those that drivers break which send requests, and act as their clients: the cases are in `targets.rs` and in
/// `umdf-callback/tests/callbacks/client.rs`.
const SENDING: &[Rule] = &[
    Rule::Completion,
    Rule::Created,
    Rule::Forget,
    Rule::Format,
    Rule::Impersonate,
    Rule::Memory,
    Rule::Reuse,
    Rule::TargetState,
];

#[test]
fn every_rule_has_a_case() {
    let ids = |rules: &[Rule]| rules.iter().map(|rule| rule.id()).collect::<BTreeSet<_>>();
    assert_eq!(ids(&COVERED.concat()), ids(Rule::ALL));
}

/// What the system does with a driver: plugs a device in, and has a request done.
fn one_request(framework: &Framework) {
    let device = framework.plug_in("ROOT\\SAMPLE\\0000").unwrap();
    let _ = device.control(0, b"in", 2);
}

/// Runs a driver with its mistake and without.
fn check(rule: Rule, at: &str, subject: Subject, during: fn(&Framework)) {
    for wrong in [true, false] {
        // Rules that a driver breaks by doing nothing take as long.
        let builder = Framework::builder().patience(Duration::from_millis(20));
        let framework = builder.load(driver(subject, wrong), &CLSID).unwrap();
        during(&framework);
        let report = framework.unload();
        match &report.findings[..] {
            [finding] if wrong => {
                assert_eq!((finding.rule, &*finding.at), (rule, at), "{finding}");
            }
            [] if !wrong => {}
            findings => panic!("wrong is {wrong}: {findings:#?}\n{}", report.trace),
        }
    }
}

/// Makes a test of each case, and the list of their rules. A case is its name, its rule, the call that the finding must name, the
/// driver, and what the system does if that is more than one request.
macro_rules! cases {
    ($($(#[$doc:meta])* $name:ident: $rule:ident at $call:literal = $subject:expr $(, $during:expr)?;)*) => {
        pub(super) const RULES: &[wdm_sim::umdf::Rule] = &[$(wdm_sim::umdf::Rule::$rule),*];
        $(
            $(#[$doc])*
            #[test]
            fn $name() {
                #[allow(unused_mut, unused_assignments)]
                let mut during: fn(&wdm_sim::umdf::Framework) = $crate::rules::one_request;
                $(during = $during;)?
                $crate::rules::check(wdm_sim::umdf::Rule::$rule, $call, $subject, during);
            }
        )*
    };
}
use cases;
