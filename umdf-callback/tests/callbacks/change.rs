//! Changes of a queue's state: one at a time, with a notification or waiting.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use umdf_callback::callback::QueueDefaultIoHandler;
use umdf_callback::request::{Other, Request};
use umdf_callback::{
    Dispatch, IoQueue, ManualQueue, Queue, QueueConfig, QueueState, manual_queue_callback,
    queue_callback,
};

use crate::send::{ABORTED, Nothing, S_OK};
use crate::{AddedDevice, DeviceInit, Driver, HRESULT, Hosted, Result, adds, ended, started};

const BUSY: HRESULT = HRESULT::from_win32(170);
const DEADLOCK: HRESULT = HRESULT::from_win32(1131);

/// What a test shares with its driver.
struct Shared {
    queue: Mutex<Option<IoQueue>>,
    kept: Mutex<Vec<Request<Other>>>,
}

impl Shared {
    const fn new() -> Self {
        Shared {
            queue: Mutex::new(None),
            kept: Mutex::new(Vec::new()),
        }
    }

    fn queue(&self) -> IoQueue {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.clone().expect("the device is there")
    }

    fn complete(&self) {
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        kept.into_iter().for_each(Request::complete);
    }

    fn forget(&self) {
        *self.queue.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Keeps its requests.
struct Keeps(&'static Shared);

impl QueueDefaultIoHandler for Keeps {
    fn on_default_io(&self, queue: &Queue<'_, Self>, request: Request<Other>) {
        let refused = queue.stop_synchronously().map_err(|error| error.code());
        assert_eq!(refused, Err(DEADLOCK));
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(request);
    }
}

queue_callback!(Keeps);

macro_rules! keeps {
    ($driver:ident, $shared:ident) => {
        static $shared: Shared = Shared::new();
        adds!($driver: |init| {
            let device = init.create_device(Nothing)?;
            let config = QueueConfig::default_queue();
            let queue = device.create_queue(config, Dispatch::Parallel, Keeps(&$shared))?;
            *$shared.queue.lock().unwrap_or_else(PoisonError::into_inner) = Some(queue);
            Ok(device.into())
        });
    };
}

/// Where a notification goes.
fn notified() -> (
    impl FnOnce(&IoQueue, QueueState) + Send + 'static,
    Receiver<QueueState>,
) {
    let (sender, receiver) = channel();
    let done = move |queue: &IoQueue, state| {
        assert_eq!(
            queue.state().accepts_requests(),
            QueueState::accepts_requests(state)
        );
        sender.send(state).expect("the test waits");
    };
    (done, receiver)
}

fn code(result: Result<()>) -> std::result::Result<(), HRESULT> {
    result.map_err(|error| error.code())
}

#[test]
fn u14_a_queue_is_stopped_when_the_driver_has_none_of_it() {
    keeps!(Adds, SHARED);
    let device = started::<Adds>();
    let queue = SHARED.queue();
    let first = device.read(1);
    let (done, notification) = notified();
    assert_eq!(code(queue.stop_then(done)), Ok(()));
    assert!(notification.try_recv().is_err());
    for busy in [
        queue.stop(),
        queue.drain(),
        queue.purge(),
        queue.stop_synchronously(),
    ] {
        assert_eq!(code(busy), Err(BUSY));
    }
    let second = device.read(1);
    SHARED.complete();
    assert_eq!(first.completion(), ended(S_OK, 0));
    let state = notification.try_recv().expect("it is stopped");
    assert!(state.driver_has_no_requests() && state.accepts_requests());
    assert!(!state.dispatches_requests() && !state.has_no_requests());
    assert_eq!(second.completion(), None);
    queue.start();
    SHARED.complete();
    assert_eq!(second.completion(), ended(S_OK, 0));
    SHARED.forget();
}

#[test]
fn u14_a_queue_is_drained_when_all_of_it_is_completed() {
    keeps!(Adds, SHARED);
    let device = started::<Adds>();
    let queue = SHARED.queue();
    let first = device.read(1);
    let (done, notification) = notified();
    assert_eq!(code(queue.drain_then(done)), Ok(()));
    assert!(
        device
            .read(1)
            .completion()
            .is_some_and(|end| end.status.is_err())
    );
    SHARED.complete();
    assert_eq!(first.completion(), ended(S_OK, 0));
    let state = notification.try_recv().expect("it is drained");
    assert!(state.has_no_requests() && !state.accepts_requests());
    SHARED.forget();
}

#[test]
fn u14_a_queue_is_purged_and_the_next_change_may_follow() {
    keeps!(Adds, SHARED);
    let device = started::<Adds>();
    let queue = SHARED.queue();
    assert_eq!(code(queue.stop()), Ok(()));
    let waiting = device.read(1);
    let (done, notification) = notified();
    let purged = queue.purge_then(move |queue, state| {
        done(queue, state);
        // The purge is over.
        assert_eq!(code(queue.stop()), Ok(()));
        queue.start();
    });
    assert_eq!(code(purged), Ok(()));
    assert_eq!(waiting.completion(), ended(ABORTED, 0));
    assert!(notification.try_recv().is_ok());
    assert!(queue.state().dispatches_requests());
    SHARED.forget();
}

#[test]
fn u14_a_thread_waits_for_a_change() {
    keeps!(Adds, SHARED);
    let device: Hosted = started::<Adds>();
    let queue = SHARED.queue();
    for change in [
        IoQueue::stop_synchronously as fn(&IoQueue) -> Result<()>,
        IoQueue::drain_synchronously,
        IoQueue::purge_synchronously,
    ] {
        let read = device.read(1);
        let waiting = thread::spawn({
            let queue = queue.clone();
            move || code(change(&queue))
        });
        let runs = |state: QueueState| state.accepts_requests() && state.dispatches_requests();
        while runs(queue.state()) {
            thread::yield_now();
        }
        assert!(!waiting.is_finished());
        SHARED.complete();
        assert_eq!(waiting.join().expect("it returns"), Ok(()));
        assert_eq!(read.completion(), ended(S_OK, 0));
        queue.start();
    }
    SHARED.forget();
}

/// Takes nothing.
struct Manual;

manual_queue_callback!(Manual);

static MANUAL: Mutex<Option<ManualQueue>> = Mutex::new(None);

adds!(AddsManual: |init| {
    let device = init.create_device(Nothing)?;
    let queue = device.create_manual_queue(QueueConfig::default_queue(), Manual)?;
    *MANUAL.lock().unwrap_or_else(PoisonError::into_inner) = Some(queue);
    Ok(device.into())
});

#[test]
fn u5_requests_of_one_opening_are_retrieved() {
    let device = started::<AddsManual>();
    let queue = MANUAL.lock().unwrap_or_else(PoisonError::into_inner).take();
    let queue = queue.expect("the device is there");
    let (one, other) = (
        device.open("").expect("it opens"),
        device.open("").expect("it opens"),
    );
    let (first, second, third) = (one.read(1), other.read(1), one.read(1));
    let next = queue
        .retrieve_next()
        .expect("it works")
        .expect("there is one");
    let file = next.file().expect("it has one");
    let same = queue.retrieve_next_of(&file).expect("it works");
    same.expect("there is another one").complete();
    assert_eq!(third.completion(), ended(S_OK, 0));
    assert!(queue.retrieve_next_of(&file).expect("it works").is_none());
    next.complete();
    assert_eq!(first.completion(), ended(S_OK, 0));
    assert_eq!(second.completion(), None);
    let other = queue.retrieve_next().expect("it works");
    other.expect("there is one").complete();
}
