//! Who a request comes from, and acting as that client.

use std::marker::PhantomData;
use std::time::Duration;

use umdf_callback::callback::{QueueCreate, QueueDefaultIoHandler};
use umdf_callback::raw::{SecurityIdentification, SecurityImpersonation};
use umdf_callback::request::*;
use umdf_callback::{Dispatch, File, Queue, QueueConfig, queue_callback};
use wdm_sim::umdf::{Framework, Rule};

use crate::send::{Adds, Nothing, S_OK, act, relay};
use crate::{AddedDevice, DeviceInit, Driver, GUID, HRESULT, Result, adds, ended, hosted, started};

const BAD_LEVEL: HRESULT = HRESULT::from_win32(1346);

act!(Impersonate: |_relay, request| {
    let mut request = request;
    let (mut done, name) = (0, String::from("firmware"));
    let named = request.impersonate(ImpersonationLevel::Impersonation, || {
        done += 1;
        name.len()
    });
    match named {
        Ok(length) => {
            assert_eq!((length, done), (8, 1));
            request.complete();
        }
        Err(error) => {
            assert_eq!(done, 0);
            request.fail(error);
        }
    }
});

#[test]
fn u15_something_is_done_as_the_client_if_that_is_allowed() {
    let host = |level| Framework::builder().impersonation(level);
    for (builder, status) in [
        (Framework::builder(), BAD_LEVEL),
        (host(SecurityIdentification), BAD_LEVEL),
        (host(SecurityImpersonation), S_OK),
    ] {
        let device = hosted::<Adds<Impersonate>>(builder);
        device.start().expect("it starts");
        assert_eq!(device.read(1).completion(), ended(status, 0));
    }
}

#[test]
fn u15_what_calls_the_framework_as_the_client_is_found() {
    act!(Wrong: |relay, request| {
        let mut request = request;
        let device = relay.device.clone();
        let level = ImpersonationLevel::Identification;
        let id = request.impersonate(level, move || device.instance_id().is_ok());
        assert_eq!(id, Ok(true));
        request.complete();
    });
    let builder = Framework::builder().impersonation(SecurityIdentification);
    let device = hosted::<Adds<Wrong>>(builder);
    device.start().expect("it starts");
    assert_eq!(device.read(1).completion(), ended(S_OK, 0));
    let findings = device.unload().findings;
    let rules: Vec<_> = findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, [Rule::Impersonate], "{findings:#?}");
}

#[test]
fn u5_a_request_says_who_made_it() {
    const ID: GUID = GUID::from_u128(7);
    act!(Ask: |relay, request| {
        let mut request = request;
        let expected = match request.file() {
            Some(_) => Requestor::Application,
            None => Requestor::KernelModeDriver,
        };
        assert_eq!(request.requestor(), Ok(expected));
        assert!(!request.is_from_32_bit_process());
        assert_eq!(request.is_canceled(), Ok(false));
        assert!(request.queue().is_some());
        assert_eq!(request.activity_id(), Ok(None));
        request.set_activity_id(&ID).expect("it is new enough");
        assert_eq!(request.activity_id(), Ok(Some(ID)));
        let mut own = relay.device.create_request().expect("it is made");
        own.set_activity_id(&ID).expect("it is new enough");
        assert_eq!(request.is_user_mode_driver_initiated(), Ok(false));
        request.set_user_mode_driver_initiated(true).expect("it is new enough");
        assert_eq!(request.is_user_mode_driver_initiated(), Ok(true));
        request.complete();
    });
    let device = relay::<Ask>();
    assert_eq!(device.read(1).completion(), ended(S_OK, 0));
    let file = device.open("").expect("it opens");
    assert_eq!(file.read(1).completion(), ended(S_OK, 0));
}

/// Opens what is below, as the client if it can.
struct Opens {
    below: IoTarget,
    ignore_failure: bool,
}

impl QueueCreate for Opens {
    fn on_create_file(&self, _queue: &Queue<'_, Self>, request: Request<Create>, file: File) {
        let parameters = request.parameters();
        assert_eq!(parameters.share_access, 7);
        assert!(parameters.desired_access.is_some());
        assert_eq!((parameters.disposition, parameters.options), (0, 0));
        let formatted = self
            .below
            .format(request)
            .impersonate_client(self.ignore_failure);
        let sent = match file.name().as_deref() {
            Ok("forget") => {
                let (request, ()) = formatted.into_parts();
                return request.fail(S_OK);
            }
            _ => formatted.send(SendOptions::new(), |ended| ended.pass_on()),
        };
        if let Err(refused) = sent {
            refused.fail();
        }
    }
}

impl QueueDefaultIoHandler for Opens {
    fn on_default_io(&self, _queue: &Queue<'_, Self>, request: Request<Other>) {
        request.complete();
    }
}

queue_callback!(Opens);

/// Whether failures are ignored.
trait Failures: 'static {
    const IGNORED: bool;
}

struct AddsOpens<F>(PhantomData<fn() -> F>);

impl<F> Default for AddsOpens<F> {
    fn default() -> Self {
        AddsOpens(PhantomData)
    }
}

impl<F: Failures> Driver for AddsOpens<F> {
    fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
        let device = init.create_device(Nothing)?;
        let opens = Opens {
            below: device.device().default_io_target()?,
            ignore_failure: F::IGNORED,
        };
        device.create_queue(QueueConfig::default_queue(), Dispatch::Parallel, opens)?;
        Ok(device.into())
    }
}

struct Ignored;

impl Failures for Ignored {
    const IGNORED: bool = true;
}

struct NotIgnored;

impl Failures for NotIgnored {
    const IGNORED: bool = false;
}

#[test]
fn u15_what_is_below_is_opened_as_the_client() {
    let allowed = || Framework::builder().impersonation(SecurityImpersonation);
    let device = hosted::<AddsOpens<NotIgnored>>(Framework::builder());
    device.start().expect("it starts");
    let refused = device.open("").map(drop).map_err(|error| error.code());
    assert_eq!(refused, Err(BAD_LEVEL));
    let failed = device
        .open("forget")
        .map(drop)
        .map_err(|error| error.code());
    assert_eq!(failed, Err(HRESULT(0x8000_4005_u32 as i32)));
    for builder in [Framework::builder(), allowed()] {
        let device = hosted::<AddsOpens<Ignored>>(builder);
        device.start().expect("it starts");
        assert!(device.open("").is_ok());
    }
    let device = hosted::<AddsOpens<NotIgnored>>(allowed());
    device.start().expect("it starts");
    assert!(device.open("").is_ok());
}

/// Forgets what it opens.
struct Forgets {
    below: IoTarget,
}

impl QueueCreate for Forgets {
    fn on_create_file(&self, _queue: &Queue<'_, Self>, request: Request<Create>, _file: File) {
        if let Err(refused) = request.send_and_forget_as_client(&self.below, false) {
            refused.fail();
        }
    }
}

queue_callback!(Forgets);

adds!(AddsForgets: |init| {
    let device = init.create_device(Nothing)?;
    let below = device.device().default_io_target()?;
    device.create_queue(QueueConfig::default_queue(), Dispatch::Parallel, Forgets { below })?;
    Ok(device.into())
});

#[test]
fn u15_what_is_below_is_opened_and_forgotten_as_the_client() {
    let device = started::<AddsForgets>();
    let refused = device.open("").map(drop).map_err(|error| error.code());
    assert_eq!(refused, Err(BAD_LEVEL));
    let builder = Framework::builder()
        .patience(Duration::from_secs(10))
        .impersonation(SecurityImpersonation);
    let device = hosted::<AddsForgets>(builder);
    device.start().expect("it starts");
    assert!(device.open("").is_ok());
}
