//! Corner cases of queues and requests.

mod random;

use windows_core::{ComObject, implement};

use super::*;

/// Whom the framework tells.
#[implement(IRequestCallbackCancel, IQueueCallbackStateChange)]
struct Told;

impl IRequestCallbackCancel_Impl for Told_Impl {
    unsafe fn OnCancel(&self, _request: Raw<IWDFIoRequest>) {}
}

impl IQueueCallbackStateChange_Impl for Told_Impl {
    unsafe fn OnStateChange(&self, _queue: Raw<IWDFIoQueue>, _state: WDF_IO_QUEUE_STATE) {}
}

fn cancel() -> Agile<IRequestCallbackCancel> {
    Agile(ComObject::new(Told).to_interface())
}

fn ended() -> Option<Agile<IQueueCallbackStateChange>> {
    Some(Agile(ComObject::new(Told).to_interface()))
}

const SEQUENTIAL: WDF_IO_QUEUE_DISPATCH_TYPE = WdfIoQueueDispatchSequential;
const PARALLEL: WDF_IO_QUEUE_DISPATCH_TYPE = WdfIoQueueDispatchParallel;
const MANUAL: WDF_IO_QUEUE_DISPATCH_TYPE = WdfIoQueueDispatchManual;

/// The I/O of a device that works, with power-managed queues of these kinds.
fn device(queues: &[WDF_IO_QUEUE_DISPATCH_TYPE]) -> Io {
    let queue = |&dispatch| QueueState::new(dispatch, true, false);
    Io {
        queues: queues.iter().map(queue).collect(),
        powered: true,
        ..Io::default()
    }
}

impl Io {
    /// What is to be done, in words. Deliveries are made.
    fn does(&mut self) -> Vec<String> {
        let mut done = Vec::new();
        loop {
            let steps = std::mem::take(&mut self.steps);
            if steps.is_empty() {
                return done;
            }
            for step in steps {
                done.extend(self.word(step));
            }
        }
    }

    fn word(&mut self, step: Step) -> Option<String> {
        Some(match step {
            Step::Deliver(queue, id) if !self.delivers(queue, id) => return None,
            Step::Deliver(queue, id) => format!("{queue} delivers {id}"),
            Step::Cancel(id, _) => format!("cancel {id}"),
            Step::CanceledOnQueue(queue, id) => format!("{id} was cancelled in {queue}"),
            Step::StateChange(queue, Some(_)) => format!("{queue} has ended"),
            Step::StateChange(queue, None) => format!("{queue} is no longer empty"),
            Step::Stop(queue, id, flags) => format!("stop {id} of {queue}, {flags:#x}"),
            Step::Resume(queue, id) => format!("resume {id} of {queue}"),
            Step::End(id, status, _) => format!("{id}: {}", Code(status)),
            Step::Close(file) => format!("close file {file}"),
            Step::CancelSent(id) => format!("cancel {id}, which was sent"),
        })
    }

    fn arrives(&mut self, ids: impl IntoIterator<Item = RequestId>, queue: QueueId) -> Vec<String> {
        for id in ids {
            self.arrive(id, None, queue);
        }
        self.does()
    }

    fn completes(&mut self, id: RequestId) -> Vec<String> {
        assert_eq!(self.complete(id, S_OK, 0), Ok(()));
        self.does()
    }
}

/// Nothing is to be done.
const NOTHING: [&str; 0] = [];

#[test]
fn a_parallel_queue_hands_out_what_comes_and_a_sequential_one_waits() {
    let mut io = device(&[PARALLEL, SEQUENTIAL]);
    assert_eq!(io.arrives([1, 2], 0), ["0 delivers 1", "0 delivers 2"]);
    assert_eq!(io.arrives([3, 4], 1), ["1 delivers 3"]);
    assert_eq!(io.completes(3), ["3: S_OK", "1 delivers 4"]);
}

#[test]
fn a_stopped_queue_takes_requests_and_has_stopped_when_the_driver_has_none() {
    let mut io = device(&[PARALLEL]);
    io.arrives([1], 0);
    assert!(io.stop(0, Ending::Stop, ended()));
    assert_eq!(io.arrives([2, 3], 0), NOTHING);
    assert!(!io.has_ended(0));
    assert_eq!(io.completes(1), ["1: S_OK", "0 has ended"]);
    assert!(io.has_ended(0));
    assert_eq!((io.waiting(0), io.owned(0)), (2, 0));
    io.start(0);
    assert_eq!(io.does(), ["0 delivers 2", "0 delivers 3"]);
}

#[test]
fn a_drained_queue_refuses_requests_and_hands_out_what_it_has() {
    let mut io = device(&[SEQUENTIAL]);
    io.arrives([1, 2], 0);
    assert!(io.stop(0, Ending::Drain, ended()));
    assert_eq!(io.arrives([3], 0), ["3: STATUS_INVALID_DEVICE_STATE"]);
    assert_eq!(io.completes(1), ["1: S_OK", "0 delivers 2"]);
    assert_eq!(io.completes(2), ["2: S_OK", "0 has ended"]);
    assert_eq!(io.arrives([4], 0), ["4: STATUS_INVALID_DEVICE_STATE"]);
    io.start(0);
    assert_eq!(io.arrives([5], 0), ["0 delivers 5"]);
}

/// A stopped queue is drained, too: it hands out what it has.
#[test]
fn a_stopped_queue_is_drained() {
    let mut io = device(&[PARALLEL]);
    assert!(io.stop(0, Ending::Stop, None));
    io.arrives([1], 0);
    assert!(io.stop(0, Ending::Drain, ended()), "it has stopped");
    assert_eq!(io.does(), ["0 delivers 1"]);
    assert_eq!(io.completes(1), ["1: S_OK", "0 has ended"]);
}

#[test]
fn a_purged_queue_cancels_what_it_can() {
    let mut io = device(&[SEQUENTIAL]);
    io.arrives([1, 2, 3], 0);
    assert!(io.mark(1, cancel()));
    assert!(io.stop(0, Ending::Purge, ended()));
    let aborted = |id| format!("{id}: ERROR_OPERATION_ABORTED");
    assert_eq!(io.does(), [aborted(2), aborted(3), "cancel 1".to_owned()]);
    assert_eq!(io.arrives([4], 0), ["4: STATUS_INVALID_DEVICE_STATE"]);
    assert_eq!(io.unmark(1), OPERATION_ABORTED, "OnCancel has it");
    assert!(io.enter_on_cancel(1));
    assert_eq!(io.completes(1), ["1: S_OK", "0 has ended"]);
}

/// A request that nobody can cancel keeps the purge from its end; when the driver marks it, or gives it back, it is cancelled.
#[test]
fn a_purge_gets_at_requests_later() {
    let mut io = device(&[MANUAL]);
    io.arrives([1, 2], 0);
    for id in [1, 2] {
        assert_eq!(io.retrieve(0, None), Ok(id));
    }
    io.stop(0, Ending::Purge, ended());
    assert_eq!(io.does(), NOTHING);
    assert_eq!(io.requeue(1), Ok(()));
    assert_eq!(io.does(), ["1: ERROR_OPERATION_ABORTED"]);
    assert!(io.mark(2, cancel()));
    assert_eq!(io.does(), ["cancel 2"]);
    assert!(io.enter_on_cancel(2));
    assert_eq!(io.completes(2), ["2: S_OK", "0 has ended"]);
}

#[test]
fn what_has_nothing_to_wait_for_has_ended_at_once() {
    for ending in [Ending::Stop, Ending::Drain, Ending::Purge] {
        let mut io = device(&[PARALLEL]);
        assert!(io.stop(0, ending, ended()));
        assert_eq!(io.does(), ["0 has ended"]);
        assert!(io.stop(0, ending, None), "so that another may begin");
        assert!(io.has_ended(0));
        assert_eq!(io.does(), NOTHING, "nobody wants to know");
    }
}

#[test]
fn two_endings_at_once_are_a_mistake() {
    let mut io = device(&[PARALLEL]);
    io.arrives([1], 0);
    assert!(io.stop(0, Ending::Stop, None));
    assert!(!io.stop(0, Ending::Drain, None));
}

/// A power-managed queue that drains hands nothing out while the device sleeps.
#[test]
fn a_drain_waits_for_power() {
    let mut io = device(&[PARALLEL]);
    io.powered = false;
    io.arrives([1], 0);
    io.stop(0, Ending::Drain, ended());
    assert_eq!(io.does(), NOTHING);
    io.power_up();
    assert_eq!(io.does(), ["0 delivers 1"]);
    assert_eq!(io.completes(1), ["1: S_OK", "0 has ended"]);
}

#[test]
fn the_state_has_a_bit_for_each_fact() {
    let mut io = device(&[SEQUENTIAL]);
    let (accepts, dispatches) = (WdfIoQueueAcceptRequests, WdfIoQueueDispatchRequests);
    let (empty, none) = (WdfIoQueueNoRequests, WdfIoQueueDriverNoRequests);
    assert_eq!(io.bits(0), accepts | dispatches | empty | none);
    io.arrives([1, 2], 0);
    assert_eq!(io.bits(0), accepts | dispatches);
    io.powered = false;
    assert_eq!(io.bits(0), accepts | dispatches | WdfIoQueuePnpHeld);
    io.stop(0, Ending::Stop, None);
    assert_eq!(io.bits(0), accepts | WdfIoQueuePnpHeld);
}

#[test]
fn a_manual_queue_gives_the_next_request_of_a_file() {
    let mut io = device(&[MANUAL]);
    for (id, file) in [(1, Some(10)), (2, Some(20)), (3, None), (4, Some(20))] {
        io.arrive(id, file, 0);
    }
    assert_eq!(io.does(), NOTHING);
    assert_eq!(io.retrieve(0, Some(20)), Ok(2));
    assert_eq!(io.retrieve(0, None), Ok(1), "the others keep their order");
    assert_eq!(io.retrieve(0, Some(20)), Ok(4));
    assert_eq!(io.retrieve(0, Some(20)), Err(NO_MORE_ITEMS));
    assert_eq!(io.retrieve(0, None), Ok(3));
    assert_eq!(io.retrieve(0, None), Err(NO_MORE_ITEMS));
}

#[test]
fn a_queue_gives_nothing_while_it_is_stopped_or_the_device_sleeps() {
    let mut io = device(&[MANUAL, PARALLEL]);
    io.arrives([1], 0);
    assert_eq!(io.retrieve(1, None), Err(INVALID_DEVICE_STATE));
    io.powered = false;
    assert_eq!(io.retrieve(0, None), Err(WDF_PAUSED));
    io.power_up();
    io.stop(0, Ending::Stop, None);
    assert_eq!(io.retrieve(0, None), Err(WDF_PAUSED));
    io.start(0);
    assert_eq!(io.retrieve(0, None), Ok(1));
}

/// Page: nf-wudfddi-iwdfioqueue-retrievenextrequest, of a sequential queue.
#[test]
fn the_next_request_of_a_sequential_queue_comes_after_all_that_the_driver_has() {
    let mut io = device(&[SEQUENTIAL]);
    io.arrives([1, 2, 3], 0);
    assert_eq!(io.retrieve(0, None), Ok(2));
    assert_eq!(io.completes(1), ["1: S_OK"]);
    assert_eq!(io.requeue(2), Err(INVALID_OPERATION), "it is not manual");
    assert_eq!(io.completes(2), ["2: S_OK", "0 delivers 3"]);
}

#[test]
fn a_requeued_request_is_the_first_again() {
    let mut io = device(&[MANUAL]);
    io.queues[0].tells_state = true;
    assert_eq!(io.arrives([1, 2], 0), ["0 is no longer empty"]);
    assert_eq!(io.retrieve(0, None), Ok(1));
    assert_eq!(io.requeue(1), Ok(()));
    assert_eq!(io.retrieve(0, None), Ok(1));
    assert_eq!(io.retrieve(0, None), Ok(2));
    assert_eq!(io.requeue(2), Ok(()));
    assert_eq!(io.does(), NOTHING, "the driver knows of it");
    assert_eq!(io.completes(1), ["1: S_OK"]);
    assert_eq!(io.arrives([3], 0), NOTHING, "it was not empty");
}

#[test]
fn a_forwarded_request_makes_room_and_is_the_last_of_the_other_queue() {
    let mut io = device(&[SEQUENTIAL, SEQUENTIAL, MANUAL]);
    io.arrives([1, 2], 0);
    io.arrives([3, 4], 1);
    assert_eq!(io.forward(1, 1), Ok(()));
    assert_eq!(io.does(), ["0 delivers 2"]);
    assert_eq!(io.completes(3), ["3: S_OK", "1 delivers 4"]);
    assert_eq!(io.completes(4), ["4: S_OK", "1 delivers 1"]);
    assert_eq!(io.forward(1, 2), Ok(()), "and on to a manual one");
    assert_eq!(io.retrieve(2, None), Ok(1));
    assert_eq!(io.forward(1, 0), Err(INVALID_OPERATION), "it was retrieved");
    assert_eq!(io.owner(1), Owner::Driver);
}

#[test]
fn a_request_is_not_forwarded_where_it_is_not_taken() {
    let mut io = device(&[PARALLEL, PARALLEL]);
    io.arrives([1], 0);
    assert_eq!(io.forward(1, 0), Err(INVALID_OPERATION), "its own queue");
    io.stop(1, Ending::Drain, None);
    assert_eq!(io.forward(1, 1), Err(INVALID_DEVICE_STATE));
    io.stop(1, Ending::Stop, None);
    assert_eq!(io.forward(1, 1), Ok(()), "it takes requests again");
    assert_eq!(io.does(), NOTHING);
    assert_eq!(io.owner(1), Owner::Queue);
}

/// Page: wdf/canceling-i-o-requests-umdf: the driver is told of what it has put into the queue.
#[test]
fn what_is_cancelled_in_a_queue_is_the_drivers_if_it_has_put_it_there() {
    let mut io = device(&[PARALLEL, MANUAL]);
    io.queues[1].tells_canceled = true;
    io.arrives([1, 2], 0);
    io.arrives([3], 1);
    io.forward(1, 1).unwrap();
    io.cancel(1);
    assert_eq!(io.does(), ["1 was cancelled in 1"]);
    assert_eq!(io.completes(1), ["1: S_OK"]);
    io.cancel(2);
    assert_eq!(
        io.does(),
        NOTHING,
        "the driver has it, and it is not marked"
    );
    io.forward(2, 1).unwrap();
    assert_eq!(io.does(), ["2 was cancelled in 1"]);
    io.cancel(3);
    assert_eq!(io.does(), ["3: ERROR_OPERATION_ABORTED"]);
}

#[test]
fn a_marked_request_is_cancelled_once() {
    let mut io = device(&[PARALLEL]);
    io.arrives([1, 2], 0);
    // Both live, so that they are told apart.
    let callbacks = [cancel(), cancel()];
    assert!(io.mark(1, callbacks[0].clone()));
    assert_eq!(io.unmark(1), S_OK);
    io.cancel(1);
    assert_eq!(io.does(), NOTHING, "it is not marked");
    assert!(!io.mark(1, callbacks[1].clone()), "another than before");
    assert_eq!(io.does(), ["cancel 1"], "as soon as it is marked");
    io.cancel(1);
    assert_eq!(io.does(), NOTHING);
    assert_eq!(io.may_give(1), Err(Wrong::Cancelable));
    assert_eq!(io.complete(1, S_OK, 0), Err(Wrong::Cancelable));
    assert_eq!(io.does(), ["1: S_OK"], "it has ended all the same");
    assert!(!io.enter_on_cancel(1), "so OnCancel does not come");
    assert_eq!(io.unmark(1), OPERATION_ABORTED);
}

#[test]
fn a_request_that_the_driver_keeps_is_resumed() {
    let mut io = device(&[PARALLEL, PARALLEL]);
    io.queues[1].power_managed = false;
    io.arrives([1, 2, 3], 0);
    io.arrives([4], 1);
    assert!(!io.acknowledge(1, false), "nobody has asked");
    assert!(io.mark(2, cancel()));
    io.powered = false;
    io.ask_to_stop(0, WdfRequestStopActionSuspend);
    let cancelable = WdfRequestStopActionSuspend | WdfRequestStopRequestCancelable;
    let flags = [
        WdfRequestStopActionSuspend,
        cancelable,
        WdfRequestStopActionSuspend,
    ];
    let stop = |id: usize| format!("stop {id} of 0, {:#x}", flags[id - 1]);
    assert_eq!(io.does(), [1, 2, 3].map(stop));
    assert!(!io.has_stopped());
    assert!(io.acknowledge(2, false));
    assert!(io.acknowledge(3, true), "given back");
    assert_eq!(io.completes(1), ["1: S_OK"]);
    assert!(io.has_stopped());
    assert_eq!(io.arrives([5], 0), NOTHING);
    assert_eq!(io.arrives([6], 1), ["1 delivers 6"]);
    io.power_up();
    assert_eq!(io.does(), ["resume 2 of 0", "0 delivers 3", "0 delivers 5"]);
    io.power_up();
    assert_eq!(io.does(), NOTHING, "once");
}

/// A request that is kept while the device sleeps may end then.
#[test]
fn a_kept_request_ends_while_the_device_sleeps() {
    let mut io = device(&[SEQUENTIAL]);
    io.arrives([1, 2], 0);
    io.powered = false;
    io.ask_to_stop(0, WdfRequestStopActionSuspend);
    assert!(io.acknowledge(1, false));
    io.does();
    assert_eq!(io.completes(1), ["1: S_OK"]);
    io.power_up();
    assert_eq!(io.does(), ["0 delivers 2"]);
}

/// What is on its way when the device goes to sleep goes back, in its order, and comes once.
#[test]
fn a_delivery_that_has_not_come_goes_back() {
    let mut io = device(&[PARALLEL]);
    for id in [1, 2, 3] {
        io.arrive(id, None, 0);
    }
    assert!(io.delivers(0, 1));
    assert_eq!(io.complete(2, S_OK, 0), Err(Wrong::NotOwned));
    io.powered = false;
    io.take_back(0);
    io.ask_to_stop(0, WdfRequestStopActionSuspend);
    let stop = format!("stop 1 of 0, {WdfRequestStopActionSuspend:#x}");
    assert_eq!(io.does(), [stop]);
    assert_eq!((io.waiting(0), io.owned(0)), (2, 1));
    io.power_up();
    assert_eq!(io.does(), ["0 delivers 2", "0 delivers 3"]);
}

#[test]
fn a_delivery_that_has_not_come_is_cancelled() {
    let mut io = device(&[SEQUENTIAL]);
    io.arrive(1, None, 0);
    io.arrive(2, None, 0);
    io.cancel(1);
    assert_eq!(io.does(), ["1: ERROR_OPERATION_ABORTED", "0 delivers 2"]);
}

/// What waits and what is marked is cancelled when the file is closed; it is released after the last of its requests.
#[test]
fn a_file_is_released_after_its_last_request() {
    let mut io = device(&[SEQUENTIAL, PARALLEL]);
    for (id, queue) in [(1, 0), (2, 0), (3, 1)] {
        io.arrive(id, Some(10), queue);
    }
    io.arrive(4, Some(20), 1);
    io.does();
    assert!(io.mark(3, cancel()));
    io.close(10);
    assert_eq!(io.does(), ["2: ERROR_OPERATION_ABORTED", "cancel 3"]);
    assert!(io.enter_on_cancel(3));
    assert_eq!(io.completes(3), ["3: S_OK"]);
    assert_eq!(io.completes(1), ["1: S_OK", "close file 10"]);
    io.close(30);
    assert_eq!(io.does(), ["close file 30"], "it has none");
}

#[test]
fn no_request_gets_into_a_device_that_goes() {
    let mut io = device(&[PARALLEL]);
    io.removed = true;
    assert_eq!(io.arrives([1], 0), ["1: ERROR_NO_SUCH_DEVICE"]);
    assert_eq!(io.owner(1), Owner::Ended);
    assert_eq!(io.complete(1, S_OK, 0), Err(Wrong::Ended));
}

#[test]
fn kinds_go_to_their_queue_or_the_default_one() {
    let mut io = device(&[PARALLEL, PARALLEL]);
    assert_eq!(io.queue_for(WdfRequestRead), None);
    io.default = Some(0);
    io.dispatched.insert(WdfRequestRead, 1);
    assert_eq!(io.queue_for(WdfRequestRead), Some(1));
    assert_eq!(io.queue_for(WdfRequestWrite), Some(0));
}

/// A request that was sent is the target's: it is cancelled there, and the driver may keep it while the device sleeps.
#[test]
fn a_request_that_was_sent_is_not_the_drivers() {
    let mut io = device(&[SEQUENTIAL]);
    io.arrives([1, 2], 0);
    assert!(!io.sent(1), "it was not cancelled before");
    assert_eq!(io.complete(1, S_OK, 0), Err(Wrong::Sent));
    assert_eq!(io.may_give(1), Err(Wrong::Sent));
    io.cancel(1);
    assert_eq!(io.does(), ["cancel 1, which was sent"]);
    io.ask_to_stop(0, WdfRequestStopActionSuspend);
    let stop = format!("stop 1 of 0, {WdfRequestStopActionSuspend:#x}");
    assert_eq!(io.does(), [stop]);
    assert!(io.acknowledge(1, false));
    io.back(1);
    assert_eq!(io.completes(1), ["1: S_OK", "0 delivers 2"]);
}
