//! Pool memory: what is owned is dropped once and given back, also when the pool has no more.

use std::rc::Rc;

use wdm_safe::{NtError, PoolBox, PoolTag, PoolVec, UnicodeString, unicode};
use wdm_sim::Machine;

/// Runs in a machine, and checks that no memory is left in it.
fn in_machine(test: impl FnOnce(&Machine)) {
    let machine = Machine::builder()
        .build()
        .expect("the demonstration hive mounts");
    let process = machine.process("test");
    let thread = process.enter();
    test(&machine);
    drop(thread);
    let counters = machine.report().counters;
    assert_eq!(counters.pool_allocations, counters.pool_frees);
    assert!(machine.report().findings.is_empty());
}

#[test]
fn a_box_drops_its_value_once() {
    in_machine(|_| {
        let value = Rc::new(());
        let boxed = PoolBox::try_new(Rc::clone(&value)).expect("there is memory");
        assert_eq!(Rc::strong_count(&boxed), 2);
        drop(boxed);
        assert_eq!(Rc::strong_count(&value), 1);
        let boxed = PoolBox::try_new(Rc::clone(&value)).expect("there is memory");
        drop(PoolBox::into_inner(boxed));
        assert_eq!(Rc::strong_count(&value), 1);
    });
}

#[test]
fn p5_a_box_without_memory_gives_the_value_back() {
    in_machine(|machine| {
        machine.fail_allocation(1);
        let tag = PoolTag::new(*b"Test");
        let (error, value) = PoolBox::try_new_tagged(7_u64, tag).expect_err("it was told to fail");
        assert_eq!((error, value), (NtError::INSUFFICIENT_RESOURCES, 7));
    });
}

#[test]
fn a_value_without_size_takes_no_memory() {
    in_machine(|machine| {
        machine.fail_allocation(1);
        let boxed = PoolBox::try_new(()).expect("nothing is allocated");
        assert_eq!(*boxed, ());
        drop(boxed);
        let mut units = PoolVec::new();
        for _ in 0..100 {
            units.try_push(()).expect("nothing is allocated");
        }
        assert_eq!(units.len(), 100);
        assert_eq!(machine.report().counters.pool_allocations, 0);
        machine.fail_allocation(0);
    });
}

#[test]
fn p5_a_vector_that_cannot_grow_is_as_before() {
    in_machine(|machine| {
        let mut numbers = PoolVec::new();
        for number in 0..4 {
            numbers.try_push(number).expect("there is memory");
        }
        machine.fail_allocation(1);
        let grown = numbers.try_extend_from_slice(&[4, 5, 6, 7]);
        assert_eq!(grown, Err(NtError::INSUFFICIENT_RESOURCES));
        assert_eq!(*numbers, [0, 1, 2, 3]);
        let reserved = numbers.try_reserve(usize::MAX);
        assert_eq!(reserved, Err(NtError::INSUFFICIENT_RESOURCES));
    });
}

#[test]
fn p5_a_string_that_cannot_grow_is_as_before() {
    in_machine(|machine| {
        let mut path = UnicodeString::try_from_str(unicode!("abc")).expect("there is memory");
        machine.fail_allocation(1);
        let pushed = path.try_push_component(unicode!("a component that is too long for it"));
        assert_eq!(pushed, Err(NtError::INSUFFICIENT_RESOURCES));
        assert_eq!(&*path, unicode!("abc"));
    });
}

#[test]
fn a_vector_does_what_a_vector_does() {
    use proptest::prelude::*;
    #[derive(Clone, Debug)]
    enum Step {
        Push(u32),
        Extend(Vec<u32>),
        Truncate(usize),
    }
    let step = prop_oneof![
        any::<u32>().prop_map(Step::Push),
        prop::collection::vec(any::<u32>(), 0..20).prop_map(Step::Extend),
        (0..40_usize).prop_map(Step::Truncate),
    ];
    proptest!(|(steps in prop::collection::vec(step, 0..40))| {
        in_machine(|_| {
            let (mut ours, mut theirs) = (PoolVec::new(), Vec::new());
            for step in steps {
                match step {
                    Step::Push(number) => {
                        ours.try_push(number).expect("there is memory");
                        theirs.push(number);
                    }
                    Step::Extend(numbers) => {
                        ours.try_extend_from_slice(&numbers).expect("there is memory");
                        theirs.extend(numbers);
                    }
                    Step::Truncate(len) => {
                        ours.truncate(len);
                        theirs.truncate(len);
                    }
                }
                assert_eq!(*ours, *theirs);
            }
        });
    });
}
