//! I/O targets: whether they take requests, and what becomes of those that they have.

use std::sync::Mutex;
use std::thread;

use umdf_callback::request::*;
use umdf_callback::target::{SentIo, TargetState};
use wdm_sim::umdf::LowerRequest;

use crate::send::{ABORTED, S_OK, act, forward, keep, relay};
use crate::{HRESULT, ended};

/// `HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK)`.
const DEADLOCK: HRESULT = HRESULT::from_win32(1131);

/// A driver that forwards what it gets, and shows its target.
macro_rules! target {
    ($name:ident, $target:ident) => {
        static $target: Mutex<Option<IoTarget>> = Mutex::new(None);
        act!($name: |relay, request| {
            $target.lock().expect("nobody panics").get_or_insert_with(|| relay.below.clone());
            drop(forward(relay, request, SendOptions::new()));
        });
    };
}

fn shown(target: &Mutex<Option<IoTarget>>) -> IoTarget {
    let target = target.lock().expect("nobody panics").take();
    target.expect("a request was sent")
}

#[test]
fn u14_a_target_that_is_stopped_keeps_what_is_sent() {
    target!(Show, TARGET);
    let device = relay::<Show>();
    assert_eq!(device.read(1).completion(), ended(S_OK, 1));
    let target = shown(&TARGET);
    assert!(target.file().is_none());
    assert_eq!(target.state(), Ok(TargetState::Started));
    assert_eq!(target.stop(SentIo::LeavePending), Ok(()));
    assert_eq!(target.state(), Ok(TargetState::Stopped));
    let (first, second) = (device.read(1), device.read(2));
    assert_eq!((first.completion(), second.completion()), (None, None));
    first.cancel();
    assert_eq!(first.completion(), ended(ABORTED, 0));
    assert_eq!(target.start(), Ok(()));
    assert_eq!(second.completion(), ended(S_OK, 2));
    drop((target, TARGET.lock().expect("nobody panics").take()));
}

#[test]
fn u14_a_target_that_is_stopped_cancels_what_it_has() {
    target!(Show, TARGET);
    let device = relay::<Show>();
    let kept = keep(&device);
    let read = device.read(1);
    let target = shown(&TARGET);
    assert_eq!(target.stop(SentIo::Cancel), Ok(()));
    assert_eq!(read.completion(), ended(ABORTED, 0));
    drop(kept);
}

#[test]
fn u14_a_target_that_is_stopped_waits_for_what_it_has() {
    target!(Show, TARGET);
    let device = relay::<Show>();
    let kept = keep(&device);
    let read = device.read(1);
    let target = shown(&TARGET);
    let stopping = thread::spawn({
        let target = target.clone();
        move || target.stop(SentIo::Wait)
    });
    while target.state() != Ok(TargetState::Stopped) {
        thread::yield_now();
    }
    // One change at a time.
    let busy = target.start().map_err(|error| error.code());
    assert_eq!(busy, Err(HRESULT::from_win32(170)));
    kept.take().into_iter().for_each(LowerRequest::succeed);
    assert_eq!(stopping.join().expect("it returns"), Ok(()));
    assert_eq!(read.completion(), ended(S_OK, 1));
    assert_eq!(target.start(), Ok(()));
}

#[test]
fn u14_no_callback_of_a_request_waits_for_requests() {
    act!(Wait: |relay, request| {
        let stopped = relay.below.stop(SentIo::Wait).map_err(|error| error.code());
        assert_eq!(stopped, Err(DEADLOCK));
        let target = relay.below.clone();
        let sent = relay.below.format(request).send(SendOptions::new(), move |ended| {
            let stopped = target.stop(SentIo::Wait).map_err(|error| error.code());
            assert_eq!(stopped, Err(DEADLOCK));
            ended.pass_on();
        });
        drop(sent.expect("it is sent"));
    });
    let device = relay::<Wait>();
    assert_eq!(device.read(1).completion(), ended(S_OK, 1));
}

#[test]
fn u13_a_request_can_be_sent_to_a_target_that_is_stopped() {
    act!(Ignore: |relay, request| {
        relay.below.stop(SentIo::LeavePending).expect("it stops");
        drop(forward(relay, request, SendOptions::new().ignore_target_state()));
        relay.below.start().expect("it starts");
    });
    let device = relay::<Ignore>();
    assert_eq!(device.read(1).completion(), ended(S_OK, 1));
}

#[test]
fn u13_the_requests_of_one_opening_are_cancelled() {
    target!(Show, TARGET);
    static FILE: Mutex<Option<umdf_callback::File>> = Mutex::new(None);
    act!(Remember: |relay, request| {
        let file = request.file();
        let mut first = FILE.lock().expect("nobody panics");
        if first.is_none() {
            *first = file;
        }
        drop(first);
        <Show as crate::send::Act>::act(relay, request);
    });
    let device = relay::<Remember>();
    let kept = keep(&device);
    let (one, other) = (
        device.open("").expect("it opens"),
        device.open("").expect("it opens"),
    );
    let (first, second) = (one.read(1), other.read(1));
    let target = shown(&TARGET);
    let file = FILE
        .lock()
        .expect("nobody panics")
        .take()
        .expect("a request came");
    target.cancel_sent_requests_for(&file);
    assert_eq!(
        (first.completion(), second.completion()),
        (ended(ABORTED, 0), None)
    );
    kept.take().into_iter().for_each(LowerRequest::succeed);
    assert_eq!(second.completion(), ended(S_OK, 1));
}
