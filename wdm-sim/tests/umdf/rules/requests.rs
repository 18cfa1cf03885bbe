//! Requests (U5).

use std::cell::RefCell;

use umdf_callback::HRESULT;
use umdf_callback::raw::*;

use super::cases;
use crate::raw::{AnotherCancel, Subject, call};
use crate::support::S_OK;

thread_local! {
    static OTHER_QUEUE: RefCell<Option<IWDFIoQueue>> = const { RefCell::new(None) };
    static OTHERS: RefCell<Vec<IRequestCallbackCancel>> = const { RefCell::new(Vec::new()) };
}

cases! {
    u5_completed_twice: RequestTwice at "IWDFIoRequest::Complete" = Subject::control(|at, _, wrong| {
        at.complete();
        if wrong {
            at.complete();
        }
    });

    u5_given_away_after_its_end: RequestTwice at "IWDFIoRequest2::Requeue" = Subject::control(|at, _, wrong| {
        let request = at.request2();
        at.complete();
        if wrong {
            let requeued = call!(request.Requeue());
            assert_eq!(requeued, HRESULT::from_win32(4317), "ERROR_INVALID_OPERATION");
        }
    });

    u5_completed_while_it_is_marked: RequestCancelable at "IWDFIoRequest::Complete" = Subject::control(|at, _, wrong| {
        let request = at.request;
        call!(request.MarkCancelable(Raw::of(&at.cancel)));
        if !wrong {
            let unmarked = call!(request.UnmarkCancelable());
            assert_eq!(unmarked, S_OK);
        }
        at.complete();
    });

    u5_marked_twice: RequestCancelable at "IWDFIoRequest::MarkCancelable" = Subject::control(|at, _, wrong| {
        let request = at.request;
        for _ in 0..if wrong { 2 } else { 1 } {
            call!(request.MarkCancelable(Raw::of(&at.cancel)));
        }
        let unmarked = call!(request.UnmarkCancelable());
        assert_eq!(unmarked, S_OK);
        at.complete();
    });

    u5_left: RequestLeft at "remove" = Subject::control(|at, _, wrong| {
        if !wrong {
            at.complete();
        }
    });

    more_than_the_buffer_holds: RequestInformation at "IWDFIoRequest::CompleteWithInformation" = Subject::control(|at, _, wrong| {
        let request = at.request;
        call!(request.CompleteWithInformation(S_OK, if wrong { 3 } else { 2 }));
    });

    second_cancel_callback: CancelCallback at "IWDFIoRequest::MarkCancelable" = Subject::control(|at, _, wrong| {
        let request = at.request;
        let other: IRequestCallbackCancel = AnotherCancel.into();
        // It has to live, so that no other object comes to its address.
        OTHERS.with_borrow_mut(|others| others.push(other.clone()));
        for cancel in [&at.cancel, if wrong { &other } else { &at.cancel }] {
            call!(request.MarkCancelable(Raw::of(cancel)));
            let unmarked = call!(request.UnmarkCancelable());
            assert_eq!(unmarked, S_OK);
        }
        at.complete();
    });

    forwarded_to_another_device: Argument at "IWDFIoRequest::ForwardToIoQueue" = Subject::control(|at, code, wrong| {
        if code == 0 {
            OTHER_QUEUE.set(Some(at.queue.clone()));
            return at.complete();
        }
        let (request, other) = (at.request, OTHER_QUEUE.take().unwrap());
        if wrong {
            let result = call!(request.ForwardToIoQueue(Raw::of(&other)));
            assert_eq!(result, HRESULT::from_win32(4317), "ERROR_INVALID_OPERATION");
        }
        at.complete();
    }), |framework| {
        for code in [0, 1] {
            let device = framework.plug_in(&format!("ROOT\\SAMPLE\\000{code}")).unwrap();
            assert!(device.control(code, b"", 0).completion().is_some());
        }
    };

    forwarded_to_nowhere: Argument at "IWDFIoRequest::ForwardToIoQueue" = Subject::control(|at, _, wrong| {
        let request = at.request;
        if wrong {
            let result = call!(request.ForwardToIoQueue(Raw::NULL));
            assert_eq!(result, HRESULT::from_win32(4317), "ERROR_INVALID_OPERATION");
        }
        at.complete();
    });
}
