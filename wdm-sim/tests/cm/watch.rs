//! Change notification as programs see it.

use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use wdm_sim::{KeyAccess, KeyChanges, KeyOptions, Machine, Status, ThreadGuard, UserKey};
use wdm_sys::{RegNtPreSetValueKey, SecurityInformation};

use crate::support::register;

const TEST: &str = r"\REGISTRY\MACHINE\SYSTEM\Test";

fn in_program<T>(test: impl FnOnce(&Machine, &ThreadGuard) -> T) -> T {
    let machine = Machine::builder().build().unwrap();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let result = test(&machine, &thread);
    drop(thread);
    assert_eq!(machine.report().findings, []);
    result
}

fn test_key(thread: &ThreadGuard) -> UserKey<'_> {
    thread.create_key(TEST, KeyAccess::ALL).unwrap()
}

#[test]
fn a_handle_needs_the_right_to_be_told() {
    in_program(|_, thread| {
        drop(test_key(thread));
        let access = KeyAccess::ALL - KeyAccess::NOTIFY;
        let key = thread.open_key(TEST, access).unwrap();
        let refused = key.watch(KeyChanges::VALUES, false);
        assert_eq!(refused.err(), Some(Status::ACCESS_DENIED));
        let refused = key.wait_for_change(KeyChanges::VALUES, false);
        assert_eq!(refused, Err(Status::ACCESS_DENIED));
        let odd = test_key(thread).watch(KeyChanges::from_bits_retain(0x10), false);
        assert_eq!(odd.err(), Some(Status::INVALID_PARAMETER));
    });
}

#[test]
fn w2_closing_the_last_handle_ends_a_request() {
    in_program(|_, thread| {
        let key = test_key(thread);
        let other = test_key(thread);
        let watch = key.watch(KeyChanges::VALUES, false).unwrap();
        other.close().unwrap();
        assert!(!watch.is_signalled(), "that was another key object");
        key.close().unwrap();
        assert!(watch.is_signalled());
    });
}

#[test]
fn w1_a_request_tells_of_one_change() {
    in_program(|_, thread| {
        let key = test_key(thread);
        let first = key.watch(KeyChanges::VALUES, false).unwrap();
        key.set_dword("a", 1).unwrap();
        let second = key.watch(KeyChanges::VALUES, false).unwrap();
        assert!(first.is_signalled());
        assert!(!second.is_signalled());
        key.set_dword("a", 2).unwrap();
        assert!(second.is_signalled());
    });
}

#[test]
fn a_change_in_a_transaction_is_told_of_when_that_is_committed() {
    in_program(|_, thread| {
        let key = test_key(thread);
        let watch = || {
            key.watch(KeyChanges::VALUES | KeyChanges::NAMES, true)
                .unwrap()
        };
        for (commits, change) in [
            (false, "value"),
            (true, "value"),
            (false, "key"),
            (true, "key"),
        ] {
            let (told, transaction) = (watch(), thread.create_transaction().unwrap());
            let inside = thread
                .open_key_transacted(TEST, KeyAccess::ALL, &transaction)
                .unwrap();
            match change {
                "value" => inside.set_dword("a", 1).unwrap(),
                _ => drop(
                    inside
                        .create_key_transacted("new", KeyAccess::ALL, &transaction)
                        .unwrap(),
                ),
            }
            assert!(!told.is_signalled(), "{change}");
            match commits {
                true => transaction.commit().unwrap(),
                false => transaction.rollback().unwrap(),
            }
            assert_eq!(told.is_signalled(), commits, "{change}");
        }
    });
}

#[test]
fn a_change_through_a_link_is_one_of_its_target() {
    in_program(|_, thread| {
        let target = test_key(thread);
        let path = r"\REGISTRY\MACHINE\SYSTEM\Link";
        let options = KeyOptions::VOLATILE | KeyOptions::CREATE_LINK;
        let access = KeyAccess::ALL | KeyAccess::CREATE_LINK;
        let (link, _) = thread.create_key_with(path, access, options).unwrap();
        let to: Vec<u8> = TEST.encode_utf16().flat_map(u16::to_le_bytes).collect();
        link.set_value("SymbolicLinkValue", wdm_sys::REG_LINK, &to)
            .unwrap();
        let watch = target.watch(KeyChanges::VALUES, false).unwrap();
        let of_link = link.watch(KeyChanges::VALUES, false).unwrap();
        let through = thread.open_key(path, KeyAccess::ALL).unwrap();
        through.set_dword("a", 1).unwrap();
        assert!(watch.is_signalled());
        assert!(!of_link.is_signalled());
    });
}

#[test]
fn what_a_callback_prevents_is_no_change() {
    for answer in [Status::ACCESS_DENIED, Status::CALLBACK_BYPASS] {
        let machine = Machine::builder().build().unwrap();
        let filter = register(&machine, "380010", move |event| match event.class {
            RegNtPreSetValueKey => answer,
            _ => Status::SUCCESS,
        });
        let app = machine.process("app.exe");
        let thread = app.enter();
        let key = test_key(&thread);
        let watch = key.watch(KeyChanges::VALUES, true).unwrap();
        let _ = key.set_dword("a", 1);
        assert!(!watch.is_signalled());
        drop((watch, key));
        drop(thread);
        assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    }
}

#[test]
fn a_wait_ends_when_its_key_is_deleted() {
    in_program(|machine, thread| {
        let key = test_key(thread);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let app = machine.process("other.exe");
                let thread = app.enter();
                let key = thread.open_key(TEST, KeyAccess::ALL).unwrap();
                key.delete().unwrap();
                done.store(true, Ordering::Release);
            });
            // Deleted before or after the wait begins.
            match key.wait_for_change(KeyChanges::VALUES, true) {
                Ok(status) => assert_eq!(status, Status::NOTIFY_CLEANUP),
                Err(status) => assert_eq!(status, Status::KEY_DELETED),
            }
        });
        assert!(done.load(Ordering::Acquire));
    });
}

/// Something that is done to one of four keys, of which each lies below the one before.
#[derive(Clone, Debug)]
enum Step {
    Set(usize, u32),
    Unset(usize),
    Make(usize),
    Remove(usize),
    Rename(usize),
    Protect(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..4_usize, 0..3_u32).prop_map(|(key, number)| Step::Set(key, number)),
        (0..4_usize).prop_map(Step::Unset),
        (0..4_usize).prop_map(Step::Make),
        (0..4_usize).prop_map(Step::Remove),
        (0..4_usize).prop_map(Step::Rename),
        (0..4_usize).prop_map(Step::Protect),
    ]
}

/// Does a step; says which key changed, and how. None if nothing did.
fn run(keys: &[UserKey<'_>], step: &Step) -> Option<(usize, KeyChanges)> {
    let with = |at: usize, changes, done: Result<(), Status>| done.is_ok().then_some((at, changes));
    match *step {
        Step::Set(at, number) => {
            let before = keys[at].query_value("v").ok().and_then(|it| it.as_dword());
            keys[at].set_dword("v", number).unwrap();
            (before != Some(number)).then_some((at, KeyChanges::VALUES))
        }
        Step::Unset(at) => with(at, KeyChanges::VALUES, keys[at].delete_value("v")),
        Step::Make(at) => {
            let made = keys[at].create_key_with("Leaf", KeyAccess::ALL, KeyOptions::empty());
            let created = wdm_sim::registry::Disposition::CreatedNew;
            (made.unwrap().1 == created).then_some((at, KeyChanges::NAMES))
        }
        Step::Remove(at) => {
            let leaf = keys[at].open_key("Leaf", KeyAccess::ALL).ok()?;
            with(at, KeyChanges::NAMES, leaf.delete())
        }
        Step::Rename(at) => {
            let leaf = keys[at].open_key("Leaf", KeyAccess::ALL).ok()?;
            let renamed = leaf.rename("Other");
            assert_eq!(leaf.rename("Leaf"), Ok(()));
            with(at, KeyChanges::NAMES, renamed)
        }
        Step::Protect(at) => {
            let parts = SecurityInformation::DACL.bits();
            let descriptor = keys[at].security(parts).unwrap();
            let set = keys[at].set_security(parts, &descriptor);
            with(at, KeyChanges::SECURITY | KeyChanges::ATTRIBUTES, set)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_request_ends_with_the_first_change_that_it_asked_for(
        at in 0..4_usize,
        filter in 0..16_u32,
        tree in any::<bool>(),
        steps in prop::collection::vec(step(), 0..12),
    ) {
        in_program(|_, thread| {
            let mut keys = vec![test_key(thread)];
            for name in ["B", "C", "D"] {
                let below = keys[keys.len() - 1].create_key(name, KeyAccess::ALL).unwrap();
                keys.push(below);
            }
            let filter = KeyChanges::from_bits_retain(filter);
            let watch = keys[at].watch(filter, tree).unwrap();
            let mut expected = false;
            for step in &steps {
                if let Some((changed, how)) = run(&keys, step) {
                    let here = changed == at || (tree && changed > at);
                    expected |= here && how.intersects(filter);
                }
                assert_eq!(watch.is_signalled(), expected, "{step:?}");
            }
        });
    }
}

#[test]
fn a_transaction_that_changes_nothing_tells_nothing() {
    in_program(|_, thread| {
        let key = test_key(thread);
        key.set_dword("a", 1).unwrap();
        let transaction = thread.create_transaction().unwrap();
        let within = thread
            .open_key_transacted(TEST, KeyAccess::ALL, &transaction)
            .unwrap();
        within.set_dword("a", 1).unwrap();
        drop(within);
        let watch = key.watch(KeyChanges::VALUES, true).unwrap();
        transaction.commit().unwrap();
        assert!(!watch.is_signalled());
    });
}
