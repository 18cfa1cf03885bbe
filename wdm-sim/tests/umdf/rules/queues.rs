//! Queues: what they are made with, and how their state is changed.

use std::cell::RefCell;

use umdf_callback::raw::*;
use umdf_callback::{HRESULT, PowerState};
use wdm_sim::umdf::{Framework, Rule, Wake};
use windows_core::{IUnknown, implement};

use super::cases;
use crate::raw::{Add, AnotherCancel, Subject, call, driver};
use crate::support::{CLSID, S_OK};

const BAD_CONFIGURATION: HRESULT = HRESULT::from_win32(1610);

thread_local! {
    static KEPT: RefCell<Option<IWDFIoRequest>> = const { RefCell::new(None) };
}

/// Makes a second queue, which is not the framework's to take if `wrong`.
fn second_queue(add: &Add<'_>, wrong: bool, default: bool, dispatch: WDF_IO_QUEUE_DISPATCH_TYPE) {
    let device = add.device_with_queue();
    let (default, dispatch) = match wrong {
        true => (default, dispatch),
        false => (false, WdfIoQueueDispatchParallel),
    };
    let made = add.queue(&device, &add.queue_callback(), default, dispatch);
    assert_eq!(made.err(), wrong.then_some(BAD_CONFIGURATION));
}

cases! {
    manual_queue_that_delivers: QueueConfig at "IWDFDevice::CreateIoQueue" = Subject {
        add: |add, wrong| {
            second_queue(add, wrong, false, WdfIoQueueDispatchManual);
            S_OK
        },
        ..Subject::IDLE
    };

    second_default_queue: QueueConfig at "IWDFDevice::CreateIoQueue" = Subject {
        add: |add, wrong| {
            second_queue(add, wrong, true, WdfIoQueueDispatchSequential);
            S_OK
        },
        ..Subject::IDLE
    };

    queue_that_delivers_to_nobody: QueueConfig at "IWDFDevice::CreateIoQueue" = Subject {
        add: |add, wrong| {
            let device = add.device();
            let nobody = AnotherCancel.into();
            let callback = if wrong { nobody } else { add.queue_callback() };
            let made = add.queue(&device, &callback, true, WdfIoQueueDispatchSequential);
            assert_eq!(made.err(), wrong.then_some(BAD_CONFIGURATION));
            S_OK
        },
        ..Subject::IDLE
    };

    drained_while_it_stops: QueueState at "IWDFIoQueue::Drain" = Subject::control(|at, _, wrong| {
        let queue = at.queue;
        call!(queue.Stop(Raw::NULL));
        if wrong {
            call!(queue.Drain(Raw::NULL));
        }
        at.complete();
    });

    waits_for_itself: QueueWait at "IWDFIoQueue::StopSynchronously" = Subject::control(|at, _, wrong| {
        let queue = at.queue;
        if !wrong {
            at.complete();
        }
        call!(queue.StopSynchronously());
        if wrong {
            at.complete();
        }
    });

    /// The device sleeps while the driver has a request of which it says nothing.
    not_stopped: Stop at "OnIoStop" = Subject {
        power_managed: true,
        control: |at, _, _| KEPT.set(Some(at.request.clone())),
        stop: |at, wrong| {
            let request = at.request2();
            if !wrong {
                call!(request.StopAcknowledge(false.into()));
            }
        },
        ..Subject::IDLE
    }, |framework| {
        let device = framework.plug_in("ROOT\\SAMPLE\\0000").unwrap();
        let sent = device.control(2, b"", 0);
        device.sleep(PowerState::D3, Wake::FromSx).unwrap();
        device.wake().unwrap();
        assert_eq!(sent.completion(), None);
        let kept = KEPT.take().unwrap();
        call!(kept.Complete(S_OK));
    };

    acknowledged_without_being_asked: Stop at "IWDFIoRequest2::StopAcknowledge" = Subject::control(|at, _, wrong| {
        let request = at.request2();
        if wrong {
            call!(request.StopAcknowledge(false.into()));
        }
        at.complete();
    });
}

/// Takes requests.
#[implement(IQueueCallbackDefaultIoHandler)]
struct Takes;

/// Takes requests, and wants to know of changes.
#[implement(IQueueCallbackDefaultIoHandler, IQueueCallbackStateChange)]
struct Both;

/// Wants to know of changes.
#[implement(IQueueCallbackStateChange)]
struct Watches;

impl IQueueCallbackDefaultIoHandler_Impl for Takes_Impl {
    unsafe fn OnDefaultIoHandler(&self, _queue: Raw<IWDFIoQueue>, _request: Raw<IWDFIoRequest>) {}
}

impl IQueueCallbackDefaultIoHandler_Impl for Both_Impl {
    unsafe fn OnDefaultIoHandler(&self, _queue: Raw<IWDFIoQueue>, _request: Raw<IWDFIoRequest>) {}
}

impl IQueueCallbackStateChange_Impl for Both_Impl {
    unsafe fn OnStateChange(&self, _queue: Raw<IWDFIoQueue>, _state: WDF_IO_QUEUE_STATE) {}
}

impl IQueueCallbackStateChange_Impl for Watches_Impl {
    unsafe fn OnStateChange(&self, _queue: Raw<IWDFIoQueue>, _state: WDF_IO_QUEUE_STATE) {}
}

/// nf-wudfddi-iwdfdevice-createioqueue: for each way to hand requests out, which callback objects are taken.
#[test]
fn u4_a_queue_takes_the_callback_object_that_fits() {
    let subject = Subject {
        add: |add, _| {
            let device = add.device();
            let taken = |dispatch, callback: IUnknown| {
                let made = add.queue(&device, &callback, false, dispatch);
                assert!(made.is_ok() || made == Err(BAD_CONFIGURATION));
                made.is_ok()
            };
            for dispatch in [WdfIoQueueDispatchSequential, WdfIoQueueDispatchParallel] {
                assert!(taken(dispatch, Takes.into()));
                assert!(!taken(dispatch, Both.into()));
                assert!(!taken(dispatch, Watches.into()));
                assert!(!taken(dispatch, AnotherCancel.into()), "none of them");
            }
            let manual = WdfIoQueueDispatchManual;
            assert!(!taken(manual, Takes.into()));
            assert!(!taken(manual, Both.into()));
            assert!(taken(manual, Watches.into()));
            assert!(taken(manual, AnotherCancel.into()), "none of them");
            S_OK
        },
        ..Subject::IDLE
    };
    let framework = Framework::load(driver(subject, false), &CLSID).unwrap();
    let device = framework.add_device("ROOT\\SAMPLE\\0000").unwrap();
    assert_eq!(device.queues().len(), 4);
    let findings = framework.unload().findings;
    assert!(!findings.is_empty());
    assert!(
        findings
            .iter()
            .all(|finding| finding.rule == Rule::QueueConfig)
    );
}
