//! U5: a request that was sent comes back once, and is completed then.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use umdf_callback::callback::{QueueDefaultIoHandler, QueueIoResume, QueueIoStop};
use umdf_callback::memory::{OwnInput, OwnOutput, Part};
use umdf_callback::raw;
use umdf_callback::request::*;
use umdf_callback::{
    Device, Dispatch, PowerState, Queue, QueueConfig, device_callback, queue_callback,
};
use wdm_sim::umdf::{LowerRequest, Wake};

use crate::{AddedDevice, DeviceInit, Driver, HRESULT, Hosted, Result, adds, ended, started};

pub(crate) const S_OK: HRESULT = HRESULT(0);
pub(crate) const ABORTED: HRESULT = HRESULT::from_win32(995);
pub(crate) const ERROR: HRESULT = HRESULT::from_win32(1117);

pub(crate) struct Nothing;

device_callback!(Nothing);

/// What a test does with a request.
pub(crate) trait Act: 'static {
    fn act(relay: &Relay, request: Request<Other>);
}

/// A driver that does with its requests what a test says.
pub(crate) struct Relay {
    pub(crate) device: Device,
    pub(crate) below: IoTarget,
    act: fn(&Relay, Request<Other>),
}

impl QueueDefaultIoHandler for Relay {
    fn on_default_io(&self, _queue: &Queue<'_, Self>, request: Request<Other>) {
        (self.act)(self, request);
    }
}

queue_callback!(Relay);

/// The driver that adds it.
pub(crate) struct Adds<A>(PhantomData<fn() -> A>);

impl<A> Default for Adds<A> {
    fn default() -> Self {
        Adds(PhantomData)
    }
}

impl<A: Act> Driver for Adds<A> {
    fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
        let device = init.create_device(Nothing)?;
        let relay = Relay {
            device: device.device().clone(),
            below: device.device().default_io_target()?,
            act: A::act,
        };
        device.create_queue(QueueConfig::default_queue(), Dispatch::Parallel, relay)?;
        Ok(device.into())
    }
}

/// A device whose requests a test handles.
pub(crate) fn relay<A: Act>() -> Hosted {
    started::<Adds<A>>()
}

/// One act.
macro_rules! act {
    ($name:ident: |$relay:ident, $request:ident| $body:expr) => {
        struct $name;

        impl crate::send::Act for $name {
            fn act(
                $relay: &crate::send::Relay,
                $request: umdf_callback::request::Request<umdf_callback::request::Other>,
            ) {
                $body
            }
        }
    };
}
pub(crate) use act;

/// Sends a request as it came, and passes on how it ends.
pub(crate) fn forward(
    relay: &Relay,
    request: Request<Other>,
    options: SendOptions,
) -> Option<Sent> {
    let formatted = relay.below.format(request);
    match formatted.send(options, |ended| ended.pass_on()) {
        Ok(sent) => Some(sent),
        Err(refused) => {
            refused.fail();
            None
        }
    }
}

act!(Forward: |relay, request| drop(forward(relay, request, SendOptions::new())));

/// What a lower driver keeps.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Vec<LowerRequest>>);

impl Kept {
    pub(crate) fn push(&self, request: LowerRequest) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(request);
    }

    pub(crate) fn take(&self) -> Vec<LowerRequest> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A lower driver that keeps what it gets.
pub(crate) fn keep(device: &Hosted) -> std::sync::Arc<Kept> {
    let kept = std::sync::Arc::<Kept>::default();
    let keeper = kept.clone();
    device.lower().answer(move |request| keeper.push(request));
    kept
}

#[test]
fn u13_a_request_ends_as_the_lower_driver_says() {
    let device = relay::<Forward>();
    device.lower().answer(|request| match request.code() {
        0 => request.succeed_with(b"below"),
        _ => request.fail(ERROR),
    });
    let file = device.open("").expect("it opens");
    let control = file.control(0, b"in", 9);
    assert_eq!(control.completion(), ended(S_OK, 5));
    assert_eq!(control.output(), b"below");
    assert_eq!(file.control(1, &[], 9).completion(), ended(ERROR, 0));
    assert_eq!(file.read(3).output(), b"bel");
}

#[test]
fn u13_a_request_comes_back_on_another_thread() {
    let device = relay::<Forward>();
    let kept = keep(&device);
    let read = device.read(4);
    assert_eq!(read.completion(), None);
    let lower = thread::spawn(move || {
        for request in kept.take() {
            request.succeed_with(b"late");
        }
    });
    assert_eq!(read.wait(), ended(S_OK, 4));
    assert_eq!(read.output(), b"late");
    lower.join().expect("the lower driver is well");
}

#[test]
fn u13_a_request_that_a_program_cancels_comes_back() {
    let device = relay::<Forward>();
    let kept = keep(&device);
    let read = device.read(4);
    read.cancel();
    assert_eq!(read.completion(), ended(ABORTED, 0));
    // Too late.
    kept.take().into_iter().for_each(LowerRequest::succeed);
    assert_eq!(read.completion(), ended(ABORTED, 0));
}

#[test]
fn u13_a_request_comes_back_when_its_device_is_removed() {
    let device = relay::<Forward>();
    let kept = keep(&device);
    let read = device.read(4);
    device.surprise_remove();
    assert_eq!(read.completion(), ended(ABORTED, 0));
    drop(kept);
}

#[test]
fn u13_a_request_is_cancelled_when_its_time_is_up() {
    act!(Hurry: |relay, request| {
        let options = SendOptions::new().timeout(Duration::from_millis(5));
        drop(forward(relay, request, options));
    });
    let device = relay::<Hurry>();
    let kept = keep(&device);
    assert_eq!(device.read(4).wait(), ended(ABORTED, 0));
    drop(kept);
}

#[test]
fn u13_a_request_that_was_sent_synchronously_is_the_drivers_again() {
    act!(Wait: |relay, request| {
        match relay.below.format(request).send_synchronously(SendOptions::new()) {
            Ok(ended) => {
                let completion = ended.completion();
                assert_eq!(completion.kind(), Some(RequestKind::Read));
                let read = Transferred::Read { offset: 0, length: 2 };
                assert_eq!(completion.transferred(), Some(read));
                let (request, ()) = ended.into_parts();
                request.complete_with_information(completion.information() - 1);
            }
            Err(refused) => refused.fail(),
        }
    });
    let device = relay::<Wait>();
    device.lower().answer(|request| request.succeed_with(b"ab"));
    assert_eq!(device.read(2).completion(), ended(S_OK, 1));
    // On another thread, which the first one waits for.
    device.lower().answer(|request| {
        thread::spawn(move || request.succeed_with(b"cd"));
    });
    let read = device.read(2);
    assert_eq!(read.wait(), ended(S_OK, 1));
    assert_eq!(read.output(), b"c");
}

#[test]
fn u13_a_synchronous_request_has_its_time() {
    act!(Hurry: |relay, request| {
        let options = SendOptions::new().timeout(Duration::from_millis(5));
        match relay.below.format(request).send_synchronously(options) {
            Ok(ended) => {
                assert_eq!(ended.completion().status(), ABORTED);
                assert!(ended.completion().result().is_err());
                ended.pass_on();
            }
            Err(refused) => refused.fail(),
        }
    });
    let device = relay::<Hurry>();
    let kept = keep(&device);
    assert_eq!(device.read(2).completion(), ended(ABORTED, 0));
    drop(kept);
}

#[test]
fn u13_a_request_is_cancelled_on_its_way() {
    static SENT: Mutex<Vec<Sent>> = Mutex::new(Vec::new());
    act!(Remember: |relay, request| {
        let sent = forward(relay, request, SendOptions::new());
        SENT.lock().expect("nobody panics").extend(sent);
    });
    let device = relay::<Remember>();
    let kept = keep(&device);
    let read = device.read(4);
    let sent = SENT
        .lock()
        .expect("nobody panics")
        .pop()
        .expect("it was sent");
    assert!(!sent.has_ended());
    assert!(sent.cancel());
    assert_eq!(read.completion(), ended(ABORTED, 0));
    assert!(sent.has_ended());
    assert!(!sent.cancel(), "it is too late");
    drop(kept.take());
    // One that the lower driver does not let go.
    device.lower().answer({
        let kept = kept.clone();
        move |request| kept.push(request.uncancelable())
    });
    let read = device.read(4);
    let sent = SENT
        .lock()
        .expect("nobody panics")
        .pop()
        .expect("it was sent");
    assert!(!sent.cancel());
    assert_eq!(read.completion(), None);
    kept.take().into_iter().for_each(LowerRequest::succeed);
    assert_eq!(read.completion(), ended(S_OK, 4));
}

#[test]
fn u13_what_comes_back_can_be_sent_again() {
    act!(Retry: |relay, request| {
        let Ok(ended) = relay.below.format(request).send_synchronously(SendOptions::new()) else {
            panic!("it is sent");
        };
        assert!(ended.completion().result().is_err());
        let (request, ()) = ended.into_parts();
        let again = relay.below.format_again(request).expect("it is formatted");
        let sent = again.send(SendOptions::new(), |ended| ended.pass_on());
        drop(sent.expect("it is sent again"));
    });
    let device = relay::<Retry>();
    let tries = Mutex::new(0);
    device.lower().answer(move |request| {
        let mut tries = tries.lock().expect("nobody panics");
        *tries += 1;
        match *tries {
            1 => request.fail(ERROR),
            _ => request.succeed(),
        }
    });
    assert_eq!(device.read(4).completion(), ended(S_OK, 4));
}

#[test]
fn u13_a_request_that_is_sent_and_forgotten_ends_below() {
    act!(Forget: |relay, request| {
        if let Err(refused) = request.send_and_forget(&relay.below) {
            refused.fail();
        }
    });
    let device = relay::<Forget>();
    device
        .lower()
        .answer(|request| request.complete(S_OK, b"abc", 3));
    assert_eq!(device.read(8).output(), b"abc");
    let file = device.open("").expect("it opens");
    assert_eq!(file.write(b"12345678").completion(), ended(S_OK, 3));
}

/// Does with a request what its control code says, by each way to send one.
pub(crate) fn any_way(relay: &Relay, request: Request<Other>) -> Result<()> {
    let Typed::DeviceIoControl(request) = request.typed() else {
        return Ok(());
    };
    let Some(file) = request.file() else {
        return Ok(());
    };
    let own = |range| Part {
        memory: OwnOutput,
        range,
    };
    match request.control_code() {
        0 => {
            let formatted = relay
                .below
                .format_io_control(request, &file, 7, (OwnInput, own(1..3)))
                .map_err(|refused| refused.error)?;
            let sent = formatted.send(SendOptions::new(), |ended| ended.pass_on());
            sent.map(drop).map_err(|refused| refused.error)
        }
        1 => {
            let formatted = relay
                .below
                .format_read(request, &file, own(2..4), Some(512))
                .map_err(|refused| refused.error)?;
            let read = formatted
                .send_synchronously(SendOptions::new())
                .map_err(|refused| refused.error)?;
            let (request, part) = read.into_parts();
            let written = relay
                .below
                .format_write(request, &file, OwnInput, Some(i64::MAX))
                .map_err(|refused| refused.error)?
                .send_synchronously(SendOptions::new())
                .map_err(|refused| refused.error)?;
            assert_eq!(part.range, 2..4);
            written.into_parts().0.complete_with_information(4);
            Ok(())
        }
        _ => request
            .send_and_forget(&relay.below)
            .map_err(|refused| refused.error),
    }
}

act!(AnyWay: |relay, request| {
    // What is not sent is dropped, and so completed.
    let _ = any_way(relay, request);
});

#[test]
fn u13_a_request_is_sent_for_something_else_with_its_own_memory() {
    let device = relay::<AnyWay>();
    device
        .lower()
        .answer(|request| match (request.kind(), request.code()) {
            (raw::WdfRequestDeviceIoControl, 7) => {
                assert_eq!(request.input(), b"in");
                assert_eq!(request.output_length(), 2);
                request.succeed_with(b"xyz");
            }
            (raw::WdfRequestRead, _) => {
                assert_eq!((request.offset(), request.output_length()), (512, 2));
                request.succeed_with(b"xy");
            }
            (raw::WdfRequestWrite, _) => {
                assert_eq!(
                    (request.offset(), request.input().as_slice()),
                    (i64::MAX, b"in".as_slice())
                );
                request.succeed();
            }
            _ => request.fail(ERROR),
        });
    let file = device.open("").expect("it opens");
    let control = file.control(0, b"in", 4);
    assert_eq!(control.completion(), ended(S_OK, 2));
    assert_eq!(control.output(), b"\0x");
    assert_eq!(file.control(1, b"in", 4).output(), b"\0\0xy");
    // There is no such part.
    assert_eq!(file.control(0, b"in", 2).completion(), ended(DROPPED, 0));
    assert_eq!(file.control(2, b"in", 4).completion(), ended(ERROR, 0));
}

#[test]
fn u13_each_call_can_fail_and_each_request_ends() {
    let plan = wdm_sim::FaultPlan::new();
    while plan.next_run() {
        let builder = wdm_sim::umdf::Framework::builder().fail_each(&plan);
        let Ok(framework) = builder.load(crate::class_object::<Adds<AnyWay>>, &crate::CLSID) else {
            continue;
        };
        if let Ok(device) = framework.plug_in("ROOT\\SAMPLE\\0000")
            && let Ok(file) = device.open("")
        {
            for code in 0..3 {
                assert!(file.control(code, b"in", 4).completion().is_some());
            }
        }
        let report = framework.unload();
        assert_eq!(report.findings, [], "{:?}", report.fault);
    }
    let faults = plan.faults();
    for routine in [
        "IWDFDevice::GetDefaultIoTarget",
        "IWDFIoRequest::Send",
        "IWDFIoTarget::FormatRequestForIoctl",
        "IWDFIoTarget::FormatRequestForRead",
        "IWDFIoTarget::FormatRequestForWrite",
        "IWDFIoRequest2::RetrieveOutputMemory",
    ] {
        let tried = faults.iter().any(|fault| fault.routine == routine);
        assert!(tried, "{routine}: {faults:#?}");
    }
}

/// Keeps what it has sent while the device sleeps, and cancels it when the device goes.
struct Stops {
    below: IoTarget,
    sent: Mutex<Vec<Sent>>,
}

impl QueueDefaultIoHandler for Stops {
    fn on_default_io(&self, _queue: &Queue<'_, Self>, request: Request<Other>) {
        let formatted = self.below.format(request);
        match formatted.send(SendOptions::new(), |ended| ended.pass_on()) {
            Ok(sent) => self.sent.lock().expect("nobody panics").push(sent),
            Err(refused) => refused.fail(),
        }
    }
}

impl QueueIoStop for Stops {
    fn on_io_stop(&self, _queue: &Queue<'_, Self>, request: Stopped<'_>, action: StopAction) {
        let sent = self.sent.lock().expect("nobody panics").clone();
        let sent = sent.into_iter().find(|sent| request.is(sent));
        let sent = sent.expect("the driver has sent it");
        if action.is_purge() {
            assert!(sent.cancel());
        } else {
            request.keep(&sent).expect("it is new enough");
        }
    }
}

impl QueueIoResume for Stops {
    fn on_io_resume(&self, _queue: &Queue<'_, Self>, request: Resumed<'_>) {
        let sent = self.sent.lock().expect("nobody panics").clone();
        assert!(sent.iter().any(|sent| request.is(sent)));
    }
}

queue_callback!(Stops);

adds!(AddsStops: |init| {
    let device = init.create_device(Nothing)?;
    let stops = Stops {
        below: device.device().default_io_target()?,
        sent: Mutex::default(),
    };
    device.create_queue(QueueConfig::default_queue(), Dispatch::Parallel, stops)?;
    Ok(device.into())
});

#[test]
fn u13_a_request_that_was_sent_is_kept_or_cancelled_when_it_is_to_stop() {
    let device = started::<AddsStops>();
    let kept = keep(&device);
    let read = device.read(2);
    device
        .sleep(PowerState::D3, Wake::FromSx)
        .expect("it sleeps");
    device.wake().expect("it wakes");
    kept.take().into_iter().for_each(LowerRequest::succeed);
    assert_eq!(read.completion(), ended(S_OK, 2));
    let read = device.read(2);
    device.remove();
    assert_eq!(read.completion(), ended(ABORTED, 0));
}

#[test]
fn u13_each_request_comes_back_once_whoever_cancels_it() {
    const ROUNDS: usize = 64;
    static SENT: Mutex<Vec<Sent>> = Mutex::new(Vec::new());
    act!(Remember: |relay, request| {
        let sent = forward(relay, request, SendOptions::new().timeout(Duration::from_secs(60)));
        SENT.lock().expect("nobody panics").extend(sent);
    });
    let device = relay::<Remember>();
    let kept = keep(&device);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        // The lower driver completes what it finds, and the driver cancels what it has sent.
        scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                kept.take().into_iter().for_each(LowerRequest::succeed);
                thread::yield_now();
            }
        });
        scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                let sent = SENT.lock().expect("nobody panics").pop();
                let _ = sent.map(|sent| sent.cancel());
                thread::yield_now();
            }
        });
        let programs: Vec<_> = (0..3)
            .map(|program| {
                let device = (*device).clone();
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let read = device.read(2);
                        if (round + program) % 3 == 0 {
                            read.cancel();
                        }
                        let completion = read.wait().expect("it ends");
                        assert!([S_OK, ABORTED].contains(&completion.status));
                    }
                })
            })
            .collect();
        let ended: Vec<_> = programs.into_iter().map(|program| program.join()).collect();
        is_over.store(true, Ordering::Release);
        assert!(ended.iter().all(thread::Result::is_ok));
    });
    SENT.lock().expect("nobody panics").clear();
}
