//! The documented orders of callbacks, each beside the page or the figure that it is copied from (folder `wdf`).

use umdf_callback::PowerState;
use umdf_callback::raw::WdfIoQueueDispatchSequential;
use umdf_callback::request::CANCELED;
use wdm_sim::umdf::Wake;

use crate::full::{Full, LET_GO, MARK, REFUSED, Record};
use crate::raw::{Subject, driver};
use crate::support::{ABORTED, CLSID, Host, Hosted, NO_SUCH_DEVICE, S_OK, builder, ended};

/// a-user-plugs-in-a-device-umdf, images/umdf-powerup-sequence.png, from the bottom to the top.
const DEVICE_ARRIVED: &str = "IDriverEntry::OnDeviceAdd";
const PREPARE: &str = "IPnpCallbackHardware::OnPrepareHardware";
const ENTRY: &str = "IPnpCallback::OnD0Entry";
const RESUME: &str = "IQueueCallbackIoResume::OnIoResume";
const INIT: &str = "IPnpCallbackSelfManagedIo::OnSelfManagedIoInit";
const RESTART: &str = "IPnpCallbackSelfManagedIo::OnSelfManagedIoRestart";

/// a-user-unplugs-a-device-umdf, images/umdf-powerdown-sequence.png, from the top to the bottom.
const SUSPEND: &str = "IPnpCallbackSelfManagedIo::OnSelfManagedIoSuspend";
const STOP: &str = "IQueueCallbackIoStop::OnIoStop";
const EXIT: &str = "IPnpCallback::OnD0Exit";
const RELEASE: &str = "IPnpCallbackHardware::OnReleaseHardware";
const FLUSH: &str = "IPnpCallbackSelfManagedIo::OnSelfManagedIoFlush";
const CLEANUP: &str = "IPnpCallbackSelfManagedIo::OnSelfManagedIoCleanup";

/// The end of the objects that the driver has made, the children first (nf-wudfddi-iwdfobject-deletewdfobject): two queues and
/// the device.
const DELETED: [&str; 3] = ["IObjectCleanup::OnCleanup"; 3];

const READ: &str = "IQueueCallbackRead::OnRead";
const WRITE: &str = "IQueueCallbackWrite::OnWrite";
const CONTROL: &str = "IQueueCallbackDeviceIoControl::OnDeviceIoControl";

fn added() -> Hosted {
    Record::next(None);
    let mut hosted = Hosted::added::<Full>();
    assert_eq!(
        hosted.news(),
        ["IDriverEntry::OnInitialize", DEVICE_ARRIVED]
    );
    hosted
}

/// A device that works.
fn started() -> Hosted {
    let mut hosted = added();
    hosted.start().unwrap();
    hosted.news();
    hosted
}

#[test]
fn u16_a_user_plugs_in_a_device() {
    let mut hosted = added();
    hosted.start().unwrap();
    assert_eq!(hosted.news(), [PREPARE, ENTRY, INIT]);
    assert!(hosted.is_working());
}

/// From 1.11 on: nn-wudfddi-ipnpcallbackhardware2, nn-wudfddi-ipnpcallbackhardwareinterrupt.
#[test]
fn u16_a_newer_driver_gets_resources_and_interrupts() {
    Record::next(None);
    let mut hosted = Hosted::started::<Full<true>>();
    hosted.remove();
    let expected = [
        "IDriverEntry::OnInitialize",
        DEVICE_ARRIVED,
        "IPnpCallbackHardware2::OnPrepareHardware",
        ENTRY,
        "IPnpCallbackHardwareInterrupt::OnD0EntryPostInterruptsEnabled",
        INIT,
        SUSPEND,
        "IPnpCallbackHardwareInterrupt::OnD0ExitPreInterruptsDisabled",
        EXIT,
        "IPnpCallbackHardware2::OnReleaseHardware",
        FLUSH,
        CLEANUP,
    ];
    assert_eq!(hosted.news(), [&expected[..], &DELETED].concat());
}

/// a-device-enters-a-low-power-state-umdf, steps 1, 2 and 4 (the driver has not said that the device can wake), and
/// a-device-returns-to-its-working-state-umdf, steps 1, 3 and 4.
#[test]
fn u16_a_device_sleeps_and_wakes() {
    for state in [
        PowerState::D1,
        PowerState::D2,
        PowerState::D3,
        PowerState::PrepareForHibernation,
    ] {
        for why in [Wake::FromS0, Wake::FromSx] {
            let mut hosted = started();
            hosted.sleep(state, why).unwrap();
            assert_eq!(hosted.news(), [SUSPEND, EXIT], "{state:?}");
            assert!(!hosted.is_working());
            hosted.wake().unwrap();
            assert_eq!(hosted.news(), [ENTRY, RESTART], "{state:?}");
            assert!(hosted.is_working());
        }
    }
}

/// The same with a request in a power-managed queue and one in another, of which the framework says nothing.
#[test]
fn u19_requests_of_power_managed_queues_stop_while_a_device_sleeps() {
    let mut hosted = started();
    let (read, write) = (hosted.read(1), hosted.write(b"1"));
    assert_eq!(hosted.news(), [READ, WRITE]);
    hosted.sleep(PowerState::D2, Wake::FromS0).unwrap();
    assert_eq!(hosted.news(), [SUSPEND, STOP, EXIT]);
    let (late_read, late_write) = (hosted.read(1), hosted.write(b"2"));
    assert_eq!(hosted.news(), [WRITE], "the other queue goes on");
    hosted.wake().unwrap();
    assert_eq!(hosted.news(), [ENTRY, RESUME, READ, RESTART]);
    hosted.control(LET_GO, b"", 0);
    for read in [&read, &late_read] {
        assert_eq!(read.completion(), ended(S_OK, 0));
    }
    for write in [&write, &late_write] {
        assert_eq!(write.completion(), None);
    }
    drop(hosted);
    for write in [write, late_write] {
        assert_eq!(write.completion(), ended(CANCELED, 0));
    }
}

/// Both figures: stop and restart "here if rebalancing resources".
#[test]
fn u17_resources_are_rebalanced() {
    let mut hosted = started();
    let read = hosted.read(1);
    hosted.news();
    hosted.query_stop().unwrap();
    assert_eq!(hosted.news(), ["IPnpCallback::OnQueryStop"]);
    hosted.stop().unwrap();
    assert_eq!(hosted.news(), [SUSPEND, STOP, EXIT, RELEASE]);
    hosted.start().unwrap();
    assert_eq!(hosted.news(), [PREPARE, ENTRY, RESUME, RESTART]);
    assert_eq!(read.completion(), None);
}

/// nf-wudfddi-ipnpcallback-onquerystop: "OnQueryStop is not called in framework versions 1.7 and earlier."
#[test]
fn old_frameworks_do_not_ask_whether_a_device_may_stop() {
    for (minor, news) in [(7, &[][..]), (9, &["IPnpCallback::OnQueryStop"])] {
        Record::next(None);
        let host = Host::load::<Full>(builder().minor(minor)).unwrap();
        let mut hosted = host.add();
        hosted.start().unwrap();
        hosted.news();
        hosted.query_stop().unwrap();
        assert_eq!(hosted.news(), news, "1.{minor}");
    }
}

/// "The framework allows the device to be removed or disabled, unless the driver has [...] vetoed the removal."
#[test]
fn u18_a_removal_is_vetoed() {
    Record::next(Some("OnQueryRemove"));
    let mut hosted = Hosted::started::<Full>();
    hosted.news();
    assert_eq!(hosted.query_remove().unwrap_err().code(), REFUSED);
    assert_eq!(hosted.news(), ["IPnpCallback::OnQueryRemove"]);
    assert!(hosted.is_working());
}

/// a-user-unplugs-a-device-umdf, orderly removal. OnReleaseHardware comes, whatever the figure's note says
/// (nf-wudfddi-idriverentry-ondeviceadd).
#[test]
fn u17_a_user_unplugs_a_device() {
    let mut hosted = started();
    hosted.query_remove().unwrap();
    hosted.remove();
    let expected = [
        "IPnpCallback::OnQueryRemove",
        SUSPEND,
        EXIT,
        RELEASE,
        FLUSH,
        CLEANUP,
    ];
    assert_eq!(hosted.news(), [&expected[..], &DELETED].concat());
    assert!(hosted.is_gone());
    assert_eq!(hosted.read(1).completion(), ended(NO_SUCH_DEVICE, 0));
}

/// The same with requests that the driver keeps: those of power-managed queues stop, and are purged before the flush; the others are
/// purged between flush and cleanup.
#[test]
fn u17_requests_end_with_the_device() {
    let mut hosted = started();
    let (read, write) = (hosted.read(1), hosted.write(b"1"));
    hosted.news();
    hosted.remove();
    let expected = [SUSPEND, STOP, EXIT, RELEASE, STOP, FLUSH, STOP, CLEANUP];
    assert_eq!(hosted.news(), [&expected[..], &DELETED].concat());
    for sent in [read, write] {
        assert_eq!(sent.completion(), ended(CANCELED, 0));
    }
}

/// Surprise removal, images/umdf-surprise-removal-sequence.png: "start here if device is in the working state".
/// OnSurpriseRemoval "is not guaranteed to occur in any particular order"; here it comes first.
#[test]
fn u17_a_device_is_pulled_out_while_it_works() {
    let mut hosted = started();
    let (read, write) = (hosted.read(1), hosted.write(b"1"));
    hosted.news();
    hosted.surprise_remove();
    let surprise = "IPnpCallback::OnSurpriseRemoval";
    let expected = [
        surprise, SUSPEND, STOP, EXIT, RELEASE, STOP, FLUSH, STOP, CLEANUP,
    ];
    assert_eq!(hosted.news(), [&expected[..], &DELETED].concat());
    for sent in [read, write] {
        assert_eq!(sent.completion(), ended(CANCELED, 0));
    }
}

/// "Start here if device is not in the working state."
#[test]
fn u17_a_device_is_pulled_out_while_it_sleeps() {
    let mut hosted = started();
    let (kept, write) = (hosted.read(1), hosted.write(b"1"));
    hosted.sleep(PowerState::D3, Wake::FromSx).unwrap();
    let waiting = hosted.read(1);
    hosted.news();
    hosted.surprise_remove();
    let surprise = "IPnpCallback::OnSurpriseRemoval";
    let expected = [surprise, RELEASE, STOP, FLUSH, STOP, CLEANUP];
    assert_eq!(hosted.news(), [&expected[..], &DELETED].concat());
    for sent in [kept, write, waiting] {
        assert_eq!(sent.completion(), ended(CANCELED, 0));
    }
}

/// nf-wudfddi-idriverentry-ondeviceadd: "Any driver whose OnDeviceAdd method returns S_OK will subsequently receive a call to its
/// IPnpCallbackHardware::OnReleaseHardware method when the UMDF tears down the device stack."
#[test]
fn u17_a_device_that_was_never_started_is_released() {
    let mut hosted = added();
    hosted.remove();
    assert_eq!(hosted.news(), [&[RELEASE][..], &DELETED].concat());
}

/// It was released when it was stopped.
#[test]
fn u17_a_stopped_device_is_released_once() {
    let mut hosted = started();
    hosted.stop().unwrap();
    hosted.news();
    hosted.remove();
    assert_eq!(hosted.news(), [&[FLUSH, CLEANUP][..], &DELETED].concat());
}

/// nf-wudfddi-idriverentry-ondeinitialize: it is the last; devices that are left are removed before.
#[test]
fn a_driver_is_unloaded_after_its_devices() {
    let hosted = started();
    let report = hosted.host.unload();
    assert_eq!(report.findings, []);
    let callbacks = report.trace.callbacks();
    let tail = [RELEASE, FLUSH, CLEANUP];
    let expected = [&tail[..], &DELETED, &["IDriverEntry::OnDeinitialize"]].concat();
    assert_eq!(callbacks[callbacks.len() - expected.len()..], expected);
}

/// nf-wudfddi-ifilecallbackcleanup-oncleanupfile: when CloseHandle is called, and the driver is to cancel what it has;
/// nf-wudfddi-ifilecallbackclose-onclosefile: when the last reference is given up, which each request has one of.
#[test]
fn u22_a_file_is_closed_after_its_last_request() {
    let mut hosted = started();
    let file = hosted.open("").unwrap();
    let (marked, kept) = (file.control(MARK, b"", 0), file.write(b"1"));
    let news = hosted.news();
    assert_eq!(news, ["IQueueCallbackCreate::OnCreateFile", CONTROL, WRITE]);
    drop(file);
    let cleanup = "IFileCallbackCleanup::OnCleanupFile";
    assert_eq!(hosted.news(), [cleanup, "IRequestCallbackCancel::OnCancel"]);
    assert_eq!(marked.completion(), ended(CANCELED, 0));
    assert_eq!(kept.completion(), None);
    hosted.remove();
    let close = "IFileCallbackClose::OnCloseFile";
    let expected = [SUSPEND, EXIT, RELEASE, FLUSH, STOP, close, CLEANUP];
    assert_eq!(hosted.news(), [&expected[..], &DELETED].concat());
    assert_eq!(kept.completion(), ended(CANCELED, 0));
}

/// Without requests, close follows cleanup; and openings that are left when their device goes are closed with it.
#[test]
fn u22_a_file_without_requests_is_closed_at_once() {
    let mut hosted = started();
    let [first, left] = [(); 2].map(|()| hosted.open("").unwrap());
    hosted.news();
    first.close();
    let closed = [
        "IFileCallbackCleanup::OnCleanupFile",
        "IFileCallbackClose::OnCloseFile",
    ];
    assert_eq!(hosted.news(), closed);
    hosted.remove();
    let expected = [SUSPEND, EXIT, RELEASE, FLUSH, CLEANUP];
    assert_eq!(hosted.news(), [&expected[..], &closed, &DELETED].concat());
    drop(left);
    assert_eq!(hosted.news(), [""; 0]);
}

/// nf-wudfddi-iqueuecallbackiostop-oniostop: a request that is marked cancelable stays so while the device sleeps.
#[test]
fn u20_a_cancelable_request_is_cancelled_while_the_device_sleeps() {
    let mut hosted = started();
    let marked = hosted.control(MARK, b"", 0);
    hosted.sleep(PowerState::D3, Wake::FromSx).unwrap();
    assert_eq!(hosted.news(), [CONTROL, SUSPEND, STOP, EXIT]);
    marked.cancel();
    assert_eq!(hosted.news(), ["IRequestCallbackCancel::OnCancel"]);
    assert_eq!(marked.completion(), ended(CANCELED, 0));
    hosted.wake().unwrap();
    assert_eq!(
        hosted.news(),
        [ENTRY, RESTART],
        "there is nothing to resume"
    );
}

/// What waits in a queue is not delivered while the device goes, though the driver makes room in OnIoStop.
#[test]
fn requests_that_wait_are_not_delivered_while_a_device_goes() {
    let subject = Subject {
        add: |add, _| {
            let (device, callback) = (add.device(), add.queue_callback());
            let queue = add.queue(&device, &callback, true, WdfIoQueueDispatchSequential);
            assert!(queue.is_ok());
            S_OK
        },
        control: |_, _, _| {},
        stop: |at, _| at.complete(),
        ..Subject::IDLE
    };
    let loaded = builder().load(driver(subject, false), &CLSID).unwrap();
    let mut hosted = Host::new(loaded).add();
    hosted.start().unwrap();
    let [first, second] = [(); 2].map(|()| hosted.control(0, b"", 0));
    hosted.news();
    hosted.remove();
    assert_eq!(hosted.news(), [EXIT, STOP]);
    assert_eq!(first.completion(), ended(S_OK, 0));
    assert_eq!(second.completion(), ended(ABORTED, 0));
}
