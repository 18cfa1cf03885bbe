//! Any order of what drivers, programs and the system do: each request is in one place, ends once, and ends at last.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Move {
    Arrive(QueueId, Option<FileId>),
    Close(FileId),
    Complete(usize),
    Cancel(usize),
    Mark(usize),
    Unmark(usize),
    Forward(usize, QueueId),
    Retrieve(QueueId, Option<FileId>),
    Requeue(usize),
    Start(QueueId),
    Stop(QueueId, Ending),
    PowerDown,
    PowerUp,
    Keep(usize),
    GiveBack(usize),
}

/// A sequential, a parallel and a manual queue.
const QUEUES: [WDF_IO_QUEUE_DISPATCH_TYPE; 3] = [SEQUENTIAL, PARALLEL, MANUAL];

fn any_move() -> impl Strategy<Value = Move> {
    use Move::*;
    let queue = || 0..QUEUES.len();
    let file = || prop::option::of(100..103_u64);
    let ending = prop_oneof![Just(Ending::Stop), Just(Ending::Drain), Just(Ending::Purge)];
    prop_oneof![
        6 => (queue(), file()).prop_map(|(queue, file)| Arrive(queue, file)),
        1 => (100..103_u64).prop_map(Close),
        4 => any::<usize>().prop_map(Complete),
        2 => any::<usize>().prop_map(Cancel),
        2 => any::<usize>().prop_map(Mark),
        1 => any::<usize>().prop_map(Unmark),
        2 => (any::<usize>(), queue()).prop_map(|(of, queue)| Forward(of, queue)),
        3 => (queue(), file()).prop_map(|(queue, file)| Retrieve(queue, file)),
        2 => any::<usize>().prop_map(Requeue),
        2 => queue().prop_map(Start),
        2 => (queue(), ending).prop_map(|(queue, ending)| Stop(queue, ending)),
        1 => Just(PowerDown),
        1 => Just(PowerUp),
        1 => any::<usize>().prop_map(Keep),
        1 => any::<usize>().prop_map(GiveBack),
    ]
}

/// The I/O of a device, and what has come of it.
struct Model {
    io: Io,
    next: RequestId,
    /// What each queue's requests are cancelled by.
    cancel: Agile<IRequestCallbackCancel>,
    ended: BTreeSet<RequestId>,
    endings: [usize; 3],
}

impl Model {
    /// Does what is to be done; the driver completes in OnCancel and OnIoCanceledOnQueue.
    fn settle(&mut self) {
        loop {
            let steps = std::mem::take(&mut self.io.steps);
            if steps.is_empty() {
                break;
            }
            for step in steps {
                self.perform(step);
            }
        }
        self.check();
    }

    fn perform(&mut self, step: Step) {
        match step {
            Step::Deliver(queue, id) => {
                if self.io.delivers(queue, id) {
                    assert_ne!(QUEUES[queue], MANUAL, "manual queues wait");
                    self.io.delivered(id);
                }
            }
            Step::Cancel(id, _) => {
                if self.io.enter_on_cancel(id) {
                    assert_eq!(self.io.complete(id, OPERATION_ABORTED, 0), Ok(()));
                }
            }
            Step::CanceledOnQueue(_, id) => {
                assert_eq!(self.io.complete(id, OPERATION_ABORTED, 0), Ok(()));
            }
            Step::End(id, ..) => assert!(self.ended.insert(id), "{id} ends twice"),
            Step::StateChange(queue, Some(_)) => self.endings[queue] -= 1,
            Step::StateChange(..) | Step::Stop(..) | Step::Resume(..) => {}
            Step::Close(_) | Step::CancelSent(_) => {}
        }
    }

    /// Each request is in one place, and queues hand out as they should.
    fn check(&self) {
        let io = &self.io;
        for (queue, state) in io.queues.iter().enumerate() {
            for id in &state.waiting {
                let request = &io.requests[id];
                assert_eq!((request.owner, request.queue), (Owner::Queue, queue));
            }
            let distinct: BTreeSet<_> = state.waiting.iter().collect();
            assert_eq!(distinct.len(), state.waiting.len());
            let idle = match state.dispatch {
                SEQUENTIAL => io.owned(queue) > 0,
                PARALLEL => false,
                _ => true,
            };
            assert!(
                idle || !io.runs(state) || state.waiting.is_empty(),
                "{queue} could hand something out"
            );
            let (waiting, owned) = (io.waiting(queue), io.owned(queue));
            let is_over = match &state.ending {
                Some((Ending::Stop, _)) => owned == 0,
                Some(_) => owned + waiting == 0,
                None => false,
            };
            assert!(!is_over, "{queue} has ended, and nobody was told");
        }
        for (id, request) in &io.requests {
            let waits = io.queues[request.queue].waiting.contains(id);
            assert_eq!(waits, request.owner == Owner::Queue, "{id}");
            assert!(!self.ended.contains(id));
            assert!(!waits || !request.cancel_requested, "{id} is cancelled");
        }
    }

    /// One of the requests that the driver has.
    fn owned(&self, index: usize) -> Option<RequestId> {
        let owned = |entry: &(&RequestId, &RequestState)| entry.1.owner == Owner::Driver;
        let ids: Vec<_> = self.io.requests.iter().filter(owned).collect();
        ids.get(index.checked_rem(ids.len())?).map(|entry| *entry.0)
    }

    fn make(&mut self, step: Move) -> Option<()> {
        match step {
            Move::Arrive(queue, file) => {
                self.io.arrive(self.next, file, queue);
                self.next += 1;
            }
            Move::Close(file) => self.io.close(file),
            Move::Complete(index) => {
                let id = self.owned(index)?;
                if self.io.requests[&id].is_cancelable() {
                    assert_eq!(self.io.unmark(id), S_OK);
                }
                assert_eq!(self.io.complete(id, S_OK, 0), Ok(()));
            }
            Move::Cancel(index) => {
                let ids: Vec<_> = self.io.requests.keys().copied().collect();
                self.io.cancel(*ids.get(index.checked_rem(ids.len())?)?);
            }
            Move::Mark(index) => {
                let id = self.owned(index)?;
                if !self.io.requests[&id].is_cancelable() {
                    assert!(self.io.mark(id, self.cancel.clone()));
                }
            }
            Move::Unmark(index) => {
                let id = self.owned(index)?;
                assert_eq!(self.io.unmark(id), S_OK, "OnCancel would have had it");
            }
            Move::Forward(index, queue) => {
                let id = self.owned(index)?;
                self.io.may_give(id).ok()?;
                let before = self.io.requests[&id].queue;
                if self.io.forward(id, queue).is_err() {
                    let request = &self.io.requests[&id];
                    assert_eq!((request.owner, request.queue), (Owner::Driver, before));
                }
            }
            Move::Retrieve(queue, file) => {
                let id = self.io.retrieve(queue, file).ok()?;
                let request = &self.io.requests[&id];
                assert_eq!(request.owner, Owner::Driver);
                assert!(file.is_none() || request.file == file);
            }
            Move::Requeue(index) => {
                let id = self.owned(index)?;
                self.io.may_give(id).ok()?;
                let queue = self.io.requests[&id].queue;
                if self.io.requeue(id).is_ok() && self.io.owner(id) == Owner::Queue {
                    assert_eq!(self.io.queues[queue].waiting.front(), Some(&id));
                }
            }
            Move::Start(queue) => self.io.start(queue),
            // A driver waits for the last one.
            Move::Stop(queue, _) if !self.io.has_ended(queue) => {}
            Move::Stop(queue, ending) => {
                self.endings[queue] += 1;
                assert!(self.io.stop(queue, ending, ended()));
            }
            Move::PowerDown => {
                self.io.powered = false;
                for queue in 0..QUEUES.len() {
                    self.io.take_back(queue);
                    self.io.ask_to_stop(queue, WdfRequestStopActionSuspend);
                }
            }
            Move::PowerUp => self.io.power_up(),
            Move::Keep(index) => drop(self.io.acknowledge(self.owned(index)?, false)),
            Move::GiveBack(index) => {
                let id = self.owned(index)?;
                self.io.may_give(id).ok()?;
                self.io.acknowledge(id, true);
            }
        }
        Some(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_request_is_in_one_place_and_ends_once(
        moves in vec(any_move(), 0..80),
        tells_canceled in any::<bool>(),
    ) {
        let mut model = Model {
            io: device(&QUEUES),
            next: 1,
            cancel: cancel(),
            ended: BTreeSet::new(),
            endings: [0; 3],
        };
        for queue in &mut model.io.queues {
            queue.tells_canceled = tells_canceled;
        }
        for step in moves {
            model.make(step);
            model.settle();
        }
        // The device is removed.
        model.io.power_up();
        model.io.removed = true;
        for queue in 0..QUEUES.len() {
            model.io.cancel_queued(queue);
            model.settle();
            model.io.ask_to_stop(queue, WdfRequestStopActionPurge);
            model.settle();
            while model.owned(0).is_some() {
                model.make(Move::Complete(0));
                model.settle();
            }
            // OnCancel may give nothing back, and OnIoCanceledOnQueue neither.
        }
        for queue in 0..QUEUES.len() {
            model.io.cancel_queued(queue);
            model.settle();
        }
        prop_assert_eq!(model.ended.len() as RequestId, model.next - 1);
        prop_assert_eq!(model.endings, [0; 3], "each Stop, Drain and Purge has ended");
    }
}
