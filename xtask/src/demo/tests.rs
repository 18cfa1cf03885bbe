//! The demonstration on machines of all kinds, with the driver linked in.

use wdm_sim::{KeyAccess, KeyOptions, ThreadGuard};

use super::*;
use crate::demo::protect::Subtree;

/// `REG_LINK`.
const REG_LINK: u32 = 6;

const SYSTEM: &str = r"\REGISTRY\MACHINE\SYSTEM";

fn linked() -> Form {
    let why = "this is a test".to_owned();
    Form::Linked { why }
}

/// The demonstration on the demonstration hive and what `prepare` adds to it.
fn demonstrate_with(prepare: impl FnOnce(&ThreadGuard)) -> Vec<String> {
    let mounted = machine::build(&[]).expect("the demonstration hive is sound");
    prepare(&mounted.machine.process("setup.exe").enter());
    let form = linked();
    let outcome = demonstrate(&Options::default(), &mounted, &form).expect("it runs");
    let counters = &outcome.counters;
    assert!(counters.blocked > 0 && counters.contexts_set > 0 && counters.notifications > 0);
    assert!(outcome.done.tally.allowed_changes > 1000);
    outcome.faults()
}

#[test]
fn the_driver_keeps_the_policy() {
    assert_eq!(demonstrate_with(|_| {}), Vec::<String>::new());
}

#[test]
fn odd_keys_do_what_the_registry_says() {
    let faults = demonstrate_with(|thread| {
        let all = KeyAccess::ALL;
        let create = |path: &str, options| {
            let path = format!(r"{SYSTEM}\{path}");
            let key = thread.create_key_with(&path, all, options);
            key.expect("the name is free").0
        };
        let none = KeyOptions::empty();
        create("Volatile", KeyOptions::VOLATILE);
        create(r"Volatile\Below", KeyOptions::VOLATILE);
        create("With\0NUL", none)
            .set_dword("nul\0inside", 1)
            .expect("any name will do");
        // The second control set's protected service, with a link in it that leads out of it.
        let inside = r"ControlSet002\Services\LanternUpdate\Link";
        let link = create(inside, KeyOptions::CREATE_LINK);
        let target: Vec<u8> = SYSTEM.encode_utf16().flat_map(u16::to_le_bytes).collect();
        link.set_value("SymbolicLinkValue", REG_LINK, &target)
            .expect("it is a target");
        create("Dangling", KeyOptions::CREATE_LINK);
        // As deep as keys can be.
        let mut key = create("Deep", none);
        while let Ok(below) = key.create_key("d", all) {
            key = below;
        }
    });
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn without_the_driver_it_is_noticed_that_nothing_is_guarded() {
    let mounted = machine::build(&[]).expect("the demonstration hive is sound");
    let process = mounted.machine.process("demo.exe");
    let thread = process.enter();
    let survey = Survey::take(&thread).expect("all can be read");
    let path = format!(r"{SYSTEM}\ControlSet001\Services\LanternUpdate\Parameters");
    let keys = 1;
    let subtree = Subtree {
        setting: path.clone(),
        path,
        keys,
    };
    let done = Work::new(&process, &thread, &survey, &[subtree]).run(&[]);
    assert!(done.tally.failures.count() > 10);
    assert!(
        !survey
            .differences(&Survey::take(&thread).expect("all can be read"))
            .is_empty()
    );
}
