//! U5: requests and memory that the driver has made.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use umdf_callback::memory::*;
use umdf_callback::raw;
use umdf_callback::request::*;
use umdf_callback::{CreatedFile, Error};
use wdm_sim::FaultPlan;
use wdm_sim::umdf::{Framework, LowerRequest};

use crate::send::{ABORTED, ERROR, Relay, S_OK, act, keep, relay};
use crate::{HRESULT, Result, ended};

/// Memory of so many bytes.
fn memory(relay: &Relay, size: usize) -> Result<Memory> {
    let size = NonZeroUsize::new(size).expect("there are some");
    relay.device.driver()?.create_memory(size)
}

/// Why something was not formatted or sent.
fn error<R>(refused: Refused<R>) -> Error {
    refused.error
}

/// Reads with a request of the driver's into the output of another one, and waits.
fn read_into(relay: &Relay, whole: &mut Request<Read>, file: &CreatedFile) -> Result<usize> {
    let request = relay.device.create_request()?;
    let output = whole.output()?;
    let read = relay
        .below
        .format_read(request, file, output, Some(8))
        .map_err(error)?
        .send_synchronously(SendOptions::new())
        .map_err(error)?;
    let completion = read.completion();
    drop(read.into_memory());
    completion.result()
}

act!(ReadInto: |relay, request| {
    let Typed::Read(mut whole) = request.typed() else {
        return;
    };
    let file = relay.device.create_file(Some("own"));
    match file.and_then(|file| read_into(relay, &mut whole, &file)) {
        Ok(length) => whole.complete_with_information(length),
        Err(error) => whole.fail(error),
    }
});

#[test]
fn u13_a_request_of_the_drivers_reads_into_another_one() {
    let device = relay::<ReadInto>();
    device.lower().answer(|request| {
        assert_eq!((request.kind(), request.offset()), (raw::WdfRequestRead, 8));
        request.succeed_with(b"1234");
    });
    let read = device.read(3);
    assert_eq!(read.completion(), ended(S_OK, 3));
    assert_eq!(read.output(), b"123");
    device.lower().answer(|request| request.fail(ERROR));
    assert_eq!(device.read(3).completion(), ended(ERROR, 0));
}

type Share = InputOf<Write, Delivered>;

/// Divides a write into parts of two bytes, which come back in any order; the last one completes it.
fn divide(relay: &Relay, request: Request<Write>) -> Result<()> {
    let file = relay.device.create_file(None)?;
    let length = request.parameters().length;
    let whole = InputOf(Arc::new(request));
    let failure = Arc::new(AtomicI32::new(0));
    for start in (0..length).step_by(2) {
        let part = Part {
            memory: whole.clone(),
            range: start..length.min(start + 2),
        };
        if let Err(error) = send_part(relay, &file, part, failure.clone()) {
            failure.store(error.code().0, Ordering::Relaxed);
            break;
        }
    }
    give_back(whole, &failure);
    Ok(())
}

fn send_part(
    relay: &Relay,
    file: &CreatedFile,
    part: Part<Share>,
    failure: Arc<AtomicI32>,
) -> Result<()> {
    let at = i64::try_from(part.range.start).ok();
    let request = relay.device.create_request()?;
    let formatted = relay
        .below
        .format_write(request, file, part, at)
        .map_err(error)?;
    let sent = formatted.send(SendOptions::new(), move |part| {
        if let Err(error) = part.completion().result() {
            failure.store(error.code().0, Ordering::Relaxed);
        }
        give_back(part.into_memory().memory, &failure);
    });
    sent.map(drop).map_err(error)
}

fn give_back(InputOf(whole): Share, failure: &AtomicI32) {
    let Some(whole) = Arc::into_inner(whole) else {
        return;
    };
    let length = whole.parameters().length;
    match HRESULT(failure.load(Ordering::Relaxed)).ok() {
        Ok(()) => whole.complete_with_information(length),
        Err(error) => whole.fail(error),
    }
}

act!(Divide: |relay, request| {
    if let Typed::Write(request) = request.typed() {
        // What is not divided is dropped, and so completed.
        let _ = divide(relay, request);
    }
});

#[test]
fn u13_a_request_is_divided_and_completed_once() {
    let device = relay::<Divide>();
    let kept = keep(&device);
    let write = device.write(b"abcde");
    let mut parts = kept.take();
    let arrived: Vec<_> = parts
        .iter()
        .map(|part| (part.offset(), part.input()))
        .collect();
    assert_eq!(
        arrived,
        [(0, b"ab".to_vec()), (2, b"cd".to_vec()), (4, b"e".to_vec())]
    );
    parts.rotate_left(1);
    let threads: Vec<_> = parts
        .into_iter()
        .map(|part| thread::spawn(move || part.succeed()))
        .collect();
    assert_eq!(write.wait(), ended(S_OK, 5));
    for thread in threads {
        thread.join().expect("the lower driver is well");
    }
    // One of them fails.
    device.lower().answer(|part| match part.offset() {
        2 => part.fail(ERROR),
        _ => part.succeed(),
    });
    assert_eq!(device.write(b"abcde").completion(), ended(ERROR, 0));
}

/// Sends one request of the driver's again and again, until the lower driver has no more.
fn read_on(
    relay: &Relay,
    sum: usize,
    request: CreatedRequest,
    buffer: Memory,
    whole: Request<Read>,
) {
    let file = relay.device.create_file(None).expect("it is made");
    let formatted = relay.below.format_read(request, &file, buffer, None);
    let Ok(read) = formatted
        .expect("it is formatted")
        .send_synchronously(SendOptions::new())
    else {
        panic!("it is sent");
    };
    match read.completion().result() {
        Ok(length) if length > 0 => {
            assert_eq!(read.memory().to_vec().expect("it is there")[0], b'x');
            let (request, buffer) = read.reuse().expect("it is reused");
            read_on(relay, sum + length, request, buffer, whole);
        }
        _ => whole.complete_with_information(sum),
    }
}

act!(ReadOn: |relay, request| {
    if let Typed::Read(whole) = request.typed() {
        let request = relay.device.create_request().expect("it is made");
        let buffer = memory(relay, 4).expect("it is made");
        read_on(relay, 0, request, buffer, whole);
    }
});

#[test]
fn u13_a_request_of_the_drivers_is_reused_with_its_memory() {
    let device = relay::<ReadOn>();
    let left = Mutex::new(3_usize);
    device.lower().answer(move |request| {
        let mut left = left.lock().expect("nobody panics");
        match left.checked_sub(1) {
            Some(less) => {
                *left = less;
                drop(left);
                request.succeed_with(b"xx");
            }
            None => request.succeed_with(b""),
        }
    });
    assert_eq!(device.read(10).completion(), ended(S_OK, 6));
}

act!(Control: |relay, request| {
    let Typed::DeviceIoControl(whole) = request.typed() else {
        return;
    };
    match control(relay) {
        Ok(()) => whole.complete(),
        Err(error) => whole.fail(error),
    }
});

/// A device I/O control with memory of the driver's.
fn control(relay: &Relay) -> Result<()> {
    let file = relay.device.create_file(None)?;
    let (mut from, into) = (memory(relay, 3)?, memory(relay, 8)?);
    from.write_at(1, b"no")?;
    let request = relay.device.create_request()?;
    let into = Part {
        memory: into,
        range: 2..6,
    };
    let ended = relay
        .below
        .format_io_control(request, &file, 9, (from, into))
        .map_err(error)?
        .send_synchronously(SendOptions::new())
        .map_err(error)?;
    let transferred = Transferred::DeviceIoControl {
        code: 9,
        input_offset: 0,
        output_offset: 2,
        output_length: 3,
    };
    assert_eq!(ended.completion().transferred(), Some(transferred));
    let (_, into) = ended.into_memory();
    assert_eq!(into.memory.to_vec()?, b"\0\0yes\0\0\0");
    Ok(())
}

#[test]
fn u13_memory_of_the_drivers_goes_along_and_comes_back() {
    let device = relay::<Control>();
    device.lower().answer(|request| {
        assert_eq!(
            (request.kind(), request.code()),
            (raw::WdfRequestDeviceIoControl, 9)
        );
        assert_eq!(request.input(), b"\0no");
        assert_eq!(request.output_length(), 4);
        request.succeed_with(b"yes");
    });
    assert_eq!(device.control(0, &[], 0).completion(), ended(S_OK, 0));
}

act!(NoSuchPart: |relay, request| {
    let file = relay.device.create_file(None).expect("it is made");
    for range in [3..5, 5..6, 0..usize::MAX] {
        let part = Part { memory: memory(relay, 4).expect("it is made"), range };
        let own = relay.device.create_request().expect("it is made");
        let refused = relay.below.format_write(own, &file, part, None).map(drop);
        let Err(Refused { request: (_, part), error }) = refused else {
            panic!("there is no such part");
        };
        assert_eq!(error.code(), HRESULT::from_win32(122));
        assert_eq!(part.memory.len(), 4);
    }
    let inner = Part { memory: memory(relay, 4).expect("it is made"), range: 1..4 };
    let part = Part { memory: inner, range: 1..2 };
    let own = relay.device.create_request().expect("it is made");
    let formatted = relay.below.format_write(own, &file, part, None).expect("it is one");
    let sent = formatted.send_synchronously(SendOptions::new()).expect("it is sent");
    let write = Transferred::Write { offset: 2, length: 1 };
    assert_eq!(sent.completion().transferred(), Some(write));
    request.complete();
});

#[test]
fn u13_a_part_of_memory_is_in_it() {
    let device = relay::<NoSuchPart>();
    device.lower().answer(|request| {
        assert_eq!(
            (request.kind(), request.input().len()),
            (raw::WdfRequestWrite, 1)
        );
        request.succeed();
    });
    assert_eq!(device.read(1).completion(), ended(S_OK, 0));
}

#[test]
fn u13_requests_of_the_drivers_come_back_when_the_device_is_removed() {
    static ENDED: Mutex<Option<HRESULT>> = Mutex::new(None);
    act!(Own: |relay, request| {
        let file = relay.device.create_file(None).expect("it is made");
        let own = relay.device.create_request().expect("it is made");
        let formatted = relay.below.format_write(own, &file, (), None).expect("it is formatted");
        let sent = formatted.send(SendOptions::new(), |write| {
            *ENDED.lock().expect("nobody panics") = Some(write.completion().status());
        });
        drop(sent.expect("it is sent"));
        request.complete();
    });
    let device = relay::<Own>();
    let kept = keep(&device);
    assert_eq!(device.read(1).completion(), ended(S_OK, 0));
    device.remove();
    assert_eq!(*ENDED.lock().expect("nobody panics"), Some(ABORTED));
    kept.take().into_iter().for_each(LowerRequest::succeed);
}

act!(All: |relay, request| {
    match request.typed() {
        Typed::Read(mut whole) => {
            let file = relay.device.create_file(None);
            let read = file.and_then(|file| read_into(relay, &mut whole, &file));
            match read {
                Ok(length) => whole.complete_with_information(length),
                Err(error) => whole.fail(error),
            }
        }
        Typed::Write(whole) => drop(divide(relay, whole)),
        Typed::DeviceIoControl(whole) => match control(relay) {
            Ok(()) => whole.complete(),
            Err(error) => whole.fail(error),
        },
        _ => {}
    }
});

#[test]
fn u13_each_call_can_fail_and_nothing_is_left() {
    let plan = FaultPlan::new();
    while plan.next_run() {
        let builder = Framework::builder().fail_each(&plan);
        let Ok(framework) =
            builder.load(crate::class_object::<crate::send::Adds<All>>, &crate::CLSID)
        else {
            continue;
        };
        if let Ok(device) = framework.plug_in("ROOT\\SAMPLE\\0000") {
            device.lower().answer(|request| match request.kind() {
                raw::WdfRequestDeviceIoControl => request.succeed_with(b"yes"),
                _ => request.succeed(),
            });
            assert!(device.read(4).completion().is_some());
            assert!(device.write(b"abcde").completion().is_some());
            assert!(device.control(0, &[], 0).completion().is_some());
        }
        let report = framework.unload();
        assert_eq!(report.findings, [], "{:?}", report.fault);
    }
    let faults = plan.faults();
    for routine in [
        "IWDFDevice::CreateRequest",
        "IWDFDevice::CreateWdfFile",
        "IWDFDriver::CreateWdfMemory",
        "IWDFIoTarget::FormatRequestForWrite",
        "IWDFIoRequest::Send",
    ] {
        let tried = faults.iter().any(|fault| fault.routine == routine);
        assert!(tried, "{routine}: {faults:#?}");
    }
}

/// Turns each bit round.
fn inverted(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| !byte).collect()
}

/// Sends a write with other bytes.
fn write_inverted(relay: &Relay, request: Request<Write>) -> Result<()> {
    let Some(file) = request.file() else {
        return Ok(());
    };
    let bytes = inverted(&request.input()?.to_vec()?);
    let mut other = memory(relay, bytes.len())?;
    other.write_at(0, &bytes)?;
    let formatted = relay.below.format_write(request, &file, other, None);
    let sent = formatted
        .map_err(error)?
        .send(SendOptions::new(), |ended| ended.pass_on());
    sent.map(drop).map_err(error)
}

/// Turns round what the lower driver has read.
fn read_inverted(read: Completed<Request<Read, Returned>, ()>) -> Result<()> {
    let completion = read.completion();
    let (mut request, ()) = read.into_parts();
    let length = completion.result()?;
    let mut bytes = vec![0; length];
    request.answer()?.read_at(0, &mut bytes)?;
    request.output()?.write_at(0, &inverted(&bytes))?;
    request.complete_with_information(length);
    Ok(())
}

act!(Invert: |relay, request| {
    // What fails is dropped, and so completed.
    match request.typed() {
        Typed::Write(request) => drop(write_inverted(relay, request)),
        Typed::Read(request) => {
            let formatted = relay.below.format(request);
            let sent = formatted.send(SendOptions::new(), |read| drop(read_inverted(read)));
            if let Err(refused) = sent {
                refused.fail();
            }
        }
        _ => {}
    }
});

#[test]
fn u13_a_filter_changes_what_goes_down_and_what_comes_back() {
    let device = relay::<Invert>();
    let stored = Mutex::new(Vec::new());
    device.lower().answer(move |request| {
        let mut stored = stored.lock().expect("nobody panics");
        match request.kind() {
            raw::WdfRequestWrite => {
                *stored = request.input();
                assert_eq!(*stored, inverted(b"text"));
                drop(stored);
                request.succeed();
            }
            _ => {
                let bytes = stored.clone();
                drop(stored);
                request.succeed_with(&bytes);
            }
        }
    });
    let file = device.open("").expect("it opens");
    assert_eq!(file.write(b"text").completion(), ended(S_OK, 4));
    assert_eq!(file.read(9).output(), b"text");
    assert_eq!(file.read(2).output(), b"te");
}
