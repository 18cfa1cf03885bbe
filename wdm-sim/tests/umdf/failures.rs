//! A driver that returns a failure from each callback in turn: what the framework does next, by the callback's page, and what the
//! system is told. Nothing is left behind, whatever fails.

use std::collections::BTreeSet;

use umdf_callback::{Error, PowerState};
use wdm_sim::umdf::{Device, Wake};

use crate::full::{CAN_FAIL, Full, REFUSED, Record};
use crate::support::{Host, builder, class_object};

/// What the system does until the callback comes.
type During = fn(&Device) -> Result<(), Error>;

/// A callback that fails.
struct Case {
    method: &'static str,
    during: During,
    /// The callbacks after it, without their interfaces.
    after: &'static [&'static str],
    /// Whether the device is gone then.
    gone: bool,
}

const fn fails(method: &'static str, during: During, after: &'static [&'static str]) -> Case {
    Case {
        method,
        during,
        after,
        gone: true,
    }
}

const fn refuses(method: &'static str, during: During) -> Case {
    Case {
        method,
        during,
        after: &[],
        gone: false,
    }
}

fn sleep(device: &Device) -> Result<(), Error> {
    device.start()?;
    device.sleep(PowerState::D3, Wake::FromSx)
}

fn wake(device: &Device) -> Result<(), Error> {
    sleep(device)?;
    device.wake()
}

fn stop(device: &Device) -> Result<(), Error> {
    device.start()?;
    device.query_stop()?;
    device.stop()
}

const RELEASE: &str = "OnReleaseHardware";
const QUIET: &str = "OnD0ExitPreInterruptsDisabled";
const EXIT: &str = "OnD0Exit";
const FLUSH: &str = "OnSelfManagedIoFlush";
const END: &str = "OnSelfManagedIoCleanup";

/// In the order in which they come. The wake callbacks are in `wake.rs`.
const CASES: &[Case] = &[
    // nf-wudfddi-ipnpcallbackhardware-onpreparehardware: "the framework will still call [...] OnReleaseHardware".
    fails("OnPrepareHardware", Device::start, &[RELEASE]),
    // nf-wudfddi-ipnpcallback-ond0entry: "the framework removes the device. [...] In this case, the framework will not call the
    // driver's IPnpCallback::OnD0Exit callback function."
    fails("OnD0Entry", Device::start, &[RELEASE]),
    // Its page is silent. OnD0Entry has succeeded, so the device leaves D0.
    fails(
        "OnD0EntryPostInterruptsEnabled",
        Device::start,
        &[QUIET, EXIT, RELEASE],
    ),
    // nf-wudfddi-ipnpcallbackselfmanagedio-onselfmanagedioinit: "the framework will not start the device. In this case, the framework
    // calls the driver's [...] OnSelfManagedIoFlush and [...] OnSelfManagedIoCleanup callback methods."
    fails(
        "OnSelfManagedIoInit",
        Device::start,
        &[QUIET, EXIT, RELEASE, FLUSH, END],
    ),
    // -onselfmanagediosuspend: "the framework will stop the device and unload the device's drivers. In this case, the framework calls
    // [...] OnSelfManagedIoFlush and [...] OnSelfManagedIoCleanup".
    fails(
        "OnSelfManagedIoSuspend",
        sleep,
        &[QUIET, EXIT, RELEASE, FLUSH, END],
    ),
    // The pages of these two say that they fail, and not what follows.
    fails(QUIET, sleep, &[EXIT, RELEASE, FLUSH, END]),
    fails(EXIT, sleep, &[RELEASE, FLUSH, END]),
    // -onselfmanagediorestart: as -onselfmanagediosuspend.
    fails(
        "OnSelfManagedIoRestart",
        wake,
        &[QUIET, EXIT, RELEASE, FLUSH, END],
    ),
    // Its page says that it fails, and not what follows. It is not called twice.
    fails(RELEASE, stop, &[FLUSH, END]),
    // -onquerystop, -onqueryremove: the device stays.
    refuses("OnQueryStop", |device| {
        device.start()?;
        device.query_stop()
    }),
    refuses("OnQueryRemove", |device| {
        device.start()?;
        device.query_remove()
    }),
];

/// Two queues and the device.
const DELETED: [&str; 3] = ["OnCleanup"; 3];

fn names(callbacks: &[&'static str]) -> Vec<&'static str> {
    let name = |method: &&'static str| method.rsplit("::").next().unwrap_or(method);
    callbacks.iter().map(name).collect()
}

/// The callbacks after the first one of this name.
fn after(callbacks: &[&'static str], method: &str) -> Vec<&'static str> {
    let names = names(callbacks);
    let place = names.iter().position(|name| *name == method);
    names[place.expect("the callback came") + 1..].to_vec()
}

#[test]
fn u18_each_failure_has_the_documented_end() {
    for case in CASES {
        Record::next(Some(case.method));
        let hosted = Host::load::<Full<true>>(builder()).unwrap().add();
        let result = (case.during)(&hosted);
        assert_eq!(result.unwrap_err().code(), REFUSED, "{}", case.method);
        assert_eq!(hosted.is_gone(), case.gone, "{}", case.method);
        let came = after(&hosted.host.trace().callbacks(), case.method);
        let deleted: &[_] = if case.gone { &DELETED } else { &[] };
        assert_eq!(came, [case.after, deleted].concat(), "{}", case.method);
        if !case.gone {
            assert!(hosted.is_working(), "{}", case.method);
        }
        let report = hosted.host.unload();
        assert_eq!(report.findings, [], "{}", case.method);
    }
}

/// The same by a driver for older frameworks; the device goes while it starts again.
#[test]
fn u18_each_failure_at_a_second_start_has_the_same_end() {
    for (method, expected) in [
        ("OnPrepareHardware", &[RELEASE, FLUSH, END][..]),
        ("OnD0Entry", &[RELEASE, FLUSH, END]),
        ("OnSelfManagedIoRestart", &[EXIT, RELEASE, FLUSH, END]),
    ] {
        let record = Record::next(None);
        let hosted = Host::load::<Full>(builder()).unwrap().add();
        stop(&hosted).unwrap();
        let seen = hosted.host.trace().callbacks().len();
        record.fail(method);
        assert_eq!(hosted.start().unwrap_err().code(), REFUSED);
        assert!(hosted.is_gone(), "{method}");
        let came = after(&hosted.host.trace().callbacks()[seen..], method);
        assert_eq!(came, [expected, &DELETED].concat(), "{method}");
    }
}

/// A removal goes on, whatever fails in it.
#[test]
fn u18_a_removal_ends_whatever_fails() {
    for surprise in [false, true] {
        for method in ["OnSelfManagedIoSuspend", QUIET, EXIT, RELEASE] {
            Record::next(Some(method));
            let hosted = Host::load::<Full<true>>(builder()).unwrap().add();
            hosted.start().unwrap();
            let (read, write) = (hosted.read(1), hosted.write(b"1"));
            match surprise {
                true => hosted.surprise_remove(),
                false => hosted.remove(),
            }
            assert!(hosted.is_gone());
            assert!(read.completion().is_some() && write.completion().is_some());
            let callbacks = hosted.host.trace().callbacks();
            for last in [QUIET, EXIT, RELEASE, FLUSH, END] {
                let times = names(&callbacks)
                    .iter()
                    .filter(|name| **name == last)
                    .count();
                assert_eq!(times, 1, "{last}, after {method}");
            }
        }
    }
}

/// nf-wudfddi-idriverentry-oninitialize: "If the driver returns an error code, the framework will not load the driver."
#[test]
fn u2_a_driver_that_does_not_initialize_is_not_loaded() {
    Record::next(Some("OnInitialize"));
    let not_loaded = Host::load::<Full>(builder()).err().unwrap();
    assert_eq!(not_loaded.error.code(), REFUSED);
    assert_eq!(not_loaded.report.findings, []);
    let callbacks = not_loaded.report.trace.callbacks();
    assert_eq!(callbacks, ["IDriverEntry::OnInitialize"]);
    let unknown = umdf_callback::GUID::zeroed();
    let not_loaded = builder()
        .load(class_object::<Full>, &unknown)
        .err()
        .unwrap();
    let not_available = umdf_callback::HRESULT(0x8004_0111_u32 as i32);
    assert_eq!(not_loaded.error.code(), not_available);
}

/// nf-wudfddi-idriverentry-ondeviceadd: "If the driver returns an error code, UMDF tears down the entire device stack." Hardware is
/// released only by a driver that said yes.
#[test]
fn u3_a_device_that_is_refused_is_taken_down() {
    for (method, expected) in [
        ("OnDeviceAdd", &[][..]),
        ("OnDeviceAdd, after CreateDevice", &DELETED[..]),
    ] {
        Record::next(Some(method));
        let host = Host::load::<Full>(builder()).unwrap();
        let refused = host.add_device("ROOT\\SAMPLE\\0000").err().unwrap();
        assert_eq!(refused.code(), REFUSED, "{method}");
        assert_eq!(after(&host.trace().callbacks(), "OnDeviceAdd"), expected);
        let report = host.unload();
        assert_eq!(report.findings, [], "{method}");
        assert_eq!(
            report.trace.callbacks().last(),
            Some(&"IDriverEntry::OnDeinitialize")
        );
    }
}

/// The table has every callback that returns an `HRESULT`, but those of other tests here and in `wake.rs`, and
/// `OnSelfManagedIoStop`, which "is not currently used".
#[test]
fn every_callback_with_a_result_has_a_case() {
    let elsewhere = [
        "OnInitialize",
        "OnDeviceAdd",
        "OnDeviceAdd, after CreateDevice",
        "OnArmWakeFromS0",
        "OnArmWakeFromSx",
        "OnSelfManagedIoStop",
    ];
    let cases = CASES.iter().map(|case| case.method);
    let covered: BTreeSet<_> = cases.chain(elsewhere).collect();
    assert_eq!(covered, CAN_FAIL.iter().copied().collect());
}
