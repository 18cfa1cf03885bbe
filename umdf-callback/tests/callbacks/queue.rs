//! U4: queues, and the queue callback object's interfaces.

use std::sync::{Arc, Mutex};

use umdf_callback::callback::*;
use umdf_callback::raw::*;
use umdf_callback::request::*;
use umdf_callback::{
    Dispatch, File, Queue, QueueConfig, QueueState, device_callback, manual_queue_callback,
    queue_callback,
};

use crate::{AddedDevice, DeviceInit, Driver, Result, adds, ended, started};

type Log = Arc<Mutex<Vec<String>>>;

static LOG: Mutex<Option<Log>> = Mutex::new(None);

struct Nothing;

device_callback!(Nothing);

/// Notes what is delivered, and completes it.
struct Everything(Log);

impl Everything {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }
}

impl ObjectCleanup for Everything {
    fn on_cleanup(&self) {}
}

impl QueueCreate for Everything {
    fn on_create_file(&self, _: &Queue<'_, Self>, request: Request<Create>, file: File) {
        assert!(request.file().is_some_and(|same| same.is(&file)));
        self.note(format!("create {}", file.name().unwrap()));
        request.complete();
    }
}

impl QueueRead for Everything {
    fn on_read(&self, queue: &Queue<'_, Self>, request: Request<Read>, length: usize) {
        assert!(queue.state().has_no_requests());
        assert_eq!(request.parameters(), Transfer { length, offset: 0 });
        self.note(format!("read {length}"));
        request.complete_with_information(length);
    }
}

impl QueueWrite for Everything {
    fn on_write(&self, _: &Queue<'_, Self>, request: Request<Write>, length: usize) {
        assert_eq!(request.parameters().length, length);
        self.note(format!("write {length} of {}", request.process_id()));
        request.complete();
    }
}

impl QueueDeviceIoControl for Everything {
    fn on_device_io_control(
        &self,
        _: &Queue<'_, Self>,
        request: Request<DeviceIoControl>,
        code: u32,
        input: usize,
        output: usize,
    ) {
        assert_eq!(request.control_code(), code);
        self.note(format!("control {code:#x} {input} {output}"));
        request.complete();
    }
}

impl QueueDefaultIoHandler for Everything {
    fn on_default_io(&self, _: &Queue<'_, Self>, request: Request<Other>) {
        self.note(format!("{:?}", request.kind().unwrap()));
        request.complete();
    }
}

impl QueueIoStop for Everything {
    fn on_io_stop(&self, _: &Queue<'_, Self>, _: Stopped<'_>, _: StopAction) {}
}

impl QueueIoResume for Everything {
    fn on_io_resume(&self, _: &Queue<'_, Self>, _: Resumed<'_>) {}
}

impl QueueIoCanceled for Everything {
    fn on_io_canceled(&self, _: &Queue<'_, Self>, _: Request<Other, Canceled>) {}
}

impl RequestCancel for Everything {
    fn on_cancel(&self, _: Request<Other, Canceled>) {}
}

queue_callback!(Everything);

adds!(All: |init| {
    let log = Log::default();
    *LOG.lock().unwrap() = Some(log.clone());
    let device = init.create_device(Nothing)?;
    let config = QueueConfig::default_queue().power_managed(false).allow_zero_length(true);
    device.create_queue(config, Dispatch::Parallel, Everything(log))?;
    Ok(device.into())
});

/// Every row of the table in `border/queue.rs` but the one of manual queues.
#[test]
fn all_interfaces_are_offered_and_work() {
    let device = started::<All>();
    let log = LOG.lock().unwrap().take().unwrap();
    let [queue] = &device.queues()[..] else {
        panic!("one queue");
    };
    assert!(queue.is_default && queue.allows_zero_length && !queue.is_power_managed);
    assert_eq!(queue.dispatch, WdfIoQueueDispatchParallel);
    assert!(device.queue_callback::<IObjectCleanup>(0).is_some());
    assert!(device.queue_callback::<IQueueCallbackIoStop>(0).is_some());
    assert!(device.queue_callback::<IQueueCallbackIoResume>(0).is_some());
    assert!(
        device
            .queue_callback::<IQueueCallbackIoCanceledOnQueue>(0)
            .is_some()
    );
    assert!(device.queue_callback::<IRequestCallbackCancel>(0).is_some());
    assert!(
        device
            .queue_callback::<IQueueCallbackStateChange>(0)
            .is_none()
    );
    let file = device.open("a").unwrap();
    assert_eq!(file.read(3).completion().unwrap().information, 3);
    assert!(file.write(b"four").completion().is_some());
    assert!(file.control(0x22_2000, b"in", 9).completion().is_some());
    assert!(file.flush().completion().is_some());
    let told = log.lock().unwrap().clone();
    let expected = [
        "create a",
        "read 3",
        "write 4 of 4711",
        "control 0x222000 2 9",
        "FlushBuffers",
    ];
    assert_eq!(told, expected);
}

/// Two queues: the second gets the reads.
struct Named(&'static str, Log);

impl QueueDefaultIoHandler for Named {
    fn on_default_io(&self, _: &Queue<'_, Self>, request: Request<Other>) {
        let what = match request.typed() {
            Typed::Read(request) => {
                let length = request.parameters().length;
                request.complete();
                format!("read {length}")
            }
            Typed::Write(request) => {
                let input = request.input().and_then(|input| input.to_vec());
                request.complete();
                format!("write {:?}", input.unwrap())
            }
            other => format!("{other:?}"),
        };
        self.1.lock().unwrap().push(format!("{}: {what}", self.0));
    }
}

queue_callback!(Named);

static NAMED: Mutex<Option<Log>> = Mutex::new(None);

adds!(Two: |init| {
    let log = Log::default();
    *NAMED.lock().unwrap() = Some(log.clone());
    let device = init.create_device(Nothing)?;
    let (default, secondary) = (QueueConfig::default_queue(), QueueConfig::secondary());
    device.create_queue(default, Dispatch::Sequential, Named("default", log.clone()))?;
    let reads = device.create_queue(secondary, Dispatch::Sequential, Named("reads", log))?;
    device.device().dispatch(RequestKind::Read, &reads)?;
    Ok(device.into())
});

#[test]
fn a_secondary_queue_gets_what_it_is_for() {
    let device = started::<Two>();
    let log = NAMED.lock().unwrap().take().unwrap();
    let [default, secondary] = &device.queues()[..] else {
        panic!("two queues");
    };
    assert!(default.is_default && !secondary.is_default && secondary.is_power_managed);
    assert!(device.read(2).completion().is_some());
    assert!(device.write(&[7, 8]).completion().is_some());
    let told = log.lock().unwrap().clone();
    assert_eq!(told, ["reads: read 2", "default: write [7, 8]"]);
}

/// A manual queue: the first request is put back, the others are completed.
struct Waiting {
    seen: Mutex<bool>,
}

impl QueueStateChange for Waiting {
    fn on_state_change(&self, queue: &Queue<'_, Self>, state: QueueState) {
        assert!(state.accepts_requests() && state.requests().is_none());
        let mut seen = self.seen.lock().unwrap();
        while let Ok(Some(request)) = queue.retrieve_next() {
            if !*seen {
                *seen = true;
                request.requeue().expect("a manual queue takes it back");
                assert_eq!(queue.state().requests(), Some((1, 0)));
                return;
            }
            request.complete();
        }
    }
}

impl QueueIoCanceled for Waiting {
    fn on_io_canceled(&self, _: &Queue<'_, Self>, request: Request<Other, Canceled>) {
        request.fail(CANCELED);
    }
}

manual_queue_callback!(Waiting);

adds!(Manual: |init| {
    let device = init.create_device(Nothing)?;
    let waiting = Waiting { seen: Mutex::new(false) };
    device.create_manual_queue(QueueConfig::default_queue(), waiting)?;
    Ok(device.into())
});

#[test]
fn a_manual_queue_gives_requests_when_asked() {
    let device = started::<Manual>();
    let first = device.read(1);
    assert_eq!(first.completion(), None);
    first.cancel();
    assert_eq!(first.completion(), ended(CANCELED, 0));
    assert!(device.read(1).completion().unwrap().status.is_ok());
    let callback = "IQueueCallbackIoCanceledOnQueue::OnIoCanceledOnQueue";
    assert!(device.unload().trace.callbacks().contains(&callback));
}
