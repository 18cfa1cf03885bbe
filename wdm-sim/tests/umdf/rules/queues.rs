//! Queues: what they are made with, and how their state is changed.

use std::cell::RefCell;

use umdf_callback::raw::*;
use umdf_callback::{HRESULT, PowerState};
use wdm_sim::umdf::Wake;

use super::cases;
use crate::raw::{Add, Subject, call};
use crate::support::S_OK;

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
            let nobody = crate::raw::AnotherCancel.into();
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
