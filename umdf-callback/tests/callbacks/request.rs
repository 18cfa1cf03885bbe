//! U5: a request is completed, forwarded or requeued, once.

use core::time::Duration;
use std::cell::RefCell;
use std::sync::Mutex;

use umdf_callback::callback::*;
use umdf_callback::request::*;
use umdf_callback::{
    Dispatch, IoQueue, PowerState, Queue, QueueConfig, device_callback, queue_callback,
};
use wdm_sim::umdf::{Framework, Rule, Wake};

use crate::{AddedDevice, DeviceInit, Driver, HRESULT, Result, adds, ended, hosted, started};

struct Nothing;

device_callback!(Nothing);

/// Does with a device I/O control what its code says.
struct Obedient {
    other: Option<IoQueue>,
    kept: RefCell<Vec<Request<DeviceIoControl>>>,
    marked: RefCell<Vec<Cancelable<DeviceIoControl>>>,
}

const DROP: u32 = 0;
const FAIL: u32 = 1;
const FAIL_WITH_SUCCESS: u32 = 2;
const REVERSE: u32 = 3;
const BEYOND: u32 = 4;
const FORWARD: u32 = 5;
const KEEP: u32 = 6;
const COMPLETE_KEPT: u32 = 7;
const MARK: u32 = 8;
const UNMARK: u32 = 9;
const DROP_MARKED: u32 = 10;

impl Obedient {
    fn new(other: Option<IoQueue>) -> Self {
        Obedient {
            other,
            kept: RefCell::default(),
            marked: RefCell::default(),
        }
    }
}

/// Writes the input backwards.
fn reverse(request: &mut Request<DeviceIoControl>) -> Result<usize> {
    let mut bytes = request.input()?.to_vec()?;
    bytes.reverse();
    request.output()?.write_at(0, &bytes)?;
    Ok(bytes.len())
}

impl QueueDeviceIoControl for Obedient {
    fn on_device_io_control(
        &self,
        queue: &Queue<'_, Self>,
        mut request: Request<DeviceIoControl>,
        code: u32,
        _input: usize,
        _output: usize,
    ) {
        match code {
            DROP => drop(request),
            FAIL => request.fail(HRESULT(0x8007_0005_u32 as i32)),
            FAIL_WITH_SUCCESS => request.fail(HRESULT(0)),
            REVERSE => match reverse(&mut request) {
                Ok(length) => request.complete_with_information(length),
                Err(error) => request.fail(error),
            },
            BEYOND => {
                let error = request
                    .output()
                    .unwrap()
                    .write_at(usize::MAX, &[0])
                    .unwrap_err();
                request.fail(error);
            }
            FORWARD => match &self.other {
                Some(other) => request.forward(other).expect("the other queue takes it"),
                None => {
                    let refused = request.forward(queue).unwrap_err();
                    refused.request.fail(refused.error);
                }
            },
            KEEP => self.kept.borrow_mut().push(request),
            COMPLETE_KEPT => {
                self.kept.take().into_iter().for_each(Request::complete);
                request.complete();
            }
            MARK => self
                .marked
                .borrow_mut()
                .push(request.mark_cancelable(queue)),
            UNMARK => {
                for marked in self.marked.take() {
                    if let Ok(marked) = marked.unmark() {
                        marked.complete_with_information(1);
                    }
                }
                request.complete();
            }
            DROP_MARKED => {
                self.marked.borrow_mut().clear();
                request.complete();
            }
            code => panic!("{code}"),
        }
    }
}

impl RequestCancel for Obedient {
    fn on_cancel(&self, request: Request<Other, Canceled>) {
        request.fail(CANCELED);
    }
}

queue_callback!(Obedient);

adds!(Obeys: |init| {
    let device = init.create_device(Nothing)?;
    let (default, secondary) = (QueueConfig::default_queue(), QueueConfig::secondary());
    let other = device.create_queue(secondary, Dispatch::Parallel, Obedient::new(None))?;
    device.create_queue(default, Dispatch::Parallel, Obedient::new(Some(other)))?;
    Ok(device.into())
});

const E_FAIL: HRESULT = HRESULT(0x8000_4005_u32 as i32);
const INSUFFICIENT_BUFFER: HRESULT = HRESULT(0x8007_007A_u32 as i32);

#[test]
fn it_is_completed_once() {
    let device = started::<Obeys>();
    let completed = |code| device.control(code, b"in", 4).completion();
    assert_eq!(DROPPED, HRESULT(0x8007_04D3_u32 as i32));
    assert_eq!(completed(DROP), ended(DROPPED, 0));
    assert_eq!(completed(FAIL), ended(HRESULT(0x8007_0005_u32 as i32), 0));
    assert_eq!(completed(FAIL_WITH_SUCCESS), ended(E_FAIL, 0));
    assert_eq!(completed(BEYOND), ended(INSUFFICIENT_BUFFER, 0));
}

#[test]
fn buffers_are_copied() {
    let device = started::<Obeys>();
    let sent = device.control(REVERSE, b"abc", 4);
    assert_eq!(sent.completion(), ended(HRESULT(0), 3));
    assert_eq!(sent.output(), b"cba");
    let short = device.control(REVERSE, b"abc", 2);
    assert_eq!(short.completion(), ended(INSUFFICIENT_BUFFER, 0));
    let none = device.control(REVERSE, b"", 2);
    assert_eq!(none.completion(), ended(INSUFFICIENT_BUFFER, 0));
}

/// The first queue forwards it to the second, which tries to forward it to itself and is refused.
#[test]
fn a_refused_request_is_still_the_drivers() {
    let device = started::<Obeys>();
    let sent = device.control(FORWARD, b"", 0);
    assert_eq!(sent.completion(), ended(HRESULT::from_win32(4317), 0));
}

#[test]
fn it_may_be_kept() {
    let device = started::<Obeys>();
    let kept = device.control(KEEP, b"", 0);
    assert_eq!(kept.completion(), None);
    assert!(device.control(COMPLETE_KEPT, b"", 0).completion().is_some());
    assert_eq!(kept.completion(), ended(HRESULT(0), 0));
}

#[test]
fn u20_a_cancelable_request_is_unmarked_or_cancelled() {
    let device = started::<Obeys>();
    let [first, second] = [(); 2].map(|()| device.control(MARK, b"", 1));
    first.cancel();
    first.cancel();
    assert_eq!(first.completion(), ended(CANCELED, 0));
    assert_eq!(second.completion(), None);
    assert!(device.control(UNMARK, b"", 0).completion().is_some());
    assert_eq!(first.completion(), ended(CANCELED, 0), "once");
    assert_eq!(second.completion(), ended(HRESULT(0), 1));
    let third = device.control(MARK, b"", 0);
    assert!(device.control(DROP_MARKED, b"", 0).completion().is_some());
    assert_eq!(third.completion(), ended(DROPPED, 0));
}

/// Keeps reads, and gives them back or keeps them when it is stopped.
struct Stopping {
    kept: Mutex<Vec<Request<Read>>>,
    marked: Mutex<Vec<Cancelable<Read>>>,
}

impl QueueRead for Stopping {
    fn on_read(&self, queue: &Queue<'_, Self>, request: Request<Read>, length: usize) {
        match length {
            9 => self
                .marked
                .lock()
                .unwrap()
                .push(request.mark_cancelable(queue)),
            _ => self.kept.lock().unwrap().push(request),
        }
    }
}

impl RequestCancel for Stopping {
    fn on_cancel(&self, _request: Request<Other, Canceled>) {}
}

impl QueueIoStop for Stopping {
    fn on_io_stop(&self, _: &Queue<'_, Self>, stopped: Stopped<'_>, action: StopAction) {
        if action.is_purge() {
            self.kept.lock().unwrap().clear();
            return;
        }
        assert!(action.is_suspend());
        let marked = self.marked.lock().unwrap();
        let is_it = marked.iter().find(|request| stopped.is(*request));
        assert_eq!(is_it.is_some(), action.is_cancelable());
        if let Some(marked) = is_it {
            return stopped.keep(marked).unwrap();
        }
        let mut kept = self.kept.lock().unwrap();
        if let Some(other) = kept.pop_if(|request| !stopped.is(request)) {
            let refused = stopped.requeue(other).unwrap_err();
            refused.request.fail(refused.error);
        } else {
            stopped.requeue(kept.pop().unwrap()).unwrap();
        }
    }
}

impl QueueIoResume for Stopping {
    fn on_io_resume(&self, _: &Queue<'_, Self>, resumed: Resumed<'_>) {
        let marked = self.marked.lock().unwrap().pop().unwrap();
        assert!(resumed.is(&marked));
        marked.unmark().unwrap().complete();
    }
}

queue_callback!(Stopping);

adds!(Stops: |init| {
    let device = init.create_device(Nothing)?;
    let stopping = Stopping { kept: Mutex::default(), marked: Mutex::default() };
    device.create_queue(QueueConfig::default_queue(), Dispatch::Parallel, stopping)?;
    Ok(device.into())
});

#[test]
fn u19_a_stopped_request_is_kept_or_given_back() {
    let device = started::<Stops>();
    let sleep = || device.sleep(PowerState::D3, Wake::FromSx).unwrap();
    let marked = device.read(9);
    sleep();
    assert_eq!(marked.completion(), None, "the driver keeps it");
    device.wake().unwrap();
    assert_eq!(marked.completion(), ended(HRESULT(0), 0), "and goes on");

    let given_back = device.read(1);
    sleep();
    assert_eq!(device.queues()[0].waiting, 1, "it is the queue's");
    device.wake().unwrap();
    assert_eq!(device.queues()[0].with_driver, 1, "it is delivered again");
    assert_eq!(given_back.completion(), None);
}

#[test]
fn u19_another_request_cannot_be_given_back() {
    let device = hosted::<Stops>(Framework::builder().patience(Duration::from_millis(50)));
    device.start().unwrap();
    let (first, second) = (device.read(1), device.read(1));
    device.sleep(PowerState::D3, Wake::FromSx).unwrap();
    let invalid = HRESULT(0x8007_0057_u32 as i32);
    assert_eq!(
        second.completion(),
        ended(invalid, 0),
        "not the one that was asked about"
    );
    assert_eq!(first.completion(), None);
    let [finding] = &device.unload().findings[..] else {
        panic!("one finding");
    };
    assert_eq!(finding.rule, Rule::Stop, "the first was not answered for");
    assert_eq!(first.completion(), ended(DROPPED, 0));
}

/// Leaves a request that is cancelled until the device sleeps.
#[derive(Default)]
struct Slow {
    marked: Mutex<Option<Cancelable<Read>>>,
    canceled: Mutex<Option<Request<Other, Canceled>>>,
}

impl QueueRead for Slow {
    fn on_read(&self, queue: &Queue<'_, Self>, request: Request<Read>, _length: usize) {
        *self.marked.lock().unwrap() = Some(request.mark_cancelable(queue));
    }
}

impl RequestCancel for Slow {
    fn on_cancel(&self, request: Request<Other, Canceled>) {
        let marked = self.marked.lock().unwrap();
        assert!(marked.as_ref().is_some_and(|marked| marked.is(&request)));
        *self.canceled.lock().unwrap() = Some(request);
    }
}

impl QueueIoStop for Slow {
    fn on_io_stop(&self, _: &Queue<'_, Self>, stopped: Stopped<'_>, _: StopAction) {
        let marked = self.marked.lock().unwrap().take().unwrap();
        assert!(!stopped.is(&marked), "it is being cancelled");
        let refused = stopped.keep(&marked).unwrap_err();
        assert_eq!(
            refused.code(),
            HRESULT(0x8007_0057_u32 as i32),
            "E_INVALIDARG"
        );
        self.canceled.lock().unwrap().take().unwrap().fail(CANCELED);
    }
}

queue_callback!(Slow);

adds!(Slows: |init| {
    let device = init.create_device(Nothing)?;
    device.create_queue(QueueConfig::default_queue(), Dispatch::Parallel, Slow::default())?;
    Ok(device.into())
});

#[test]
fn u19_a_request_that_is_being_cancelled_is_not_kept() {
    let device = started::<Slows>();
    let read = device.read(1);
    read.cancel();
    assert_eq!(read.completion(), None);
    device.sleep(PowerState::D3, Wake::FromSx).unwrap();
    assert_eq!(read.completion(), ended(CANCELED, 0));
}
