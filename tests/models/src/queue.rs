//! Model: `EventQueue`, producers against consumers.

use std::iter;
use std::sync::Arc;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use wdm_safe::EventQueue;

use crate::model::{check, saw};
use crate::witness::Witness;

/// Who pushed it, and its place among the producer's.
struct Event {
    producer: usize,
    place: usize,
    witness: Witness,
}

fn event(producer: usize, place: usize) -> Event {
    Event {
        producer,
        place,
        witness: Witness::new(),
    }
}

/// The queue, and where its threads take turns.
///
/// loom finds the other order of two accesses to an atomic if no third one is between them; a load of
/// the thread's own that precedes its store hides the loads of others before it. What each thread
/// does to `steps` has no order but the one in which it comes, and makes loom try them all.
struct Model {
    queue: EventQueue<Event>,
    steps: AtomicUsize,
}

impl Model {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            queue: EventQueue::try_new(2).expect("there is memory"),
            steps: AtomicUsize::new(0),
        })
    }

    fn step(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    /// Pushes so many events; gives how many came back.
    fn produce(&self, producer: usize, count: usize) -> u64 {
        let mut refused = 0;
        for place in 0..count {
            self.step();
            if self.queue.push(event(producer, place)).is_err() {
                saw("no room");
                refused += 1;
            }
        }
        refused
    }

    /// Pops one event, if there is one.
    fn consume(&self) -> Option<(usize, usize)> {
        self.step();
        let event = self.queue.pop();
        saw(if event.is_some() { "event" } else { "no event" });
        event.map(|event| {
            event.witness.look();
            (event.producer, event.place)
        })
    }
}

/// Asserts that no event came twice, and that each producer's came in their order.
fn assert_in_order(events: &[(usize, usize)]) {
    for producer in 0..2 {
        let places = events.iter().filter(|event| event.0 == producer);
        assert!(places.is_sorted_by(|one, next| one.1 < next.1));
    }
}

#[test]
fn producers_and_a_consumer_lose_nothing() {
    let checked = check("queue, two producers", Some(4), |_| {
        let model = Model::new();
        let producers = [(0, 1), (1, 2)].map(|(producer, count)| {
            let model = Arc::clone(&model);
            thread::spawn(move || model.produce(producer, count))
        });
        let mut events: Vec<_> = (0..2).filter_map(|_| model.consume()).collect();
        let refused = producers.map(|producer| producer.join().expect("it ends"));
        let refused = refused[0] + refused[1];
        if !events.is_empty() && refused == 0 {
            saw("an event in the place of one that was popped");
        }
        events.extend(iter::from_fn(|| model.consume()));
        assert_in_order(&events);
        assert_eq!(model.queue.dropped(), refused);
        assert_eq!(events.len() as u64 + refused, 3);
    });
    checked.assert_seen(&[
        "no room",
        "event",
        "no event",
        "an event in the place of one that was popped",
    ]);
}

#[test]
fn consumers_get_each_event_once_and_the_rest_goes_with_the_queue() {
    let checked = check("queue, two consumers", None, |_| {
        let model = Model::new();
        assert_eq!(model.produce(0, 2), 0);
        let consumers = [(); 2].map(|()| {
            let model = Arc::clone(&model);
            thread::spawn(move || model.consume())
        });
        let refused = model.produce(1, 2);
        let events = consumers.map(|consumer| consumer.join().expect("it ends"));
        let mut events: Vec<_> = events.into_iter().flatten().collect();
        events.sort_unstable();
        assert_in_order(&events);
        assert_eq!(
            events.len(),
            2,
            "each found one of the first two, or a later one"
        );
        assert_eq!(model.queue.dropped(), refused);
        if refused < 2 {
            saw("an event in the place of one that was popped");
        }
    });
    checked.assert_seen(&[
        "no room",
        "event",
        "an event in the place of one that was popped",
    ]);
}

#[test]
fn a_full_queue_counts_what_each_producer_loses() {
    let checked = check("queue, full", None, |_| {
        let model = Model::new();
        assert_eq!(model.produce(0, 2), 0);
        let producers = [(); 2].map(|()| {
            let model = Arc::clone(&model);
            thread::spawn(move || model.produce(1, 1))
        });
        let refused = producers.map(|producer| producer.join().expect("it ends"));
        assert_eq!((refused, model.queue.dropped()), ([1, 1], 2));
    });
    checked.assert_seen(&["no room"]);
}
