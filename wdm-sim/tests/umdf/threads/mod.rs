//! Real threads: callbacks run on the thread that brings them about, and a driver has threads of its own.

mod locks;
mod races;

use core::time::Duration;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use umdf_callback::callback::*;
use umdf_callback::request::*;
use umdf_callback::{
    AddedDevice, DeviceInit, Dispatch, Driver, File, PowerState, Queue, QueueConfig, Result,
    device_callback, queue_callback,
};
use wdm_sim::umdf::Wake;

use crate::raw::{Subject, driver};
use crate::support::{ABORTED, CLSID, Host, Hosted, S_OK, builder, ended};

/// A device with one queue, which does with a read what a function says.
struct Reads<const CONSTRAINED: bool>(Arc<Does>);

type OnRead = dyn Fn(Request<Read>, usize) + Send + Sync;

struct Does {
    dispatch: Dispatch,
    read: Box<OnRead>,
    file: Box<dyn Fn() + Send + Sync>,
}

thread_local! {
    static NEXT: RefCell<Option<Arc<Does>>> = const { RefCell::new(None) };
}

impl<const CONSTRAINED: bool> Default for Reads<CONSTRAINED> {
    fn default() -> Self {
        Reads(NEXT.take().expect("the test has said what it does"))
    }
}

struct Context(Arc<Does>);

impl FileCleanup for Context {
    fn on_cleanup_file(&self, _file: &File) {
        (self.0.file)();
    }
}

impl FileClose for Context {
    fn on_close_file(&self, _file: &File) {
        (self.0.file)();
    }
}

device_callback!(Context);

struct OnReads(Arc<Does>);

impl QueueRead for OnReads {
    fn on_read(&self, _queue: &Queue<'_, Self>, request: Request<Read>, length: usize) {
        (self.0.read)(request, length);
    }
}

queue_callback!(OnReads);

impl<const CONSTRAINED: bool> Driver for Reads<CONSTRAINED> {
    fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
        let (config, context) = (QueueConfig::default_queue(), Context(self.0.clone()));
        let callback = OnReads(self.0.clone());
        if CONSTRAINED {
            let device = init.create_device(context)?;
            device.create_queue(config, self.0.dispatch, callback)?;
            Ok(device.into())
        } else {
            let device = init.unsynchronized().create_device(context)?;
            device.create_queue(config, self.0.dispatch, callback)?;
            Ok(device.into())
        }
    }
}

/// A device that works, whose driver does this with a read.
fn reads<const CONSTRAINED: bool>(
    dispatch: Dispatch,
    read: impl Fn(Request<Read>, usize) + Send + Sync + 'static,
) -> Hosted {
    reads_and_files::<CONSTRAINED>(dispatch, read, || {})
}

fn reads_and_files<const CONSTRAINED: bool>(
    dispatch: Dispatch,
    read: impl Fn(Request<Read>, usize) + Send + Sync + 'static,
    file: impl Fn() + Send + Sync + 'static,
) -> Hosted {
    NEXT.set(Some(Arc::new(Does {
        dispatch,
        read: Box::new(read),
        file: Box::new(file),
    })));
    Hosted::started::<Reads<CONSTRAINED>>()
}

/// A thread that completes what it is sent, after a while.
fn worker() -> Sender<(Request<Read>, usize)> {
    let (sender, jobs) = mpsc::channel::<(Request<Read>, usize)>();
    thread::spawn(move || {
        for (request, length) in jobs {
            thread::sleep(Duration::from_micros(100));
            request.complete_with_information(length);
        }
    });
    sender
}

#[test]
fn a_request_is_completed_on_another_thread() {
    let worker = worker();
    let hosted = reads::<true>(Dispatch::Parallel, move |request, length| {
        worker.send((request, length)).unwrap();
    });
    let sent: Vec<_> = (0..20)
        .map(|length| (length + 1, hosted.read(length + 1)))
        .collect();
    for (length, sent) in sent {
        assert_eq!(sent.wait(), ended(S_OK, length));
    }
}

/// A sequential queue: the next one comes when the one before has ended, whoever ends it, and in the order in which they were sent.
#[test]
fn a_sequential_queue_keeps_its_order() {
    let (worker, order) = (worker(), Arc::<Mutex<Vec<usize>>>::default());
    let came = order.clone();
    let hosted = reads::<true>(Dispatch::Sequential, move |request, length| {
        came.lock().unwrap().push(length);
        match length % 3 {
            0 => request.complete(),
            _ => worker.send((request, length)).unwrap(),
        }
    });
    thread::scope(|threads| {
        for first in [1000, 2000, 3000] {
            let hosted = &hosted.device;
            threads.spawn(move || {
                let sent: Vec<_> = (first..first + 50)
                    .map(|length| hosted.read(length))
                    .collect();
                assert!(sent.iter().all(|sent| sent.wait().is_some()));
            });
        }
    });
    let order = order.lock().unwrap();
    assert_eq!(order.len(), 150);
    for first in [1000, 2000, 3000] {
        let own: Vec<_> = order
            .iter()
            .filter(|length| **length / 1000 == first / 1000)
            .collect();
        assert!(own.is_sorted(), "{own:?}");
    }
}

/// wdf/specifying-a-callback-synchronization-mode: under the constraint no two of these callbacks run at the same time, and files'
/// are among them.
#[test]
fn the_constraint_keeps_threads_apart() {
    let (inside, together) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
    let enter = {
        let together = together.clone();
        Arc::new(move || {
            if inside.fetch_add(1, Ordering::SeqCst) > 0 {
                together.store(true, Ordering::SeqCst);
            }
            thread::sleep(Duration::from_micros(50));
            inside.fetch_sub(1, Ordering::SeqCst);
        })
    };
    let in_file = enter.clone();
    let hosted = reads_and_files::<true>(
        Dispatch::Parallel,
        move |request, length| {
            enter();
            request.complete_with_information(length);
        },
        move || in_file(),
    );
    thread::scope(|threads| {
        for _ in 0..4 {
            let device = &hosted.device;
            threads.spawn(move || {
                for _ in 0..50 {
                    let file = device.open("").unwrap();
                    assert_eq!(file.read(3).wait(), ended(S_OK, 3));
                }
            });
        }
    });
    assert!(!together.load(Ordering::SeqCst));
}

/// Without the constraint, two threads are in the same callback at once: each waits for the other in it.
#[test]
fn without_a_constraint_threads_meet() {
    let meeting = Arc::<(Mutex<usize>, Condvar)>::default();
    let hosted = reads::<false>(Dispatch::Parallel, move |request, _| {
        let (count, changed) = &*meeting;
        let mut count = count.lock().unwrap();
        *count += 1;
        changed.notify_all();
        let wait = Duration::from_secs(5);
        let both = |count: &mut usize| *count < 2;
        let (_count, waited) = changed.wait_timeout_while(count, wait, both).unwrap();
        request.complete_with_information(usize::from(!waited.timed_out()));
    });
    thread::scope(|threads| {
        for _ in 0..2 {
            let device = &hosted.device;
            threads.spawn(move || assert_eq!(device.read(1).wait(), ended(S_OK, 1)));
        }
    });
}

/// F4: a callback that has completed its request still runs. A removal on another thread waits for it before it calls others.
#[test]
fn a_removal_waits_for_callbacks_that_run() {
    fn removed<const CONSTRAINED: bool>() {
        let inside = Arc::<AtomicBool>::default();
        let together = Arc::<AtomicBool>::default();
        let (entered, enters) = mpsc::channel();
        let hosted = {
            let (inside, in_file) = (inside.clone(), inside);
            let together = together.clone();
            reads_and_files::<CONSTRAINED>(
                Dispatch::Parallel,
                move |request, _| {
                    inside.store(true, Ordering::SeqCst);
                    request.complete();
                    entered.send(()).unwrap();
                    thread::sleep(Duration::from_millis(50));
                    inside.store(false, Ordering::SeqCst);
                },
                move || {
                    let runs = in_file.load(Ordering::SeqCst);
                    together.fetch_or(runs, Ordering::SeqCst);
                },
            )
        };
        let _file = hosted.open("").unwrap();
        thread::scope(|threads| {
            let device = &hosted.device;
            threads.spawn(move || device.read(1));
            enters.recv().unwrap();
            device.remove();
        });
        assert!(!together.load(Ordering::SeqCst));
    }
    removed::<true>();
    removed::<false>();
}

/// A request that waits for its turn is not the driver's yet: when the device sleeps, it goes back to its queue, and comes once.
#[test]
fn a_delivery_that_waits_for_its_turn_waits_for_power() {
    let (entered, enters) = mpsc::channel();
    let (leave, leaves) = mpsc::channel::<()>();
    let leaves = Mutex::new(leaves);
    let hosted = reads::<true>(Dispatch::Parallel, move |request, length| {
        request.complete_with_information(length);
        if length == 1 {
            entered.send(()).unwrap();
            let _ = leaves.lock().unwrap().recv_timeout(Duration::from_secs(5));
        }
    });
    let waiting = thread::scope(|threads| {
        let device = &hosted.device;
        threads.spawn(move || device.read(1));
        enters.recv().unwrap();
        let waiting = device.read(2);
        device.sleep(PowerState::D3, Wake::FromSx).unwrap();
        leave.send(()).unwrap();
        waiting
    });
    assert_eq!(waiting.completion(), None, "the device sleeps");
    hosted.wake().unwrap();
    assert_eq!(waiting.completion(), ended(S_OK, 2));
    let reads = hosted.host.trace().callbacks();
    let reads = reads.iter().filter(|method| method.ends_with("OnRead"));
    assert_eq!(reads.count(), 2);
}

/// OnIoStop comes for a request when the callback that has handed it out has returned.
#[test]
fn a_request_is_stopped_after_its_delivery() {
    static ENTERED: AtomicBool = AtomicBool::new(false);
    static RETURNS: AtomicBool = AtomicBool::new(false);
    let subject = Subject {
        power_managed: true,
        control: |_, _, _| {
            ENTERED.store(true, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(30));
            RETURNS.store(true, Ordering::SeqCst);
        },
        stop: |at, _| {
            if RETURNS.load(Ordering::SeqCst) {
                at.complete();
            }
        },
        ..Subject::IDLE
    };
    let loaded = builder().load(driver(subject, false), &CLSID).unwrap();
    let hosted = Host::new(loaded).add();
    hosted.start().unwrap();
    thread::scope(|threads| {
        let device = &hosted.device;
        let sent = threads.spawn(move || device.control(0, b"", 0));
        while !ENTERED.load(Ordering::SeqCst) {
            thread::yield_now();
        }
        device.sleep(PowerState::D3, Wake::FromSx).unwrap();
        assert_eq!(sent.join().unwrap().completion(), ended(S_OK, 0));
    });
}

/// A request that waits for its turn is cancelled: the driver does not see it.
#[test]
fn a_delivery_that_waits_for_its_turn_is_cancelled() {
    let (entered, enters) = mpsc::channel();
    let (leave, leaves) = mpsc::channel::<()>();
    let leaves = Mutex::new(leaves);
    let hosted = reads::<true>(Dispatch::Sequential, move |request, length| {
        request.complete_with_information(length);
        if length == 1 {
            entered.send(()).unwrap();
            let _ = leaves.lock().unwrap().recv_timeout(Duration::from_secs(5));
        }
    });
    thread::scope(|threads| {
        let device = &hosted.device;
        threads.spawn(move || device.read(1));
        enters.recv().unwrap();
        let [waiting, next] = [2, 3].map(|length| device.read(length));
        waiting.cancel();
        assert_eq!(waiting.completion(), ended(ABORTED, 0));
        leave.send(()).unwrap();
        assert_eq!(next.wait(), ended(S_OK, 3));
    });
}

/// A trace numbers threads as they come, whatever other hosts they have been in.
#[test]
fn threads_have_numbers_of_their_own() {
    let before = reads::<true>(Dispatch::Parallel, |request, _| request.complete());
    drop(before);
    let hosted = reads::<true>(Dispatch::Parallel, |request, _| request.complete());
    thread::scope(|threads| {
        let device = &hosted.device;
        threads.spawn(move || device.read(1));
    });
    let events = hosted.host.trace().events;
    let threads: BTreeSet<_> = events.iter().map(|event| event.thread).collect();
    assert_eq!(threads, BTreeSet::from([1, 2]));
}
