//! The event queue: order, bounds, and that every event is popped, dropped or given back once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use proptest::prelude::*;
use wdm_safe::{EventQueue, NtError};
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
}

#[test]
fn it_does_what_a_bounded_queue_does() {
    proptest!(|(capacity in 0..20_usize, steps in prop::collection::vec(any::<Option<u32>>(), 0..80))| {
        in_machine(|_| {
            let queue = EventQueue::try_new(capacity).expect("there is memory");
            assert!(queue.capacity() >= capacity.max(2) && queue.capacity().is_power_of_two());
            let (mut model, mut dropped) = (VecDeque::new(), 0);
            for step in steps {
                match step {
                    Some(event) if model.len() == queue.capacity() => {
                        assert_eq!(queue.push(event), Err(event));
                        dropped += 1;
                    }
                    Some(event) => {
                        assert_eq!(queue.push(event), Ok(()));
                        model.push_back(event);
                    }
                    None => assert_eq!(queue.pop(), model.pop_front()),
                }
                assert_eq!(queue.dropped(), dropped);
            }
        });
    });
}

#[test]
fn what_is_left_is_dropped_with_the_queue() {
    in_machine(|_| {
        let event = Arc::new(());
        let queue = EventQueue::try_new(4).expect("there is memory");
        for _ in 0..3 {
            queue.push(Arc::clone(&event)).expect("there is room");
        }
        drop(queue.pop());
        assert_eq!(Arc::strong_count(&event), 3);
        drop(queue);
        assert_eq!(Arc::strong_count(&event), 1);
    });
}

#[test]
fn p5_without_memory_there_is_no_queue() {
    in_machine(|machine| {
        machine.fail_allocation(1);
        let failed = EventQueue::<u64>::try_new(16).err();
        assert_eq!(failed, Some(NtError::INSUFFICIENT_RESOURCES));
        let huge = EventQueue::<u64>::try_new(usize::MAX).err();
        assert_eq!(huge, Some(NtError::INSUFFICIENT_RESOURCES));
    });
}

#[test]
fn threads_lose_nothing_and_keep_each_producers_order() {
    const PRODUCERS: usize = 3;
    const EVENTS: usize = 2_000;
    in_machine(|_| {
        let queue = EventQueue::try_new(64).expect("there is memory");
        let (done, pushed) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let stop = AtomicBool::new(false);
        let popped: Vec<Vec<(usize, usize)>> = std::thread::scope(|scope| {
            for producer in 0..PRODUCERS {
                let (queue, done, pushed) = (&queue, &done, &pushed);
                scope.spawn(move || {
                    for event in 0..EVENTS {
                        if queue.push((producer, event)).is_ok() {
                            pushed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    done.fetch_add(1, Ordering::Release);
                });
            }
            let consumers: Vec<_> = (0..2)
                .map(|_| {
                    scope.spawn(|| {
                        let mut mine = Vec::new();
                        loop {
                            let last = stop.load(Ordering::Acquire);
                            while let Some(event) = queue.pop() {
                                mine.push(event);
                            }
                            if last {
                                return mine;
                            }
                            std::thread::yield_now();
                        }
                    })
                })
                .collect();
            while done.load(Ordering::Acquire) < PRODUCERS {
                std::thread::yield_now();
            }
            stop.store(true, Ordering::Release);
            consumers
                .into_iter()
                .map(|consumer| consumer.join().expect("it ends"))
                .collect()
        });
        let total: usize = popped.iter().map(Vec::len).sum();
        assert_eq!(total, pushed.load(Ordering::Relaxed));
        assert_eq!(queue.dropped() as usize, PRODUCERS * EVENTS - total);
        for events in &popped {
            for producer in 0..PRODUCERS {
                let seen = events.iter().filter(|(from, _)| *from == producer);
                assert!(seen.map(|(_, event)| event).is_sorted());
            }
        }
        let mut all = popped.concat();
        all.sort_unstable();
        let distinct = all.len();
        all.dedup();
        assert_eq!(all.len(), distinct, "no event comes twice");
    });
}
