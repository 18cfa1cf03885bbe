//! The driver in the simulated framework.

use umdf_callback::request::CANCELED;
use umdf_callback::{HRESULT, PowerState};
use umdf_echo::store::CAPACITY;
use umdf_echo::{CLSID, DllGetClassObject, INTERFACE, IOCTL_ECHO_LENGTH, IOCTL_ECHO_WAIT};
use wdm_sim::FaultPlan;
use wdm_sim::umdf::{Builder, Completion, Device, Framework, Sent, Wake};

/// Runs a driver with one device, and finds nothing wrong in the end.
fn with_device(run: impl FnOnce(&Device)) {
    let framework = Framework::load(DllGetClassObject, &CLSID).expect("the driver loads");
    run(&framework
        .plug_in(r"ROOT\ECHO\0000")
        .expect("the device starts"));
    assert_eq!(framework.unload().findings, []);
}

fn status(sent: &Sent) -> HRESULT {
    sent.wait().expect("the request ends").status
}

#[test]
fn what_was_written_is_read() {
    with_device(|device| {
        assert_eq!(device.interfaces(), [INTERFACE]);
        let file = device.open("").unwrap();
        let written = file.write(b"Hello").wait();
        let whole = Completion {
            status: HRESULT(0),
            information: 5,
        };
        assert_eq!(written, Some(whole));
        for (room, expected) in [(3, &b"Hel"[..]), (5, b"Hello"), (99, b"Hello")] {
            let read = file.read(room);
            read.wait();
            assert_eq!(read.output(), expected);
        }
        let length = file.control(IOCTL_ECHO_LENGTH, &[], 4);
        assert_eq!(length.output(), 5_u32.to_le_bytes());
        let short = file.control(IOCTL_ECHO_LENGTH, &[], 3);
        assert_eq!(status(&short), HRESULT::from_win32(122));
        let long = file.write(&vec![0; CAPACITY + 1]);
        assert_eq!(status(&long), HRESULT::from_win32(122));
        let unknown = file.control(IOCTL_ECHO_LENGTH + 4, &[], 0);
        assert_eq!(status(&unknown), HRESULT::from_win32(1));
    });
}

#[test]
fn transfers_are_done_one_after_the_other() {
    with_device(|device| {
        let sent: Vec<Sent> = (0..8_u8).map(|byte| device.write(&[byte])).collect();
        let read = device.read(1);
        assert!(sent.iter().all(|sent| status(sent).is_ok()));
        read.wait();
        assert_eq!(read.output(), [7]);
    });
}

#[test]
fn requests_are_cancelled_wherever_they_are() {
    with_device(|device| {
        let (with_driver, in_queue) = (device.read(1), device.read(1));
        let forwarded = device.control(IOCTL_ECHO_WAIT, &[], 0);
        for sent in [&in_queue, &with_driver, &forwarded] {
            sent.cancel();
        }
        // The timer may have been faster than the first of them.
        assert_eq!(status(&in_queue), CANCELED);
        assert_eq!(status(&forwarded), CANCELED);
        assert!([CANCELED, HRESULT(0)].contains(&status(&with_driver)));
        assert!(status(&device.read(1)).is_ok(), "the device goes on");
    });
}

#[test]
fn a_write_ends_all_that_wait_for_one() {
    with_device(|device| {
        let file = device.open("").unwrap();
        let waits = [(); 3].map(|()| file.control(IOCTL_ECHO_WAIT, &[], 0));
        assert!(waits.iter().all(|wait| wait.completion().is_none()));
        file.write(b"now").wait();
        assert!(waits.iter().all(|wait| status(wait).is_ok()));
    });
}

#[test]
fn a_transfer_waits_while_the_device_sleeps() {
    with_device(|device| {
        device.write(b"over night").wait();
        for state in [PowerState::D1, PowerState::D2, PowerState::D3] {
            let read = device.read(10);
            device.sleep(state, Wake::FromSx).unwrap();
            let behind = device.read(4);
            device.wake().unwrap();
            assert!(status(&read).is_ok() && status(&behind).is_ok());
            assert_eq!(behind.output(), b"over");
        }
    });
}

#[test]
fn a_device_goes_with_requests_on_their_way() {
    for surprise in [false, true] {
        with_device(|device| {
            let file = device.open("").unwrap();
            let left = [
                file.read(1),
                file.read(1),
                file.control(IOCTL_ECHO_WAIT, &[], 0),
            ];
            if surprise {
                device.surprise_remove();
            } else {
                device.query_remove().unwrap();
                device.remove();
            }
            assert!(left.iter().all(|sent| sent.wait().is_some()));
            assert!(status(&file.read(1)).is_err());
        });
    }
}

/// Each call of the framework fails once: the driver says so, and leaves nothing behind.
#[test]
fn each_call_of_the_framework_may_fail() {
    let plan = FaultPlan::new();
    while plan.next_run() {
        let builder: Builder = Framework::builder().fail_each(&plan);
        let report = match builder.load(DllGetClassObject, &CLSID) {
            Err(not_loaded) => *not_loaded.report,
            Ok(framework) => {
                if let Ok(device) = framework.plug_in(r"ROOT\ECHO\0000") {
                    let wait = device.control(IOCTL_ECHO_WAIT, &[], 0);
                    let sent = [device.write(b"a"), device.read(1)];
                    assert!(sent.iter().all(|sent| sent.wait().is_some()));
                    device.control(IOCTL_ECHO_LENGTH, &[], 4).wait();
                    wait.cancel();
                    assert!(wait.wait().is_some());
                }
                framework.unload()
            }
        };
        assert_eq!(report.findings, [], "after {:?}", report.fault);
    }
    let faults = plan.faults();
    assert!(faults.len() > 8, "{faults:#?}");
}
