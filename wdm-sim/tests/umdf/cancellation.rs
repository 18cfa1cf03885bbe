//! Who hears of a cancellation (page: wdf/canceling-i-o-requests-umdf), and who opens a device.

use std::sync::Mutex;

use umdf_callback::callback::{QueueDeviceIoControl, QueueIoCanceled};
use umdf_callback::request::{CANCELED, Canceled, DeviceIoControl, Other, Request};
use umdf_callback::{
    AddedDevice, DeviceInit, Dispatch, Driver, ManualQueue, Queue, QueueConfig, Result,
    device_callback, manual_queue_callback, queue_callback,
};
use wdm_sim::umdf::Sent;

use crate::support::{ABORTED, Hosted, S_OK};

struct Nothing;

device_callback!(Nothing);

/// A manual queue whose driver hears of what is cancelled in it.
struct Hears;

impl QueueIoCanceled for Hears {
    fn on_io_canceled(&self, _: &Queue<'_, Self>, request: Request<Other, Canceled>) {
        request.fail(CANCELED);
    }
}

manual_queue_callback!(Hears);

/// One whose driver does not.
struct Deaf;

manual_queue_callback!(Deaf);

const KEEP: u32 = 0;
const TO_HEARING: u32 = 1;
const TO_DEAF: u32 = 2;

/// Keeps a request, or puts it into a queue, as its code says.
struct Keeper {
    hearing: ManualQueue,
    deaf: ManualQueue,
    kept: Mutex<Option<Request<DeviceIoControl>>>,
}

impl QueueDeviceIoControl for Keeper {
    fn on_device_io_control(
        &self,
        _: &Queue<'_, Self>,
        request: Request<DeviceIoControl>,
        code: u32,
        _input: usize,
        _output: usize,
    ) {
        let queue = match code {
            TO_HEARING => &self.hearing,
            TO_DEAF => &self.deaf,
            KEEP => {
                *self.kept.lock().unwrap() = Some(request);
                return;
            }
            // What is kept ends as if nobody had cancelled it, if the framework says that somebody has.
            _ => {
                let kept = self.kept.lock().unwrap().take().unwrap();
                assert!(kept.is_canceled().unwrap() && !request.is_canceled().unwrap());
                kept.complete();
                return request.complete();
            }
        };
        request.forward(queue).unwrap();
    }
}

queue_callback!(Keeper);

#[derive(Default)]
struct Sample;

impl Driver for Sample {
    fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
        let device = init.create_device(Nothing)?;
        let keeper = Keeper {
            hearing: device.create_manual_queue(QueueConfig::secondary(), Hears)?,
            deaf: device.create_manual_queue(QueueConfig::secondary(), Deaf)?,
            kept: Mutex::default(),
        };
        device.create_queue(QueueConfig::default_queue(), Dispatch::Parallel, keeper)?;
        Ok(device.into())
    }
}

const DELIVERED: &str = "IQueueCallbackDeviceIoControl::OnDeviceIoControl";
const CANCELED_THERE: &str = "IQueueCallbackIoCanceledOnQueue::OnIoCanceledOnQueue";

fn status(sent: &Sent) -> Option<umdf_callback::HRESULT> {
    sent.completion().map(|completion| completion.status)
}

#[test]
fn u20_what_was_never_delivered_ends_without_the_driver() {
    let mut device = Hosted::added::<Sample>();
    // The queue waits for the device to start.
    let sent = device.control(KEEP, &[], 0);
    device.news();
    sent.cancel();
    assert_eq!(status(&sent), Some(ABORTED));
    device.start().unwrap();
    assert_eq!(device.news(), [] as [&str; 0]);
}

#[test]
fn u20_what_the_driver_has_put_into_a_queue_goes_to_who_wants_to_hear() {
    let mut device = Hosted::started::<Sample>();
    device.news();
    for (code, callbacks) in [
        (TO_HEARING, &[DELIVERED, CANCELED_THERE][..]),
        (TO_DEAF, &[DELIVERED]),
    ] {
        let sent = device.control(code, &[], 0);
        assert_eq!(status(&sent), None);
        sent.cancel();
        assert_eq!(status(&sent), Some(ABORTED));
        assert_eq!(device.news(), callbacks);
    }
}

#[test]
fn u20_what_is_not_marked_says_itself_that_it_is_cancelled() {
    let mut device = Hosted::started::<Sample>();
    let sent = device.control(KEEP, &[], 0);
    device.news();
    sent.cancel();
    assert_eq!(status(&sent), None);
    assert_eq!(device.news(), [] as [&str; 0], "nobody is told");
    device.control(u32::MAX, &[], 0);
    assert_eq!(status(&sent), Some(S_OK));
}

#[test]
fn u22_a_device_without_on_create_file_is_opened_by_the_framework() {
    let mut device = Hosted::started::<Sample>();
    device.news();
    drop(device.open("").unwrap());
    assert_eq!(device.news(), [] as [&str; 0]);
}
